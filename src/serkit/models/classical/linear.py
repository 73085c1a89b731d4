"""Linear pipelines in pure NumPy, with the same predictions as scikit-learn's.

Importing scikit-learn takes seconds; predicting with a logistic regression is one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.models.classical.skops_file import SavedObject, UnfamiliarNode, read_skops
from serkit.models.probabilities import softmax

Matrix = npt.NDArray[Any]


@dataclass(frozen=True)
class Scale:
    """Columns shifted and divided: ``StandardScaler``."""

    mean: Matrix
    scale: Matrix

    def __call__(self, matrix: Matrix) -> Matrix:
        """Return the columns scaled, in the type that they have."""
        shifted = matrix - self.mean.astype(matrix.dtype)
        return np.asarray(shifted / self.scale.astype(matrix.dtype))


@dataclass(frozen=True)
class Limit:
    """Values beyond a limit brought to it: :class:`serkit.models.classical.steps.Clip`."""

    limit: float

    def __call__(self, matrix: Matrix) -> Matrix:
        """Return the values clipped."""
        return np.clip(matrix, -self.limit, self.limit)


@dataclass(frozen=True)
class Keep:
    """Some of the columns: :class:`serkit.models.classical.steps.TellingColumns`."""

    columns: Matrix

    def __call__(self, matrix: Matrix) -> Matrix:
        """Return the columns that are kept."""
        return np.asarray(matrix[:, self.columns])


@dataclass(frozen=True)
class Rotate:
    """Scaled principal axes: :class:`serkit.models.classical.steps.ShrunkWhitening`."""

    mean: Matrix
    components: Matrix

    def __call__(self, matrix: Matrix) -> Matrix:
        """Return the columns rotated and scaled, shape ``(n, axes)``."""
        return np.asarray((matrix.astype(np.float64) - self.mean) @ self.components.T)


Stage = Scale | Limit | Keep | Rotate


@dataclass(frozen=True)
class LinearPipeline:
    """A fitted pipeline whose last step is linear, of three classes or more.

    Attributes:
        stages: Transformations of the columns, in order.
        coef_: Shape ``(classes, columns)``.
        intercept_: Shape ``(classes,)``.
        classes_: Numbers of the classes, in order.
        one_vs_rest: Whether probabilities are those of one model a class, not a softmax.
    """

    stages: tuple[Stage, ...]
    coef_: Matrix
    intercept_: Matrix
    classes_: npt.NDArray[np.int64]
    one_vs_rest: bool = False

    def decision_function(self, matrix: Matrix) -> Matrix:
        """Return decision values, shape ``(n, classes)``."""
        for stage in self.stages:
            matrix = stage(matrix)
        return np.asarray(matrix @ self.coef_.T + self.intercept_)

    def predict_proba(self, matrix: Matrix) -> Matrix:
        """Return probabilities, shape ``(n, classes)``."""
        values = self.decision_function(matrix)
        if self.one_vs_rest:
            found = (1 + np.tanh(values / 2)) / 2  # the logistic function, without overflow
            return np.asarray(found / found.sum(axis=1, keepdims=True))
        return softmax(values)


def read_linear(content: bytes) -> LinearPipeline | None:
    """Read a saved pipeline; None where it is not made of the steps known here.

    Args:
        content: A skops file.

    Raises:
        zipfile.BadZipFile: It is no archive.
    """
    try:
        saved = read_skops(content)
        *before, last = _steps(saved)
        stages = tuple(stage for step in before for stage in _stages(step))
        return _with_classifier(stages, last)
    except (UnfamiliarNode, KeyError, TypeError, ValueError):
        return None


def _steps(saved: Any) -> Iterator[SavedObject]:
    """Yield a pipeline's steps, those of pipelines inside it in their places."""
    if not isinstance(saved, SavedObject):
        raise UnfamiliarNode(type(saved).__name__)
    if saved.kind != "sklearn.pipeline.Pipeline":
        yield saved
        return
    for _, step in saved["steps"]:
        yield from _steps(step)


def _stages(step: SavedObject) -> Iterator[Stage]:
    if step.kind not in _STAGES:
        raise UnfamiliarNode(step.kind)
    yield from _STAGES[step.kind](step)


def _scale(step: SavedObject) -> Iterator[Stage]:
    if not (step["with_mean"] is True and step["with_std"] is True):
        raise UnfamiliarNode("a scaler of another kind")
    yield Scale(step["mean_"], step["scale_"])


def _nothing(step: SavedObject) -> Iterator[Stage]:
    if step["func"] is not None:
        raise UnfamiliarNode("a function")
    yield from ()


def _rotate(step: SavedObject) -> Iterator[Stage]:
    # Doubled once, not at each product as NumPy would.
    yield Rotate(step["mean_"], step["components_"].astype(np.float64))


_OWN = "serkit.models.classical.steps"
_STAGES: Mapping[str, Callable[[SavedObject], Iterator[Stage]]] = {
    "sklearn.preprocessing._data.StandardScaler": _scale,
    "sklearn.preprocessing._function_transformer.FunctionTransformer": _nothing,
    f"{_OWN}.Clip": lambda step: iter([Limit(step["limit"])]),
    f"{_OWN}.TellingColumns": lambda step: iter([Keep(step["columns_"])]),
    f"{_OWN}.ShrunkWhitening": lambda step: iter(
        [Rotate(step["mean_"], step["components_"].astype(np.float64))]
    ),
}


def _with_classifier(stages: tuple[Stage, ...], last: SavedObject) -> LinearPipeline:
    if last.kind == "sklearn.linear_model._logistic.LogisticRegression":
        coef, intercept, classes = last["coef_"], last["intercept_"], last["classes_"]
    elif last.kind == "sklearn.multiclass.OneVsRestClassifier":
        models = last["estimators_"]
        coef = np.concatenate([each["coef_"] for each in models])
        intercept = np.concatenate([each["intercept_"] for each in models])
        classes = last["label_binarizer_"]["classes_"]
    else:
        raise UnfamiliarNode(last.kind)
    if len(classes) < 3 or len(coef) != len(classes):  # of two, scikit-learn keeps one row
        raise UnfamiliarNode("a classifier of two classes")
    one_vs_rest = last.kind.endswith("OneVsRestClassifier")
    return LinearPipeline(stages, coef, intercept, np.asarray(classes, np.int64), one_vs_rest)

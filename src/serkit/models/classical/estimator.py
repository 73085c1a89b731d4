"""Any scikit-learn estimator as a model: fitted on a training side, saved without pickle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.compute.blas import on_one_blas_thread
from serkit.errors import RunError, UsageError
from serkit.models.classical.choice import inner_folds
from serkit.models.classical.decisions import decisions, widen
from serkit.models.classical.inputs import Inputs
from serkit.models.classical.parameters import InputParameters
from serkit.models.classical.pipeline import MODEL, SklearnModel
from serkit.models.classical.skops_io import skops_io
from serkit.models.clips import ClipData, FoldData, TrainingClips
from serkit.models.facts import FACTS, read_facts, write_facts
from serkit.models.graph import Graph
from serkit.models.probabilities import softmax
from serkit.models.refit import RefitParameters
from serkit.models.trainer import FitContext
from serkit.parameters import Scalar, parameter

Matrix = npt.NDArray[Any]


@dataclass(frozen=True)
class EstimatorParameters(InputParameters, RefitParameters):
    """An estimator's input features and training clips."""

    estimator: str = parameter("", "the estimator, as scikit-learn prints it")


@dataclass(frozen=True)
class EstimatorModel:
    """A fitted estimator.

    Attributes:
        estimator: The estimator; its classes are emotion numbers.
        inputs: Its input features.
        classes: How many classes there are, also where not all of them were trained on.
        fitted_clips: How many clips it was fitted on; None once it was saved and loaded.
        unsaved: Why the estimator cannot be kept; empty where it can.
    """

    estimator: Any
    inputs: Inputs
    classes: int
    fitted_clips: int | None = None
    unsaved: str = ""
    chosen: Mapping[str, Scalar] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """How many numbers were fitted: those in its arrays, down to the last step."""
        return max(1, count_numbers(self.estimator))

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for readers of the run."""
        return (f"the model is not kept: {self.unsaved}",) if self.unsaved else ()

    def predict(self, data: ClipData) -> npt.NDArray[np.float64]:
        """Return probabilities, shape ``(n, classes)``; classes never trained on get 0."""
        found = answers(self.estimator, self.inputs.matrix(data))
        return widen(found, self.estimator.classes_, self.classes)

    def to_onnx(self, graph: Graph) -> str:
        """Add the estimator to an ONNX graph; see :class:`serkit.models.graph.Exportable`."""
        from serkit.models.classical import onnx

        decisions = not hasattr(self.estimator, "predict_proba")
        matrix, trained = self.inputs.in_graph(graph), self.estimator.classes_
        values = onnx.estimator_values(graph, self.estimator, matrix, decisions=decisions)
        if decisions:
            values = onnx.softmax_of_decisions(graph, values, len(trained), 1.0)
        return onnx.widened(graph, values, trained, self.classes)

    def save(self, folder: Path) -> None:
        """Write the estimator with skops if possible, and its inputs as JSON."""
        if not self.unsaved:
            skops_io().dump(self.estimator, folder / MODEL)
        facts = {
            **self.inputs.facts,
            "chosen": dict(self.chosen),
            "temperature": None,
            "classes": self.classes,
            "unsaved": self.unsaved,
        }
        write_facts(folder / FACTS, facts)


def load(folder: Path) -> EstimatorModel:
    """Read a model that :meth:`EstimatorModel.save` wrote.

    Raises:
        RunError: The estimator could not be kept, the facts are missing or damaged, or the
            estimator's file holds types that scikit-learn's own models do not.
    """
    facts = read_facts(folder / FACTS)
    if facts["unsaved"]:
        raise RunError(
            f"the model in {folder} was not kept: {facts['unsaved']}",
            hint="its predictions are; linear models and support vector machines can be kept",
        )
    model = SklearnModel.load(folder)
    return EstimatorModel(model.estimator, model.inputs, model.classes, chosen=model.chosen)


def check_estimator(estimator: object) -> None:
    """Reject estimators that are not classifiers.

    Raises:
        UsageError: It has no ``fit``, ``predict`` and ``get_params``, or is a class.
    """
    lacking = [name for name in ("fit", "predict", "get_params") if not hasattr(estimator, name)]
    if lacking or isinstance(estimator, type):
        what = "a class" if isinstance(estimator, type) else f"it has no {lacking[0]}()"
        raise UsageError(
            f"model = {estimator!r} is not an estimator: {what}",
            allowed="the name of a model is allowed, or a scikit-learn estimator or pipeline",
            hint="see 'serkit models'",
        )


def description(estimator: object) -> str:
    """Return an estimator's non-default parameters on one line, as scikit-learn prints it."""
    return " ".join(repr(estimator).split())


@on_one_blas_thread
def fit(
    estimator: Any, fold: FoldData, parameters: EstimatorParameters, context: FitContext
) -> EstimatorModel:
    """Fit a copy of an estimator on a fold's training side.

    Every ``random_state`` that is None gets the seed. Every ``cv`` that is None or a number becomes
    the inner folds by speaker, and one that has groups gets the speakers as groups: a search never
    chooses on a speaker that it has fitted.

    Args:
        estimator: The estimator; it is not modified.
        fold: The training side.
        parameters: Its inputs, and whether to fit on validation clips too.
        context: Seed and progress.
    """
    from sklearn.base import clone

    inputs, data = Inputs.of(parameters), parameters.fitted_side(fold)
    matrix, labels = inputs.training_matrix(data), data.labels
    copy = clone(estimator)
    copy.set_params(**_settled(copy, matrix, data, context.seed))
    context.progress(0, 1, "fitting")
    copy.fit(matrix, labels)
    return EstimatorModel(
        copy,
        inputs,
        len(fold.labels),
        len(data),
        _why_unsaved(copy),
        _chosen(getattr(copy, "best_params_", {})),
    )


def answers(estimator: Any, matrix: Matrix) -> Matrix:
    """Return an estimator's class probabilities, or the best approximation."""
    if hasattr(estimator, "predict_proba"):
        return np.asarray(estimator.predict_proba(matrix), np.float64)
    if hasattr(estimator, "decision_function"):
        return softmax(decisions(estimator, matrix))
    picked = np.searchsorted(estimator.classes_, estimator.predict(matrix))
    return np.asarray(np.eye(len(estimator.classes_))[picked])


def _settled(estimator: Any, matrix: Matrix, data: TrainingClips, seed: int) -> dict[str, Any]:
    """Return parameters that must be set before fitting: seeds, and inner folds by speaker."""
    found: dict[str, Any] = {}
    for name, value in estimator.get_params(deep=True).items():
        last = name.rpartition("__")[2]
        if last == "random_state" and value is None:
            found[name] = seed
        if last == "cv" and (value is None or isinstance(value, int)):
            found[name] = list(inner_folds(data.labels, data.speakers))
        elif last == "cv" and hasattr(value, "split"):
            found[name] = list(value.split(matrix, data.labels, data.speakers))
    return found


def _chosen(best: Mapping[str, Any]) -> dict[str, Scalar]:
    """Return the values selected by a search; non-scalar values are described."""
    plain = (str, int, float, type(None))
    return {k: v if isinstance(v, plain) else description(v) for k, v in best.items()}


def _why_unsaved(estimator: Any) -> str:
    """Return why skops cannot hold an estimator, or loading it would have to trust strangers."""
    skops = skops_io()
    try:
        foreign = skops.get_untrusted_types(data=skops.dumps(estimator))
    except Exception as error:  # skops raises whatever the object in hand does
        return f"skops cannot hold it ({type(error).__name__})"
    return f"it holds {foreign[0]}, which skops does not trust" if foreign else ""


def count_numbers(estimator: Any) -> int:
    """Count an estimator's fitted numbers: arrays in attributes that end in ``_``.

    Example:
        >>> from types import SimpleNamespace
        >>> count_numbers(SimpleNamespace(coef_=np.ones((2, 3)), steps=[]))
        6
    """
    steps = [step for _, step in getattr(estimator, "steps", [])]
    inner = getattr(estimator, "best_estimator_", None)
    if inner is not None or steps:
        return sum(count_numbers(each) for each in ([inner] if inner is not None else steps))
    learned = (
        value
        for name, value in getattr(estimator, "__dict__", {}).items()
        if name.endswith("_") and name != "classes_"
    )
    return sum(value.size for value in learned if isinstance(value, np.ndarray))

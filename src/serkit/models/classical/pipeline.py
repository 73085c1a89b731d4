"""Shared code of scikit-learn trainers: inner selection by speaker, probabilities, safe files."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.compute.blas import one_blas_thread
from serkit.errors import RunError, TrainingError
from serkit.evaluation.metrics import uar
from serkit.labels import UNRECORDED
from serkit.models.classical.linear import read_linear
from serkit.models.classical.parameters import (
    InputParameters,
    PreprocessingParameters,
    SpeakerParameters,
)
from serkit.models.clips import ClipData, TrainingClips
from serkit.models.copies import with_copies
from serkit.models.graph import Graph, cannot_export
from serkit.models.moved import skops_of_today
from serkit.parameters import Scalar
from serkit.progress import Count

Matrix = npt.NDArray[Any]
Labels = npt.NDArray[np.int64]

INNER_FOLDS = 4
"""Inner folds by speaker for choosing C and other hyperparameters."""

_OWN_TYPES = ["serkit.models.classical.steps.Clip", "serkit.models.classical.steps.ShrunkWhitening"]
"""Types allowed in saved models in addition to scikit-learn's."""

MODEL = "model.skops"
FACTS = "model.json"


@dataclass(frozen=True)
class Inputs:
    """Inputs of a classical model.

    Attributes:
        features: Names of features, each clip flattened to a row.
        columns: Additional numeric metadata columns.
        layer: Of a feature of shape ``(layers, units)``, the layer that is read; None reads all.
        by_speaker: Whether every speaker's clips are standardised by that speaker's own mean and
            deviation.
    """

    features: tuple[str, ...]
    columns: tuple[str, ...] = ()
    layer: int | None = None
    by_speaker: bool = False

    @classmethod
    def of(cls, parameters: InputParameters) -> Inputs:
        """Return the inputs that parameters select.

        Raises:
            UsageError: They name no feature.
        """
        by_speaker = isinstance(parameters, SpeakerParameters) and parameters.by_speaker
        return cls(parameters.feature_names, parameters.column_names, by_speaker=by_speaker)

    def training_matrix(self, data: TrainingClips) -> Matrix:
        """Read clips as recorded, then all of them in each of their voices, below each other."""
        copies = (data.matrix(self.features, self.columns, voice=voice) for voice in data.voices)
        blocks = [self._read(data), *copies]
        if self.by_speaker:  # another voice is another speaker
            blocks = [_standardised(block, data.speakers) for block in blocks]
        return np.concatenate(blocks)

    def matrix(self, data: ClipData) -> Matrix:
        """Read them, shape ``(n, columns)``; by speaker, all of them count as one speaker's."""
        matrix = self._read(data)
        if self.by_speaker:
            return _standardised(matrix, np.zeros(len(matrix), np.int64))
        return matrix

    def in_graph(self, graph: Graph) -> str:
        """Read them in an ONNX graph; returns the matrix's name, float64.

        Raises:
            RunError: Of these inputs a graph reads none.
        """
        if self.layer is not None or self.by_speaker:
            what = "one layer of an encoder" if self.layer is not None else "a speaker's clips"
            raise cannot_export("a model", f"it reads {what}")
        return graph.matrix(self.features, self.columns)

    def _read(self, data: ClipData) -> Matrix:
        if self.layer is not None:
            return np.ascontiguousarray(data.read(self.features[0]).X[:, self.layer])
        return data.matrix(self.features, self.columns)


@dataclass(frozen=True)
class SklearnModel:
    """A fitted scikit-learn pipeline.

    Attributes:
        estimator: The pipeline; its classes are numbers of emotions.
        inputs: Its inputs.
        classes: How many emotions there are, also where it was trained on fewer.
        chosen: Values chosen on inner validation speakers.
        temperature: Divides decision values before the softmax; None if the pipeline predicts
            probabilities.
        fitted_clips: How many clips it was fitted on; None once it was saved and loaded.
        settings_tried: How many settings were compared; None once it was saved and loaded.
        saved: The file that it was read from, which is written again as it is: a pipeline that was
            read without scikit-learn cannot be written by skops. None where it was just fitted.
    """

    estimator: Any
    inputs: Inputs
    classes: int
    chosen: Mapping[str, Scalar] = field(default_factory=dict)
    temperature: float | None = None
    fitted_clips: int | None = None
    settings_tried: int | None = None
    saved: bytes | None = field(default=None, repr=False, compare=False)

    @property
    def parameters(self) -> int:
        """How many numbers were fitted in the last step."""
        return count_parameters(self.estimator)

    def predict(self, data: ClipData) -> npt.NDArray[np.float64]:
        """Return probabilities, shape ``(n, classes)``; emotions never trained on get 0."""
        matrix = self.inputs.matrix(data)
        with one_blas_thread():
            if self.temperature is None:
                found = self.estimator.predict_proba(matrix)
            else:
                found = softmax(decisions(self.estimator, matrix) / self.temperature)
        return widen(found, self.estimator.classes_, self.classes)

    def to_onnx(self, graph: Graph) -> str:
        """Add the pipeline to an ONNX graph; see :class:`serkit.models.graph.Exportable`."""
        from serkit.models.classical import onnx

        values = onnx.estimator_values(
            graph,
            self._of_scikit_learn,
            self.inputs.in_graph(graph),
            decisions=self.temperature is not None,
        )
        trained = self.estimator.classes_
        if self.temperature is not None:
            values = onnx.softmax_of_decisions(graph, values, len(trained), self.temperature)
        return onnx.widened(graph, values, trained, self.classes)

    @property
    def _of_scikit_learn(self) -> Any:
        """The pipeline itself, also where it was read as plain numbers."""
        if self.saved is None:
            return self.estimator
        return _load_skops(self.saved, Path(MODEL))

    def save(self, folder: Path) -> None:
        """Write the pipeline with skops (no pickle) and the rest as JSON."""
        if self.saved is None:
            skops_io().dump(self.estimator, folder / MODEL)
        else:
            (folder / MODEL).write_bytes(self.saved)
        facts = {
            "features": self.inputs.features,
            "columns": self.inputs.columns,
            "layer": self.inputs.layer,
            "by_speaker": self.inputs.by_speaker,
            "classes": self.classes,
            "chosen": dict(self.chosen),
            "temperature": self.temperature,
        }
        (folder / FACTS).write_text(json.dumps(facts, indent=1))

    @classmethod
    def load(cls, folder: Path) -> SklearnModel:
        """Read a model that :meth:`save` wrote.

        Raises:
            RunError: The file holds types that scikit-learn's own models do not.
        """
        facts = json.loads((folder / FACTS).read_text())
        content = skops_of_today(folder / MODEL)
        estimator = read_linear(content) or _load_skops(content, folder / MODEL)
        inputs = Inputs(
            tuple(facts["features"]),
            tuple(facts["columns"]),
            facts.get("layer"),
            bool(facts.get("by_speaker")),
        )
        classes = int(facts.get("classes", len(UNRECORDED)))
        chosen, temperature = facts["chosen"], facts["temperature"]
        return cls(estimator, inputs, classes, chosen, temperature, saved=content)


@dataclass(frozen=True)
class Choice:
    """A setting chosen on inner folds.

    Attributes:
        values: The setting.
        uar: Its UAR over the inner folds' validation clips.
        decisions: Its decision values on them, shape ``(n, classes)``.
    """

    values: Mapping[str, Scalar]
    uar: float
    decisions: Matrix


def choose(
    grid: Sequence[Mapping[str, Scalar]],
    prepare: Callable[[], Any],
    build: Callable[[Mapping[str, Scalar]], Any],
    data: TrainingClips,
    matrix: Matrix,
    step: Count,
) -> Choice:
    """Choose a setting by UAR on held-out speakers.

    Args:
        grid: Settings; of equal ones the first is taken, so the plainest should come first.
        prepare: Makes the unfitted preprocessing; fitted once an inner fold, for all settings.
        build: From a setting to an unfitted classifier with ``decision_function``.
        data: The whole training side.
        matrix: What is read of it, shape ``(n, columns)``, or more rows with copies: see
            :meth:`Inputs.training_matrix`. A copy is on its clip's side, and never judged on.
        step: Called as ``progress(done, total)``, in fits.

    Raises:
        TrainingError: Fewer than two speakers to choose on.
    """
    labels, speakers = data.labels, data.speakers
    if len(np.unique(speakers)) < 2:
        raise TrainingError(
            "one speaker cannot be divided into inner folds",
            hint="train on more speakers, or set every parameter by --set",
        )
    folds = list(inner_folds(labels, speakers))
    classes = np.unique(labels)
    found = [np.full((len(labels), len(classes)), -np.inf) for _ in grid]
    for index, (train, validation) in enumerate(folds):
        rows = with_copies(train, len(labels), len(matrix))
        steps = prepare().fit(matrix[rows])
        fitted, held_out = steps.transform(matrix[rows]), steps.transform(matrix[validation])
        for position, values in enumerate(grid):
            model = build(values).fit(fitted, labels[rows % len(labels)])
            columns = np.searchsorted(classes, model.classes_)
            found[position][np.ix_(validation, columns)] = decisions(model, held_out)
            step(index * len(grid) + position + 1, len(grid) * len(folds))
    scores = [
        uar(labels, classes[each.argmax(axis=1)], n_classes=len(data.label_set)) for each in found
    ]
    best = int(np.argmax(scores))
    return Choice(grid[best], scores[best], found[best])


def preprocessing(parameters: PreprocessingParameters) -> Any:
    """Make the unfitted steps before the classifier: scale, clip, whiten."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    from serkit.models.classical.steps import Clip, ShrunkWhitening

    steps: list[Any] = []
    if parameters.scale:
        steps.append(StandardScaler())
    if parameters.clip:
        steps.append(Clip(parameters.clip))
    if parameters.whiten:
        steps.append(ShrunkWhitening(parameters.whiten))
    return make_pipeline(*steps or [FunctionTransformer()])


def _standardised(matrix: Matrix, speakers: npt.NDArray[np.int64]) -> Matrix:
    """Standardise the columns of each speaker's rows; a constant column becomes 0."""
    out = np.empty(matrix.shape, np.float64)
    for speaker in np.unique(speakers):
        mine = speakers == speaker
        rows = matrix[mine].astype(np.float64)
        deviation = rows.std(axis=0)
        out[mine] = (rows - rows.mean(axis=0)) / np.where(deviation > 1e-9, deviation, 1.0)
    return out


@contextmanager
def unconverged() -> Iterator[list[str]]:
    """Keep scikit-learn's warnings that a solver stopped early off the terminal.

    Yields:
        A list that holds them once the block is done; other warnings pass through.
    """
    from sklearn.exceptions import ConvergenceWarning

    found: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        yield found
    for each in caught:
        if issubclass(each.category, ConvergenceWarning):
            found.append(str(each.message))
        else:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)


def _load_skops(content: bytes, path: Path) -> Any:
    skops = skops_io()
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        return skops.loads(content, trusted=_OWN_TYPES)
    except UntrustedTypesFoundException as error:
        raise RunError(f"{path} is not loaded: {error}") from error


def skops_io() -> Any:
    """Import skops.io without PyTorch.

    skops lists scikit-learn's estimators, for which scikit-learn imports all of its modules, one of
    which wraps PyTorch where that is installed: two seconds, and a framework that no pipeline here
    needs. A module that is None cannot be imported, and scikit-learn passes over what cannot. SciPy
    does not: it takes whatever is there for PyTorch, so it comes first.
    """
    import sklearn.base  # noqa: F401  (with it, all of SciPy that scikit-learn needs)

    hidden = "torch" not in sys.modules
    if hidden:
        sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        import skops.io
    finally:
        if hidden:
            sys.modules.pop("torch", None)
    return skops.io


def inner_folds(
    labels: Labels, speakers: npt.NDArray[np.int64], count: int = INNER_FOLDS
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Divide a training side by speaker, emotions balanced; the division is always the same."""
    from sklearn.model_selection import StratifiedGroupKFold

    count = min(count, len(np.unique(speakers)))
    folds = StratifiedGroupKFold(count, shuffle=True, random_state=0)
    with warnings.catch_warnings():  # of emotions that are missing from some of the folds
        warnings.filterwarnings("ignore", message="The least populated class")
        divided = list(folds.split(labels, labels, speakers))
    for train, validation in divided:
        if len(train) and len(validation):
            yield train, validation


def fit_temperature(values: Matrix, labels: Labels) -> float:
    """Return the temperature at which a softmax of decision values has the least log loss."""
    from scipy.optimize import minimize_scalar

    columns = np.searchsorted(np.unique(labels), labels)
    finite = np.where(np.isfinite(values), values, -1e6)

    def loss(log_temperature: float) -> float:
        probabilities = softmax(finite / np.exp(log_temperature))
        picked = probabilities[np.arange(len(labels)), columns]
        return float(-np.log(np.maximum(picked, 1e-12)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-5.0, 5.0), method="bounded").x))


def decisions(estimator: Any, matrix: Matrix) -> Matrix:
    """Return decision values with one column for each class, even where there are two."""
    values = np.asarray(estimator.decision_function(matrix))
    return np.stack([-values, values], axis=1) if values.ndim == 1 else values


def softmax(values: Matrix) -> npt.NDArray[np.float64]:
    """Return each row's softmax."""
    shifted = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), np.float64)


def widen(
    probabilities: Matrix, trained: npt.NDArray[Any], classes: int
) -> npt.NDArray[np.float64]:
    """Spread probabilities of the classes trained on over all of them.

    Args:
        probabilities: Shape ``(n, classes trained on)``.
        trained: The numbers of those.
        classes: How many there are.
    """
    out = np.zeros((len(probabilities), classes))
    out[:, np.asarray(trained, np.int64)] = probabilities
    return np.asarray(out / out.sum(axis=1, keepdims=True))


def count_parameters(estimator: Any) -> int:
    """Return how many numbers a pipeline's last step has fitted."""
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    if hasattr(last, "support_vectors_"):  # kernel machine: support vectors and their weights
        return int(last.support_vectors_.size + last.dual_coef_.size + last.intercept_.size)
    models = getattr(last, "estimators_", [last])
    return int(sum(model.coef_.size + model.intercept_.size for model in models))

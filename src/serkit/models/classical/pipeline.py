"""A fitted scikit-learn pipeline as a model: predicted with, saved and loaded safely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.compute.blas import one_blas_thread
from serkit.labels import UNRECORDED
from serkit.models.classical.decisions import decisions, widen
from serkit.models.classical.inputs import Inputs
from serkit.models.classical.linear import read_linear
from serkit.models.classical.parameters import PreprocessingParameters
from serkit.models.classical.skops_io import load_skops, skops_io
from serkit.models.clips import ClipData
from serkit.models.facts import FACTS, read_facts, write_facts
from serkit.models.graph import Graph
from serkit.models.moved import skops_of_today
from serkit.models.probabilities import softmax
from serkit.parameters import Scalar

Matrix = npt.NDArray[Any]

MODEL = "model.skops"


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
        """The scikit-learn pipeline, even if it was read as plain numbers."""
        if self.saved is None:
            return self.estimator
        return load_skops(self.saved, Path(MODEL))

    def save(self, folder: Path) -> None:
        """Write the pipeline with skops (no pickle) and the rest as JSON."""
        if self.saved is None:
            skops_io().dump(self.estimator, folder / MODEL)
        else:
            (folder / MODEL).write_bytes(self.saved)
        facts = {
            **self.inputs.facts,
            "layer": self.inputs.layer,
            "by_speaker": self.inputs.by_speaker,
            "classes": self.classes,
            "chosen": dict(self.chosen),
            "temperature": self.temperature,
        }
        write_facts(folder / FACTS, facts)

    @classmethod
    def load(cls, folder: Path) -> SklearnModel:
        """Read a model that :meth:`save` wrote.

        Raises:
            RunError: The facts are missing or damaged, or the pipeline's file holds types that
                scikit-learn's own models do not.
        """
        facts = read_facts(folder / FACTS)
        content = skops_of_today(folder / MODEL)
        estimator = read_linear(content) or load_skops(content, folder / MODEL)
        classes = int(facts.get("classes", len(UNRECORDED)))
        chosen, temperature = facts["chosen"], facts["temperature"]
        return cls(estimator, Inputs.of_facts(facts), classes, chosen, temperature, saved=content)


def preprocessing(parameters: PreprocessingParameters) -> Any:
    """Make the unfitted steps before the classifier: scale, clip, select, whiten."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    from serkit.models.classical.steps import Clip, ShrunkWhitening, TellingColumns

    steps: list[Any] = []
    if parameters.scale:
        steps.append(StandardScaler())
    if parameters.clip:
        steps.append(Clip(parameters.clip))
    if parameters.select:
        steps.append(TellingColumns(parameters.select))
    if parameters.whiten:
        steps.append(ShrunkWhitening(parameters.whiten))
    return make_pipeline(*steps or [FunctionTransformer()])


def count_parameters(estimator: Any) -> int:
    """Return how many numbers a pipeline's last step has fitted."""
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    if hasattr(last, "support_vectors_"):  # kernel machine: support vectors and their weights
        return int(last.support_vectors_.size + last.dual_coef_.size + last.intercept_.size)
    models = getattr(last, "estimators_", [last])
    return int(sum(model.coef_.size + model.intercept_.size for model in models))

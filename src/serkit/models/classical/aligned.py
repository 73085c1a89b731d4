"""A linear model of tables and of clips aligned with sentences, saved as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.models.classical.arrays import read_model, write_model
from serkit.models.classical.decisions import widen
from serkit.models.classical.inputs import Inputs
from serkit.models.classical.sentences import Floats, Sentences
from serkit.models.clips import ClipData
from serkit.models.probabilities import softmax
from serkit.parameters import Scalar


@dataclass(frozen=True)
class LinearBlock:
    """Columns scaled, limited and weighted; preprocessing and classifier in one.

    Attributes:
        mean: Shape ``(columns,)``.
        scale: Shape ``(columns,)``.
        limit: Largest absolute value of a scaled column.
        weights: Shape ``(columns, classes)``.
    """

    mean: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]
    limit: float
    weights: npt.NDArray[np.float64]

    def __call__(self, matrix: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return what the columns add to the decision values, shape ``(n, classes)``."""
        scaled = (matrix.astype(np.float64) - self.mean) / self.scale
        return np.asarray(np.clip(scaled, -self.limit, self.limit) @ self.weights)


@dataclass(frozen=True)
class AlignedModel:
    """Logistic regression on tables and on places of sentences.

    Attributes:
        inputs: The tables.
        frames: The feature whose frames are aligned.
        sentences: What they are aligned with.
        table: What the tables add to the decision values.
        places: Weights of the columns of :meth:`Sentences.rows`, shape ``(columns, classes)``.
        intercept: Shape ``(classes,)``.
        trained: Numbers of the emotions trained on, shape ``(classes,)``.
        classes: How many emotions there are, also where it was trained on fewer.
        chosen: What the fit found: how many sentences it knows, whether the solver converged.
        fitted_clips: How many clips it was fitted on; None once it was saved and loaded.
    """

    inputs: Inputs
    frames: str
    sentences: Sentences
    table: LinearBlock
    places: npt.NDArray[np.float64]
    intercept: npt.NDArray[np.float64]
    trained: npt.NDArray[np.int64]
    classes: int
    chosen: Mapping[str, Scalar] = field(default_factory=dict)
    fitted_clips: int | None = None

    @property
    def parameters(self) -> int:
        """How many numbers were fitted: weights, intercepts and templates."""
        templates = sum(each.size for each in self.sentences.templates)
        return self.table.weights.size + self.places.size + self.intercept.size + templates

    @property
    def notes(self) -> tuple[str, ...]:
        """What readers of the run should know."""
        known = len(self.sentences.templates)
        what = "one sentence" if known == 1 else f"{known} sentences"
        return (
            f"text-dependent: it knows {what} of the training clips; of clips that say something "
            "else, only their statistics count",
        )

    def predict(self, data: ClipData) -> npt.NDArray[np.float64]:
        """Return probabilities, shape ``(n, classes)``; emotions never trained on get 0."""
        rows = self.sentences.rows(read_frames(data, self.frames))
        values = self.table(self.inputs.matrix(data)) + rows @ self.places + self.intercept
        return widen(softmax(values), self.trained, self.classes)

    def save(self, folder: Path) -> None:
        """Write the arrays with NumPy (no pickle) and the rest as JSON."""
        templates = {f"template_{i}": each for i, each in enumerate(self.sentences.templates)}
        arrays: dict[str, npt.NDArray[Any]] = {
            "limits": self.sentences.limits,
            "mean": self.sentences.mean,
            "deviation": self.sentences.deviation,
            "table_mean": self.table.mean,
            "table_scale": self.table.scale,
            "table_weights": self.table.weights,
            "places": self.places,
            "intercept": self.intercept,
            "trained": self.trained,
            **templates,
        }
        facts = {
            **self.inputs.facts,
            "frames": self.frames,
            "segments": self.sentences.segments,
            "limit": self.table.limit,
            "classes": self.classes,
            "chosen": dict(self.chosen),
        }
        write_model(folder, arrays, facts)

    @classmethod
    def load(cls, folder: Path) -> AlignedModel:
        """Read a model that :meth:`save` wrote.

        Raises:
            RunError: A file is missing or damaged, or lacks an entry.
        """
        arrays, facts = read_model(folder)
        count = sum(name.startswith("template_") for name in arrays)
        sentences = Sentences(
            tuple(arrays[f"template_{i}"] for i in range(count)),
            arrays["limits"],
            arrays["mean"],
            arrays["deviation"],
            int(facts["segments"]),
        )
        table = LinearBlock(
            arrays["table_mean"], arrays["table_scale"], facts["limit"], arrays["table_weights"]
        )
        return cls(
            Inputs.of_facts(facts),
            facts["frames"],
            sentences,
            table,
            arrays["places"],
            arrays["intercept"],
            arrays["trained"],
            int(facts["classes"]),
            facts["chosen"],
        )


def read_frames(data: ClipData, feature: str, voice: str = "") -> list[Floats]:
    """Read a feature with frames, each clip of shape ``(frames, tracks)``, in its true length."""
    found = data.read(feature, voice=voice, padded=False).X
    return [np.ascontiguousarray(each.T, np.float32) for each in found]

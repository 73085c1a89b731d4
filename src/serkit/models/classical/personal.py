"""A linear model of each speaker it knows, and one that recognises them, saved as plain arrays."""

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
from serkit.models.classical.linear import Limit, Scale
from serkit.models.clips import ClipData
from serkit.models.probabilities import softmax
from serkit.parameters import Scalar

Matrix = npt.NDArray[Any]


@dataclass(frozen=True)
class Voices:
    """Linear models of scaled columns: who speaks, and what each speaker's emotion is.

    Attributes:
        who: Weights that recognise speakers, shape ``(columns, speakers)``.
        who_intercept: Shape ``(speakers,)``.
        weights: Each speaker's weights, shape ``(speakers, columns, classes)``.
        intercepts: Their intercepts, shape ``(speakers, classes)``.
    """

    who: npt.NDArray[np.float64]
    who_intercept: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float32]
    intercepts: npt.NDArray[np.float64]

    def recognise(self, columns: Matrix) -> npt.NDArray[np.float64]:
        """Return decision values of the speakers, shape ``(n, speakers)``."""
        return np.asarray(columns @ self.who + self.who_intercept)

    def judge(self, columns: Matrix) -> npt.NDArray[np.float64]:
        """Return decision values under each speaker's model, ``(speakers, n, classes)``."""
        pairs = zip(self.weights, self.intercepts, strict=True)
        return np.stack([columns @ weights + intercept for weights, intercept in pairs])


def mixed(speakers: Matrix, values: Matrix) -> npt.NDArray[np.float64]:
    """Weight each speaker's decision values with the probability that it is that speaker.

    Args:
        speakers: Decision values of the speakers, shape ``(n, speakers)``.
        values: Shape ``(speakers, n, classes)``.
    """
    return np.asarray(np.einsum("ns,snc->nc", softmax(speakers), values))


@dataclass(frozen=True)
class PersonalModel:
    """Logistic regression that recognises the speaker first.

    Attributes:
        inputs: What it reads.
        scale: Brings the columns to the training clips' mean and deviation.
        limit: Limits them.
        voices: Models of the speakers it knows.
        trained: Numbers of the emotions trained on, shape ``(classes,)``.
        classes: How many emotions there are, also where it was trained on fewer.
        chosen: What the fit found: how many speakers it knows, whether the solver converged.
        fitted_clips: How many clips it was fitted on; None once it was saved and loaded.
    """

    inputs: Inputs
    scale: Scale
    limit: Limit
    voices: Voices
    trained: npt.NDArray[np.int64]
    classes: int
    chosen: Mapping[str, Scalar] = field(default_factory=dict)
    fitted_clips: int | None = None

    @property
    def parameters(self) -> int:
        """How many numbers were fitted."""
        voices = self.voices
        parts = (voices.who, voices.who_intercept, voices.weights, voices.intercepts)
        return sum(each.size for each in parts)

    @property
    def notes(self) -> tuple[str, ...]:
        """What readers of the run should know; the same in each fold, however many it knows."""
        known = "the one speaker" if len(self.voices.weights) == 1 else "one of the speakers"
        return (
            f"made for known voices: it judges a clip as {known} it was trained on, whoever speaks",
        )

    def predict(self, data: ClipData) -> npt.NDArray[np.float64]:
        """Return probabilities, shape ``(n, classes)``; emotions never trained on get 0."""
        columns = self.limit(self.scale(self.inputs.matrix(data).astype(np.float64)))
        values = mixed(self.voices.recognise(columns), self.voices.judge(columns))
        return widen(softmax(values), self.trained, self.classes)

    def save(self, folder: Path) -> None:
        """Write the arrays with NumPy (no pickle) and the rest as JSON."""
        arrays = {
            "mean": self.scale.mean,
            "scale": self.scale.scale,
            "who": self.voices.who,
            "who_intercept": self.voices.who_intercept,
            "weights": self.voices.weights,
            "intercepts": self.voices.intercepts,
            "trained": self.trained,
        }
        facts = {
            **self.inputs.facts,
            "limit": self.limit.limit,
            "classes": self.classes,
            "chosen": dict(self.chosen),
        }
        write_model(folder, arrays, facts)

    @classmethod
    def load(cls, folder: Path) -> PersonalModel:
        """Read a model that :meth:`save` wrote.

        Raises:
            RunError: A file is missing or damaged, or lacks an entry.
        """
        arrays, facts = read_model(folder)
        return cls(
            Inputs.of_facts(facts),
            Scale(arrays["mean"], arrays["scale"]),
            Limit(facts["limit"]),
            Voices(arrays["who"], arrays["who_intercept"], arrays["weights"], arrays["intercepts"]),
            arrays["trained"],
            int(facts["classes"]),
            facts["chosen"],
        )

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
class Recogniser:
    """A linear model of who speaks.

    Attributes:
        weights: Shape ``(columns, speakers)``.
        intercept: Shape ``(speakers,)``.
    """

    weights: npt.NDArray[np.float64]
    intercept: npt.NDArray[np.float64]

    def __call__(self, columns: Matrix) -> npt.NDArray[np.float64]:
        """Return decision values of the speakers, shape ``(n, speakers)``."""
        return np.asarray(columns @ self.weights + self.intercept)


@dataclass(frozen=True)
class Judges:
    """Each speaker's linear model of emotions.

    Attributes:
        weights: Shape ``(speakers, columns, classes)``.
        intercepts: Shape ``(speakers, classes)``.
    """

    weights: npt.NDArray[np.float32]
    intercepts: npt.NDArray[np.float64]

    def mixed(self, columns: Matrix, shares: Matrix) -> npt.NDArray[np.float64]:
        """Return decision values, each speaker's weighted with the probability that it is they.

        Speakers are added one by one: values of all of them at once would take gigabytes for
        thousands.

        Args:
            columns: Shape ``(n, columns)``.
            shares: Probabilities of the speakers, shape ``(n, speakers)``.

        Returns:
            Shape ``(n, classes)``.
        """
        total = np.zeros((len(columns), self.intercepts.shape[1]))
        pairs = zip(self.weights, self.intercepts, strict=True)
        for share, (weights, intercept) in zip(shares.T, pairs, strict=True):
            total += share[:, np.newaxis] * (columns @ weights + intercept)
        return total


@dataclass(frozen=True)
class PersonalModel:
    """Logistic regression that recognises the speaker first.

    Attributes:
        inputs: What it reads.
        scale: Brings the columns to the training clips' mean and deviation.
        limit: Limits them.
        recogniser: Says who of the speakers it knows speaks.
        judges: Models of these speakers' emotions.
        trained: Numbers of the emotions trained on, shape ``(classes,)``.
        classes: How many emotions there are, also where it was trained on fewer.
        chosen: What the fit found: how many speakers it knows, whether the solver converged.
        fitted_clips: How many clips it was fitted on; None once it was saved and loaded.
    """

    inputs: Inputs
    scale: Scale
    limit: Limit
    recogniser: Recogniser
    judges: Judges
    trained: npt.NDArray[np.int64]
    classes: int
    chosen: Mapping[str, Scalar] = field(default_factory=dict)
    fitted_clips: int | None = None

    @property
    def parameters(self) -> int:
        """How many numbers were fitted."""
        who, judges = self.recogniser, self.judges
        parts = (who.weights, who.intercept, judges.weights, judges.intercepts)
        return sum(each.size for each in parts)

    @property
    def notes(self) -> tuple[str, ...]:
        """What readers of the run should know; the same in each fold, however many it knows."""
        known = "the one speaker" if len(self.judges.weights) == 1 else "one of the speakers"
        return (
            f"made for known voices: it judges a clip as {known} it was trained on, whoever speaks",
        )

    def predict(self, data: ClipData) -> npt.NDArray[np.float64]:
        """Return probabilities, shape ``(n, classes)``; emotions never trained on get 0."""
        columns = self.limit(self.scale(self.inputs.matrix(data).astype(np.float64)))
        values = self.judges.mixed(columns, softmax(self.recogniser(columns)))
        return widen(softmax(values), self.trained, self.classes)

    def save(self, folder: Path) -> None:
        """Write the arrays with NumPy (no pickle) and the rest as JSON."""
        arrays = {
            "mean": self.scale.mean,
            "scale": self.scale.scale,
            "who": self.recogniser.weights,
            "who_intercept": self.recogniser.intercept,
            "weights": self.judges.weights,
            "intercepts": self.judges.intercepts,
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
            Recogniser(arrays["who"], arrays["who_intercept"]),
            Judges(arrays["weights"], arrays["intercepts"]),
            arrays["trained"],
            int(facts["classes"]),
            facts["chosen"],
        )

"""What a net knew after each epoch: losses, accuracy, UAR and the recall of each emotion."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.labels import LabelSet

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class EpochStats:
    """How a net stands on some clips.

    Attributes:
        loss: Mean loss in nats.
        counts: Clips by true emotion and predicted one, shape ``(classes, classes)``.
    """

    loss: float
    counts: npt.NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """Share of clips that are right; NaN without clips."""
        total = int(self.counts.sum())
        return float(np.trace(self.counts)) / total if total else float("nan")

    @property
    def recalls(self) -> npt.NDArray[np.float64]:
        """Each emotion's recall; NaN where no clip has it."""
        support = self.counts.sum(axis=1)
        right = np.diag(self.counts).astype(np.float64)
        unknown = np.full(len(right), np.nan)
        return np.asarray(np.divide(right, support, out=unknown, where=support > 0))

    @property
    def uar(self) -> float:
        """Mean recall of the emotions that are there."""
        recalls = self.recalls
        return float(np.nanmean(recalls)) if np.isfinite(recalls).any() else float("nan")

    @classmethod
    def of(
        cls, probabilities: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]
    ) -> EpochStats:
        """Judge probabilities: their cross-entropy, and the most probable emotion."""
        classes = probabilities.shape[1]
        counts = np.zeros((classes, classes), np.int64)
        np.add.at(counts, (labels, probabilities.argmax(axis=1)), 1)
        picked = probabilities[np.arange(len(labels)), labels]
        with np.errstate(divide="ignore"):
            loss = float(-np.log(np.maximum(picked, 1e-12)).mean()) if len(labels) else float("nan")
        return cls(loss, counts)

    def score(self, monitor: str) -> float:
        """Return what it is worth by ``loss``, ``uar`` or ``accuracy``; more is better."""
        if monitor == "loss":
            return -self.loss
        return self.uar if monitor == "uar" else self.accuracy

    def columns(self, side: str, labels: LabelSet) -> dict[str, float]:
        """Return its columns of the history.

        Args:
            side: What their names begin with: ``train`` or ``validation``.
            labels: The classes.
        """
        recalls = {
            f"{side}_recall_{name}": float(value)
            for name, value in zip(labels, self.recalls, strict=True)
        }
        return {
            f"{side}_loss": self.loss,
            f"{side}_accuracy": self.accuracy,
            f"{side}_uar": self.uar,
            **recalls,
        }


@dataclass
class Course:
    """How a training has gone so far.

    Attributes:
        rows: One row for each epoch, see :func:`history_frame`.
        best: The best epoch, counted from 1.
        score: What it was judged by; more is better.
        weights: The net's weights after it.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    best: int = 0
    score: float = -math.inf
    weights: list[npt.NDArray[Any]] = field(default_factory=list)

    def note(self, row: dict[str, Any], score: float, model: Any) -> None:
        """Keep an epoch's row, and the weights if it is the best one."""
        self.rows.append(row)
        if score > self.score or not self.best:
            self.best, self.score, self.weights = len(self.rows), score, model.get_weights()

    def exhausted(self, patience: int) -> bool:
        """Tell whether the best epoch is ``patience`` epochs ago; 0 is endless patience."""
        return 0 < patience <= len(self.rows) - self.best


def history_frame(rows: Sequence[Mapping[str, Any]], best: int) -> pd.DataFrame:
    """Return one row for each epoch.

    Args:
        rows: What was noted of each epoch.
        best: The epoch that was kept, counted from 1.

    Returns:
        ``epoch`` (from 1), ``best``, ``seconds``, and for ``train`` and ``validation`` each
        ``_loss``, ``_accuracy``, ``_uar`` and ``_recall_EMOTION``. The training side is counted
        while the net is trained: with dropout, on augmented clips, its loss with penalties.
    """
    import pandas as pd

    frame = pd.DataFrame(list(rows))
    frame.insert(1, "best", frame["epoch"] == best)
    return frame


def emotion_weights(
    labels: npt.NDArray[np.int64], classes: int, kind: str
) -> npt.NDArray[np.float32]:
    """Return what a clip of each emotion weighs in the loss, ``(classes,)``; 1 on average.

    Args:
        labels: The numbers of the training clips' emotions.
        classes: How many emotions there are.
        kind: ``none`` or ``balanced``.
    """
    if kind == "none":
        return np.ones(classes, np.float32)
    counts = np.bincount(labels, minlength=classes)
    return np.asarray(len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1)), np.float32)

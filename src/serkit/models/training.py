"""Training in epochs: shared code of Keras nets and speech encoders.

Frameworks differ in the training step. Epoch scores, selection, early stopping and the recorded
history are the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from serkit.errors import TrainingError
from serkit.evaluation.metrics.classification import accuracy_of, recalls, uar_of
from serkit.labels import LabelSet
from serkit.models.clips import FoldData
from serkit.parameters import Scalar

if TYPE_CHECKING:
    import pandas as pd

W = TypeVar("W")


@dataclass(frozen=True)
class EpochStats:
    """A net's scores on some clips.

    Attributes:
        loss: Mean loss in nats.
        counts: Clips by true emotion and predicted one, shape ``(classes, classes)``.
    """

    loss: float
    counts: npt.NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """Share of clips that are right; NaN without clips."""
        return float(accuracy_of(self.counts))

    @property
    def recalls(self) -> npt.NDArray[np.float64]:
        """Each emotion's recall; NaN where no clip has it."""
        return recalls(self.counts)

    @property
    def uar(self) -> float:
        """Mean recall of the emotions that are there."""
        return float(uar_of(self.counts))

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
        """Return its score by ``loss``, ``uar`` or ``accuracy``; higher is better."""
        if monitor == "loss":
            return -self.loss
        return self.uar if monitor == "uar" else self.accuracy

    def columns(self, side: str, labels: LabelSet) -> dict[str, float]:
        """Return its columns of the history.

        Args:
            side: Prefix of the names: ``train`` or ``validation``.
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


@dataclass(frozen=True)
class Epoch:
    """One epoch, judged.

    Attributes:
        row: Its row of the history, see :func:`history_frame`.
        score: Its score; higher is better.
        said: Progress text on the validation clips; empty without any.
    """

    row: dict[str, Any]
    score: float
    said: str

    @classmethod
    def of(
        cls,
        number: int,
        trained: EpochStats,
        validated: EpochStats | None,
        labels: LabelSet,
        monitor: str,
    ) -> Epoch:
        """Judge an epoch by its validation clips; without any, a later one is better.

        Args:
            number: Counted from 1.
            trained: How the net stood on the training clips while it was trained.
            validated: Scores on the validation clips; None if there are none.
            labels: The classes.
            monitor: ``loss``, ``uar``, ``accuracy``, or ``last`` for the last epoch.
        """
        row: dict[str, Any] = {"epoch": number, **trained.columns("train", labels)}
        if validated is None:
            return cls(row, float(number), "")
        row |= validated.columns("validation", labels)
        score = float(number) if monitor == "last" else validated.score(monitor)
        return cls(row, score, f", validation UAR {100 * validated.uar:.1f} %")


@dataclass
class Course(Generic[W]):
    """How a training has gone so far.

    Attributes:
        rows: One row for each epoch, see :func:`history_frame`.
        best: The best epoch, counted from 1; 0 before the first.
        score: Its selection score; higher is better.
        weights: The net's weights after it; None before the first.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    best: int = 0
    score: float = -math.inf
    weights: W | None = None

    def note(self, row: dict[str, Any], score: float, weights: Callable[[], W]) -> bool:
        """Keep an epoch's row, and the weights if it is the best one.

        Args:
            row: Its row of the history.
            score: Its score.
            weights: Returns a copy of the net's weights.

        Returns:
            Whether it is the best one so far.
        """
        self.rows.append(row)
        if score <= self.score and self.best:
            return False
        self.best, self.score, self.weights = len(self.rows), score, weights()
        return True

    @property
    def facts(self) -> dict[str, Any]:
        """Its rows, best epoch and score, as checkpoints of every framework hold them."""
        return {"rows": self.rows, "best": self.best, "score": self.score}

    def exhausted(self, patience: int) -> bool:
        """Return whether the best epoch is ``patience`` epochs ago; 0 disables early stopping."""
        return 0 < patience <= len(self.rows) - self.best


@dataclass(frozen=True, kw_only=True)
class TrainedInEpochs:
    """Training facts of a fitted net.

    Attributes:
        chosen: The epoch, chosen on inner validation speakers; empty where nothing was chosen.
        history: One row for each epoch; None once it was saved and loaded (the run keeps it).
        earlier_seconds: How long interrupted processes had trained before it was resumed.
        fitted_clips: How many clips it was finally fitted on; None once it was saved and loaded.
        settings_tried: How many epochs were compared; None once it was saved and loaded.
    """

    chosen: Mapping[str, Scalar] = field(default_factory=dict)
    history: pd.DataFrame | None = None
    earlier_seconds: float = 0.0
    fitted_clips: int | None = None
    settings_tried: int | None = None


def require_finite(loss: float, epoch: int, where: str, *, hint: str) -> float:
    """Return a loss that is a finite number.

    Args:
        loss: The loss.
        epoch: Counted from 1.
        where: The step or the clips, for the message.
        hint: Suggested change.

    Raises:
        TrainingError: It is infinite or NaN.
    """
    if not math.isfinite(loss):
        raise TrainingError(f"the loss became {loss} in epoch {epoch}, {where}", hint=hint)
    return loss


def training_key(fold: FoldData, *facts: object) -> str:
    """Return a digest of all that a training depends on: a checkpoint of another is not resumed.

    Args:
        fold: The training side.
        facts: Everything else, as JSON.
    """
    clips = [fold.train.clip_ids, fold.validation.clip_ids]
    return sha256(json.dumps([*facts, clips], sort_keys=True).encode()).hexdigest()


def history_frame(rows: Sequence[Mapping[str, Any]], best: int) -> pd.DataFrame:
    """Return one row for each epoch.

    Args:
        rows: Recorded values of each epoch.
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
    """Return the class weights of the loss, ``(classes,)``; 1 on average.

    Args:
        labels: The numbers of the training clips' emotions.
        classes: How many emotions there are.
        kind: ``none`` or ``balanced``.
    """
    if kind == "none":
        return np.ones(classes, np.float32)
    counts = np.bincount(labels, minlength=classes)
    return np.asarray(len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1)), np.float32)

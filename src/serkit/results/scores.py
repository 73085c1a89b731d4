"""From probabilities to the table of predictions, and from that table to scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.evaluation.metrics import Scores, score, score_by
from serkit.evaluation.splits import Fold
from serkit.labels import UNKNOWN, LabelSet
from serkit.plainjson import dumps
from serkit.storage.files import write_file
from serkit.store.tables import ClipRow

if TYPE_CHECKING:
    import pandas as pd


def predictions_frame(
    clips: Mapping[str, ClipRow],
    fold: Fold,
    probabilities: npt.NDArray[np.float64],
    labels: LabelSet,
) -> pd.DataFrame:
    """Return one row for each test clip of a fold; see :attr:`serkit.results.run.Run.predictions`.

    Args:
        clips: The clips, by id.
        fold: The fold.
        probabilities: Of its test clips, in its order, shape ``(n, classes)``.
        labels: The classes.
    """
    import pandas as pd

    rows = [clips[clip_id] for clip_id in fold.test]
    predicted = probabilities.argmax(axis=1)
    columns: dict[str, Any] = {
        "clip_id": list(fold.test),
        "fold": fold.name,
        "speaker": [row.speaker for row in rows],
        **_actors(rows),
        "sex": [row.sex for row in rows],
        "intensity": [row.intensity for row in rows],
        "true": [row.emotion for row in rows],
        "predicted": [labels[i] for i in predicted],
        "true_id": [row.emotion_id for row in rows],
        "predicted_id": predicted,
    }
    columns |= {f"p_{name}": probabilities[:, i] for i, name in enumerate(labels)}
    return pd.DataFrame(columns)


def _actors(rows: Sequence[ClipRow]) -> dict[str, Any]:
    """Return a column of the actors' numbers, where a corpus has them."""
    actors = [row.actor for row in rows]
    return {} if None in actors else {"actor": actors}


def speakers_of(frame: pd.DataFrame) -> npt.NDArray[np.str_]:
    """Return who speaks in each row of a table of predictions, shape ``(n,)``.

    Each clip with an unknown speaker counts as a separate speaker.

    Args:
        frame: See :attr:`serkit.results.run.Run.predictions`.
    """
    return distinct_speakers(frame["speaker"].to_numpy(np.str_))


def distinct_speakers(speakers: npt.NDArray[np.str_]) -> npt.NDArray[np.str_]:
    """Give each clip of an unknown speaker a speaker of its own."""
    own = np.array([f"clip {number}" for number in range(len(speakers))], np.str_)
    return np.where(speakers == UNKNOWN, own, speakers)


def frame_scores(frame: pd.DataFrame, labels: LabelSet) -> Scores:
    """Return every score of a table of predictions."""
    return score(
        frame["true_id"].to_numpy(),
        _probabilities(frame, labels),
        speakers_of(frame),
    )


def fold_figures(frame: pd.DataFrame, labels: LabelSet) -> dict[str, Any]:
    """Return the figures of one fold's predictions as a run's record names them."""
    scores = frame_scores(frame, labels)
    names = ("uar", "accuracy", "macro_f1", "clips", "actors")
    return {name: getattr(scores, name) for name in names}


def figures_of(frame: pd.DataFrame, labels: LabelSet) -> dict[str, Any]:
    """Return the figures of a table of predictions as a run's record names them."""
    scores = frame_scores(frame, labels)
    return {
        "uar": scores.uar,
        "uar_low": scores.uar_low,
        "uar_high": scores.uar_high,
        "accuracy": scores.accuracy,
        "accuracy_low": scores.accuracy_low,
        "accuracy_high": scores.accuracy_high,
        "macro_f1": scores.macro_f1,
        "log_loss": scores.log_loss,
        "brier": scores.brier,
        "ece": scores.ece,
        "recall": dict(zip(labels, scores.recall, strict=True)),
        "confusion": scores.confusion,
        "by_sex": grouped_scores(frame, "sex", labels),
        "by_intensity": grouped_scores(frame, "intensity", labels),
        "actors": scores.actors,
        "clips": scores.clips,
    }


def grouped_scores(frame: pd.DataFrame, column: str, labels: LabelSet) -> dict[str, Any]:
    """Return UAR, accuracy and number of clips for each value of a column."""
    groups = score_by(
        frame[column].to_numpy(str),
        frame["true_id"].to_numpy(),
        _probabilities(frame, labels),
    )
    return {name: dict(values) for name, values in groups.items()}


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write a file of strict JSON, whole or not at all."""
    write_file(path, dumps(data).encode())


def _probabilities(frame: pd.DataFrame, labels: LabelSet) -> npt.NDArray[np.float64]:
    return frame[[f"p_{name}" for name in labels]].to_numpy(np.float64)

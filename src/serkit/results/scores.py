"""From probabilities to the table of predictions, and from that table to scores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.clips import EMOTIONS
from serkit.evaluation.metrics import Scores, score, score_by
from serkit.evaluation.splits import Fold
from serkit.plainjson import dumps
from serkit.storage.files import write_file
from serkit.store.tables import ClipRow

if TYPE_CHECKING:
    import pandas as pd


def predictions_frame(
    clips: Mapping[str, ClipRow], fold: Fold, probabilities: npt.NDArray[np.float64]
) -> pd.DataFrame:
    """Return a row a test clip of a fold; see :attr:`serkit.results.run.Run.predictions`.

    Args:
        clips: The clips, by id.
        fold: The fold.
        probabilities: Of its test clips, in its order, shape ``(n, 8)``.
    """
    import pandas as pd

    rows = [clips[clip_id] for clip_id in fold.test]
    predicted = probabilities.argmax(axis=1)
    columns: dict[str, Any] = {
        "clip_id": list(fold.test),
        "fold": fold.name,
        "actor": [row.actor for row in rows],
        "sex": [row.sex for row in rows],
        "intensity": [row.intensity for row in rows],
        "true": [row.emotion for row in rows],
        "predicted": [EMOTIONS[i] for i in predicted],
        "true_id": [row.emotion_id for row in rows],
        "predicted_id": predicted,
    }
    columns |= {f"p_{name}": probabilities[:, i] for i, name in enumerate(EMOTIONS)}
    return pd.DataFrame(columns)


def frame_scores(frame: pd.DataFrame) -> Scores:
    """Return every score of a table of predictions."""
    return score(frame["true_id"].to_numpy(), _probabilities(frame), frame["actor"].to_numpy())


def grouped_scores(frame: pd.DataFrame, column: str) -> dict[str, Any]:
    """Return UAR, accuracy and number of clips for each value of a column."""
    groups = score_by(
        frame[column].to_numpy(str), frame["true_id"].to_numpy(), _probabilities(frame)
    )
    return {name: dict(values) for name, values in groups.items()}


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write a file of strict JSON, whole or not at all."""
    write_file(path, dumps(data).encode())


def _probabilities(frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    return frame[[f"p_{name}" for name in EMOTIONS]].to_numpy(np.float64)

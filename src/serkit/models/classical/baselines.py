"""How each speaker usually sounds, apart from which emotions they were recorded in."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[Any]
Numbers = npt.NDArray[np.int64]


def baselines(rows: Matrix, speakers: Numbers, labels: Numbers) -> npt.NDArray[np.float64]:
    """Return what each speaker's clips would be on average, had all spoken the same emotions.

    A plain mean of a speaker's clips depends on how many there are in each emotion. In a balanced
    corpus that would be a leak: an emotion that is rare among a speaker's training clips is common
    among their test clips. So a value is taken to be the sum of a part that depends on the speaker
    and one that depends on the emotion, fitted together by least squares, and emotions count for
    each speaker as often as they occur in all clips.

    Args:
        rows: Shape ``(n, columns)``.
        speakers: Numbers of speakers, shape ``(n,)``.
        labels: Numbers of emotions, same shape.

    Returns:
        Shape ``(speakers, columns)``, in ascending order of the speakers' numbers.

    Example:
        One speaker is 10 higher than the other, and one emotion 2 higher than the other:

        >>> values = np.array([[1.0], [1.0], [3.0], [11.0], [13.0], [13.0]])
        >>> speakers, labels = np.array([7, 7, 7, 8, 8, 8]), np.array([0, 0, 1, 0, 1, 1])
        >>> baselines(values, speakers, labels).round(6).ravel().tolist()
        [2.0, 12.0]
    """
    by_speaker = (speakers[:, np.newaxis] == np.unique(speakers)).astype(np.float64)
    by_emotion = (labels[:, np.newaxis] == np.unique(labels)).astype(np.float64)
    parts, *_ = np.linalg.lstsq(np.hstack([by_speaker, by_emotion]), rows, rcond=None)
    count = by_speaker.shape[1]
    return np.asarray(parts[:count] + by_emotion.mean(axis=0) @ parts[count:])


def by_cell(speakers: Numbers, labels: Numbers) -> npt.NDArray[np.float64]:
    """Return weights with which every speaker's clips in every emotion count alike together.

    Args:
        speakers: Numbers of speakers, shape ``(n,)``.
        labels: Numbers of emotions, same shape.

    Returns:
        Shape ``(n,)``, 1 on average.

    Example:
        >>> by_cell(np.array([1, 1, 1, 2]), np.array([0, 0, 1, 0])).round(2).tolist()
        [0.67, 0.67, 1.33, 1.33]
    """
    _, cells, counts = np.unique(
        np.stack([speakers, labels]), axis=1, return_inverse=True, return_counts=True
    )
    weights = 1.0 / counts[cells.ravel()]
    return np.asarray(weights / weights.mean())

"""Scores per speaker: the unit of all intervals and tests.

Clips of one speaker are correlated, so speakers, not clips, are the independent observations. A
model enters as ``hits``, the (A, C) correctly labelled clips of each of A speakers and C classes,
together with ``clips``, the total numbers. Hits may be averages over seeds. An accuracy is the same
with one class: ``hits.sum(axis=-1, keepdims=True)``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.errors import UsageError
from serkit.evaluation.metrics.classification import Floats, Ints


def hits_and_clips(confusions: Ints) -> tuple[Floats, Ints]:
    """Read hits and clips off each speaker's confusion matrix.

    Args:
        confusions: (..., A, C, C) counts, rows true.

    Returns:
        (..., A, C) clips labelled right and (..., A, C) clips.

    Example:
        >>> hits, clips = hits_and_clips(np.array([[[1, 1], [0, 2]]]))
        >>> hits.tolist(), clips.tolist()
        ([[1.0, 2.0]], [[2, 2]])
    """
    hits = np.diagonal(confusions, axis1=-2, axis2=-1)
    return hits.astype(np.float64), confusions.sum(axis=-1)


def uar_shares(hits: npt.NDArray[Any], clips: npt.NDArray[Any]) -> Floats:
    """Split the UAR over all clips into one number for each speaker.

    With H the hits and N the clips of a class over all speakers, the UAR is the mean of H / N over
    the classes present, which is a sum over speakers. A speaker's share is A times their part of
    that sum, so that the shares' mean is the UAR. Where every speaker has the same clips, a share
    is the speaker's own UAR.

    Args:
        hits: (..., A, C) clips labelled right.
        clips: (A, C) clips.

    Returns:
        (..., A) shares, whose mean over the speakers is the UAR.

    Raises:
        UsageError: The arrays do not fit each other, or there are no clips.

    Example:
        >>> uar_shares(np.array([[1, 2], [2, 2]]), np.array([[2, 2], [2, 2]])).tolist()
        [0.75, 1.0]
    """
    hits, clips = checked_counts(hits, clips)
    totals = clips.sum(axis=0)
    present = totals > 0
    weights = np.zeros(totals.shape)
    weights[present] = len(clips) / (totals[present] * np.count_nonzero(present))
    return np.asarray(hits @ weights, dtype=np.float64)


def effective_speakers(clips: npt.NDArray[Any]) -> float:
    """Return how many equal speakers the speakers are worth.

    A speaker's weight w is their share of the clips, averaged over the classes; Kish's effective
    number (sum w)^2 / sum w^2 is A where all have the same clips, and less where few speakers hold
    most of them, or all of a class.

    Source: Kish 1965, "Survey sampling", section 11.7.

    Args:
        clips: (A, C) clips.

    Example:
        >>> effective_speakers(np.array([[4], [4], [4]]))
        3.0
        >>> round(effective_speakers(np.array([[8], [2], [2]])), 6)
        2.0
    """
    totals = clips.sum(axis=0)
    weights = (clips[:, totals > 0] / totals[totals > 0]).sum(axis=1)
    return float(weights.sum() ** 2 / (weights**2).sum())


def checked_counts(
    hits: npt.NDArray[Any], clips: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return hits and clips as arrays that fit each other.

    Raises:
        UsageError: They do not, there are no clips, or more hits than clips.
    """
    hits, clips = np.asarray(hits), np.asarray(clips)
    if clips.ndim != 2 or hits.ndim < 2 or hits.shape[-2:] != clips.shape:
        raise UsageError(
            f"the hits have the shape {hits.shape} and the clips {clips.shape}",
            allowed="clips are (speakers, classes), and the hits' last two axes are the same",
        )
    if clips.sum() < 1:
        raise UsageError("there are no clips", allowed="a score needs at least one clip")
    if not np.all((hits >= 0) & (hits <= clips)):
        raise UsageError("some hits are below 0 or above the number of clips")
    return hits, clips

"""95 % intervals of a UAR or an accuracy: a t interval over speakers.

The interval is the score plus or minus t times its standard error. The standard error is a
jackknife that leaves out one speaker at a time (Efron and Tibshirani 1993, chapter 11); where
every speaker has the same clips, it is exactly the standard error of the mean of the speakers' own
scores. t has one degree of freedom less than there are effective speakers, so that a class that
few speakers have, or a speaker with most of the clips, widens the interval instead of spoiling it.

The interval covers the choice of speakers, not that of the seed or of the training clips. How
often it holds the truth is simulated in ``benchmarks/verdicts.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.evaluation.metrics.classification import Floats
from serkit.evaluation.metrics.speakers import checked_counts, effective_speakers
from serkit.evaluation.metrics.student import t_quantile

LEVEL = 0.95
"""How often an interval is to hold the truth."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval; both ends are NaN where it is undefined (one speaker only)."""

    low: float
    high: float


def speaker_interval(hits: npt.NDArray[Any], clips: npt.NDArray[Any]) -> Interval:
    """Return the 95 % t interval over speakers of the mean recall over classes.

    Args:
        hits: (A, C) clips labelled right, of each speaker and class; averages over seeds for the
            interval of a mean over seeds.
        clips: (A, C) clips.

    Returns:
        The interval, cut to 0 and 1; NaN to NaN where there is one speaker only.

    Raises:
        UsageError: The arrays do not fit each other, or there are no clips.

    Example:
        >>> found = speaker_interval(np.array([[5], [6], [7]]), np.array([[10], [10], [10]]))
        >>> round(found.low, 4), round(found.high, 4)
        (0.3516, 0.8484)
    """
    hits, clips = checked_counts(hits, clips)
    spoken = clips.sum(axis=1) > 0
    hits, clips = hits[spoken], clips[spoken]
    if len(clips) < 2:
        return Interval(float("nan"), float("nan"))
    score = float(_mean_recall(hits.sum(axis=0), clips.sum(axis=0)))
    freedom = max(effective_speakers(clips) - 1, 1.0)
    reach = t_quantile(freedom, (1 + LEVEL) / 2) * _jackknife_error(hits, clips)
    return Interval(max(0.0, score - reach), min(1.0, score + reach))


def _jackknife_error(hits: npt.NDArray[Any], clips: npt.NDArray[Any]) -> float:
    """Return the standard error, from the scores without each speaker in turn."""
    without = _mean_recall(hits.sum(axis=0) - hits, clips.sum(axis=0) - clips)
    return float(np.sqrt((len(clips) - 1) * np.var(without)))


def _mean_recall(hits: npt.NDArray[Any], clips: npt.NDArray[Any]) -> Floats:
    """Average hits / clips over the classes that have clips, along the last axis."""
    present = clips > 0
    recalls = np.divide(hits, clips, out=np.zeros(clips.shape), where=present)
    return np.asarray(recalls.sum(axis=-1) / present.sum(axis=-1))

"""How often each amplitude occurs: exact box plots and histograms of any number of samples.

A 16-bit sample has 65,536 possible values, so that counts of them hold everything that box plots
and histograms need: memory is 0.5 MB per group, however many hundred million samples are counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]

LOWEST, VALUES = -32_768, 65_536

AMPLITUDES: npt.NDArray[np.int64] = np.arange(LOWEST, LOWEST + VALUES)
"""The amplitude of each column of counts."""

SILENCE = 20
"""Amplitudes up to this absolute value are excluded, as in the study."""

BINS = 100

_WHISKER = 1.5


@dataclass(frozen=True, slots=True)
class Box:
    """Statistics of one group for a box plot without outliers.

    Attributes:
        low: Lowest amplitude within 1.5 interquartile ranges below the box.
        lower_quartile: Where the box begins.
        median: Its line.
        upper_quartile: Where it ends.
        high: Highest amplitude within 1.5 interquartile ranges above the box.
        samples: Samples that were counted.
    """

    low: float
    lower_quartile: float
    median: float
    upper_quartile: float
    high: float
    samples: int


def count(samples: npt.NDArray[np.int16]) -> Counts:
    """Count each amplitude, shape (65,536,), from -32,768 up."""
    unsigned = np.bincount(samples.view(np.uint16), minlength=VALUES)
    return np.concatenate((unsigned[VALUES // 2 :], unsigned[: VALUES // 2]))


def without_silence(counts: Counts) -> Counts:
    """Return counts, shape (..., 65,536), of audible amplitudes only."""
    return np.where(np.abs(AMPLITUDES) > SILENCE, counts, 0)


def box(counts: Counts) -> Box | None:
    """Return a group's box; None where nothing was counted.

    Quartiles are those of ``numpy.percentile`` over the samples themselves.
    """
    total = int(counts.sum())
    if not total:
        return None
    below = np.cumsum(counts)
    lower, median, upper = (_quantile(below, share) for share in (0.25, 0.5, 0.75))
    reach = _WHISKER * (upper - lower)
    present = AMPLITUDES[counts > 0]
    low = present[np.searchsorted(present, lower - reach)]
    high = present[np.searchsorted(present, upper + reach, side="right") - 1]
    return Box(min(float(low), lower), lower, median, upper, max(float(high), upper), total)


def histogram(counts: Counts, edges: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the share of a group's samples in each bin; all zeros where it has none.

    Args:
        counts: (65,536,) the group's counts.
        edges: (bins + 1,) from :func:`bin_edges`.
    """
    inside, _ = np.histogram(AMPLITUDES, bins=edges, weights=counts)
    return np.asarray(inside / max(int(counts.sum()), 1), np.float64)


def bin_edges(counts: Counts, bins: int = BINS) -> npt.NDArray[np.float64]:
    """Return edges of equal bins, symmetric about 0, that hold every group's amplitudes.

    Args:
        counts: (groups, 65,536).
        bins: How many.
    """
    present = AMPLITUDES[counts.sum(axis=0) > 0]
    reach = float(np.abs(present).max(initial=1))
    return np.linspace(-reach, reach, bins + 1)


def _quantile(below: Counts, share: float) -> float:
    """Return a quantile by linear interpolation between the two nearest samples."""
    place = (int(below[-1]) - 1) * share
    first = int(np.floor(place))
    last = min(first + 1, int(below[-1]) - 1)
    low, high = AMPLITUDES[np.searchsorted(below, (first, last), side="right")]
    return float(low + (high - low) * (place - first))

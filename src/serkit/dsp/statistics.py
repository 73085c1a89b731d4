"""Statistics of tracks over time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Values = npt.NDArray[np.floating]

DESCRIPTIONS: dict[str, str] = {
    "mean": "mean",
    "std": "standard deviation",
    "p05": "5th percentile",
    "p25": "25th percentile",
    "p50": "median",
    "p75": "75th percentile",
    "p95": "95th percentile",
    "range": "95th minus 5th percentile",
    "iqr": "75th minus 25th percentile",
    "slope": "half the rise of a straight line fitted over the frames, in their order",
    "skewness": "skewness",
    "kurtosis": "kurtosis (3 for a normal distribution)",
}
"""Every statistic with its meaning."""

PLACES = {name: place for place, name in enumerate(DESCRIPTIONS)}
"""The place of each among them."""

_PERCENTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p95": 0.95}
_SPREADS = {"range": ("p95", "p05"), "iqr": ("p75", "p25")}


def summarise(tracks: Floats, statistics: Iterable[str]) -> Floats:
    """Compute statistics of each track.

    Args:
        tracks: Shape (frames, tracks).
        statistics: Names out of :data:`DESCRIPTIONS`.

    Returns:
        Shape (statistics, tracks). All zeros where there is no frame.
    """
    return all_statistics([tracks])[0][[PLACES[name] for name in statistics]]


def all_statistics(families: Sequence[Floats]) -> list[Floats]:
    """Compute every statistic of several families of tracks over the same frames.

    They are computed together: a family has few tracks, and each of some twenty steps would take
    longer to begin than to finish.

    Args:
        families: Each of shape (frames, tracks).

    Returns:
        For each family an array of shape (statistics, tracks), in the order of
        :data:`DESCRIPTIONS`. All zeros where there is no frame.
    """
    found = [np.zeros((len(DESCRIPTIONS), each.shape[1]), np.float32) for each in families]
    if not len(families[0]):
        return found
    # NumPy adds up a track that stands alone in pairs, and tracks side by side frame by frame.
    # Both kinds keep the rounding that they have by themselves.
    for axis in (0, 1):
        some = [place for place, each in enumerate(families) if (each.shape[1] == 1) == axis]
        if some:
            table = _together(np.concatenate([families[place].T for place in some]), axis)
            end = 0
            for place in some:
                first, end = end, end + families[place].shape[1]
                found[place] = table[:, first:end]
    for tracks, values in zip(families, found, strict=True):
        values[PLACES["slope"]] = _half_rise(tracks)
    return found


def _together(tracks: Floats, axis: int) -> Floats:
    """Return all statistics but the slope, shape (statistics, tracks).

    Args:
        tracks: Shape (tracks, frames).
        axis: 1 to add up each track by itself, 0 to add up frame by frame.
    """
    known = _percentiles(tracks)
    known |= {name: known[high] - known[low] for name, (high, low) in _SPREADS.items()}
    known |= _moments(tracks if axis else np.ascontiguousarray(tracks.T), axis)
    table = np.empty((len(DESCRIPTIONS), len(tracks)), np.float32)
    for name, values in known.items():
        table[PLACES[name]] = values
    return table


def _percentiles(tracks: Floats) -> dict[str, Values]:
    """Return the percentiles, interpolated between the two nearest frames.

    Args:
        tracks: Shape (tracks, frames).
    """
    ordered = np.sort(tracks, axis=1)
    found: dict[str, Values] = {}
    for name, share in _PERCENTILES.items():
        place = share * (ordered.shape[1] - 1)
        below = int(place)
        above = min(below + 1, ordered.shape[1] - 1)
        low = ordered[:, below]
        found[name] = low + np.float32(place - below) * (ordered[:, above] - low)
    return found


def _moments(tracks: Floats, axis: int) -> dict[str, Values]:
    """Return mean, deviation, skewness and kurtosis; the last two are 0 for a constant track."""
    count = tracks.shape[axis]
    mean = np.add.reduce(tracks, axis=axis, dtype=np.float64, keepdims=True) / count
    away = tracks - mean
    std = np.sqrt(np.add.reduce(away * away, axis=axis, keepdims=True) / count)
    # The small term keeps rounding errors of a constant track from looking like a form.
    scaled = (away / (std + 1e-6 * (1.0 + np.abs(mean)))).astype(np.float32)
    square = scaled * scaled
    return {
        "mean": mean.ravel(),
        "std": std.ravel(),
        "skewness": (square * scaled).mean(axis=axis),
        "kurtosis": (square * square).mean(axis=axis),
    }


def _half_rise(tracks: Floats) -> Values:
    """Return how much the fitted line rises from the middle frame to the last."""
    if len(tracks) < 2:
        return np.zeros(tracks.shape[1], np.float32)
    time, length = _time(len(tracks))
    return np.asarray((time @ tracks) / length)


@lru_cache(maxsize=64)
def _time(frames: int) -> tuple[Floats, np.float32]:
    """Return -1 to 1 in so many steps, and the sum of the squares."""
    time = np.linspace(-1.0, 1.0, frames, dtype=np.float32)
    return time, np.sum(time * time)

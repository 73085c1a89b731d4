"""Statistics of tracks over time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

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
    wanted = tuple(statistics)
    if not len(tracks):
        return np.zeros((len(wanted), tracks.shape[1]), np.float32)
    known = _percentiles(tracks) | _moments(tracks)
    known |= {name: known[high] - known[low] for name, (high, low) in _SPREADS.items()}
    known["slope"] = _half_rise(tracks)
    return np.stack([known[name] for name in wanted]).astype(np.float32)


def _percentiles(tracks: Floats) -> dict[str, npt.NDArray[np.floating]]:
    """Return the percentiles, interpolated between the two nearest frames."""
    ordered = np.sort(tracks, axis=0)
    found: dict[str, npt.NDArray[np.floating]] = {}
    for name, share in _PERCENTILES.items():
        place = share * (len(ordered) - 1)
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        found[name] = ordered[below] + np.float32(place - below) * (ordered[above] - ordered[below])
    return found


def _moments(tracks: Floats) -> dict[str, npt.NDArray[np.floating]]:
    """Return mean, deviation, skewness and kurtosis; the last two are 0 for a constant track."""
    mean = tracks.mean(axis=0, dtype=np.float64)
    std = tracks.std(axis=0, dtype=np.float64)
    # The small term keeps rounding errors of a constant track from looking like a form.
    scaled = ((tracks - mean) / (std + 1e-6 * (1.0 + np.abs(mean)))).astype(np.float32)
    square = scaled * scaled
    return {
        "mean": mean,
        "std": std,
        "skewness": (square * scaled).mean(axis=0),
        "kurtosis": (square * square).mean(axis=0),
    }


def _half_rise(tracks: Floats) -> npt.NDArray[np.floating]:
    """Return how much the fitted line rises from the middle frame to the last."""
    if len(tracks) < 2:
        return np.zeros(tracks.shape[1], np.float32)
    time = np.linspace(-1.0, 1.0, len(tracks), dtype=np.float32)
    return np.asarray((time @ tracks) / np.sum(time * time))

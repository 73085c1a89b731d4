"""The shape of each frame's spectrum in a few numbers: centroid, slope, flatness and others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from serkit.dsp.cepstrum import FLOOR, decibels

Floats = npt.NDArray[np.float32]

ROLLOFFS = (0.25, 0.5, 0.75, 0.9)
"""Shares of the power below each roll-off frequency."""

SLOPES = ((0.0, 500.0), (500.0, 1500.0), (1500.0, 5000.0))
"""Bands in Hz whose spectral slope is measured."""


@dataclass(frozen=True, slots=True)
class Bins:
    """The frequency bins of a spectrum.

    Args:
        sample_rate: Samples a second.
        count: Bins from 0 to Nyquist.
    """

    sample_rate: int
    count: int

    @property
    def frequency(self) -> Floats:
        """The frequency of each bin in Hz, shape (count,)."""
        return _frequency(self)

    def between(self, low: float, high: float) -> slice:
        """Return the bins from ``low`` (included) to ``high`` (excluded), in Hz."""
        first, last = np.searchsorted(self.frequency, (low, high))
        return slice(int(first), int(last))


@cache
def _frequency(bins: Bins) -> Floats:
    frequency = np.linspace(0.0, bins.sample_rate / 2, bins.count, dtype=np.float32)
    frequency.flags.writeable = False
    return frequency


def moments(power: Floats, bins: Bins) -> Floats:
    """Return centroid, bandwidth, skewness and kurtosis of each spectrum, shape (frames, 4).

    The first two are in Hz. A spectrum without power counts as flat.
    """
    weight = power.astype(np.float64) + FLOOR
    weight /= weight.sum(axis=1, keepdims=True)
    frequency = bins.frequency.astype(np.float64)
    centroid = weight @ frequency
    away = frequency - centroid[:, np.newaxis]
    square = away * away
    weighted = weight * square
    variance = np.sum(weighted, axis=1)
    third = np.sum(weighted * away, axis=1)
    fourth = np.sum(weighted * square, axis=1)
    columns = (centroid, np.sqrt(variance), third / variance**1.5, fourth / variance**2)
    return np.stack(columns, axis=1).astype(np.float32)


def rolloffs(power: Floats, bins: Bins) -> Floats:
    """Return the frequency in Hz below which each of :data:`ROLLOFFS` of the power is.

    Returns:
        Shape (frames, len(ROLLOFFS)).
    """
    running = np.cumsum(power.astype(np.float64) + FLOOR, axis=1)
    running /= running[:, -1:]
    first = [(running >= share).argmax(axis=1) for share in ROLLOFFS]
    return np.asarray(bins.frequency[np.stack(first, axis=1)])


def flatness(power: Floats, level: Floats | None = None) -> Floats:
    """Return the ratio of geometric to arithmetic mean of each spectrum, in dB (0 is flat).

    Args:
        power: Spectra, shape (frames, bins).
        level: The same in dB, where the caller has them.
    """
    level = decibels(power) if level is None else level
    return np.asarray(level.mean(axis=1) - decibels((power + FLOOR).mean(axis=1)))


def slopes(power: Floats, bins: Bins, level: Floats | None = None) -> Floats:
    """Return the slope in dB a kHz of each of :data:`SLOPES`.

    Args:
        power: Spectra, shape (frames, bins.count).
        bins: Their frequency bins.
        level: The spectra in dB, where the caller has them.

    Returns:
        Shape (frames, len(SLOPES)).
    """
    level = decibels(power) if level is None else level
    return np.stack([level[:, part] @ weights for part, weights in _regressions(bins)], axis=1)


@cache
def _regressions(bins: Bins) -> tuple[tuple[slice, Floats], ...]:
    """Return, for each of :data:`SLOPES`, its bins and what their levels are weighted by."""
    found = []
    for low, high in SLOPES:
        part = bins.between(low, high)
        x = bins.frequency[part] / 1000.0
        x = x - x.mean()
        found.append((part, x / np.sum(x * x)))
    return tuple(found)


def band_ratios(power: Floats, bins: Bins) -> Floats:
    """Return the alpha ratio and the Hammarberg index of each spectrum in dB, shape (frames, 2).

    The alpha ratio is the power in 1 to 5 kHz over that in 50 Hz to 1 kHz; the Hammarberg index
    the strongest bin below 2 kHz over the strongest of 2 to 5 kHz.
    """
    low, high = power[:, bins.between(50, 1000)], power[:, bins.between(1000, 5000)]
    alpha = decibels(high.sum(axis=1)) - decibels(low.sum(axis=1))
    below, above = power[:, bins.between(0, 2000)], power[:, bins.between(2000, 5000)]
    hammarberg = decibels(below.max(axis=1)) - decibels(above.max(axis=1))
    return np.stack((alpha, hammarberg), axis=1)


def flux(power: Floats) -> Floats:
    """Return how much each spectrum's form differs from the one before, shape (frames,).

    The distance between amplitude spectra of unit length: 0 for the same form (and for the
    first frame), at most the root of 2.
    """
    amplitude = np.sqrt(power + np.float32(FLOOR))
    amplitude /= np.linalg.norm(amplitude, axis=1, keepdims=True)
    change = np.linalg.norm(np.diff(amplitude, axis=0), axis=1)
    return np.concatenate((np.zeros(1, np.float32), change)).astype(np.float32)

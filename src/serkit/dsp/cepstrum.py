"""Decibels, cepstral coefficients, and how tracks change over time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from serkit.dsp import fft
from serkit.dsp.mel import power_to_db

Floats = npt.NDArray[np.float32]

FLOOR = 1e-12
"""Powers below this (120 dB under full scale) count as this."""


def decibels(power: npt.NDArray[np.floating]) -> Floats:
    """Return ``10 log10`` of a power, floored at -120 dB."""
    return np.asarray(10.0 * np.log10(np.maximum(power, FLOOR)), np.float32)


def cepstrum(log_bands: Floats, count: int) -> Floats:
    """Return the cepstral coefficients 1 to ``count`` of log spectra.

    Args:
        log_bands: Log power in each band, shape (frames, bands).
        count: Number of coefficients, without coefficient 0, the level.

    Returns:
        Shape (frames, count), of the orthonormal DCT-II.
    """
    every = fft.dct(log_bands, axis=1)
    return np.asarray(every[:, 1 : count + 1], np.float32)


def mfcc(mel_power: Floats, count: int, *, lifter: float = 0.0) -> Floats:
    """Return mel-frequency cepstral coefficients, equal to librosa's ``feature.mfcc``.

    Args:
        mel_power: Power in each mel band of a signal between -1 and 1, shape (bands, frames).
        count: How many, from coefficient 0 on.
        lifter: Raises the higher coefficients by half a sine of this length; 0 raises none.

    Returns:
        Shape (count, frames). Levels are floored 80 dB below the clip's loudest band.
    """
    levels = power_to_db(mel_power, reference=1.0, top_db=80.0)
    found = fft.dct(levels, axis=0)[:count]
    if lifter:
        sine = np.sin(np.pi * np.arange(1, 1 + count, dtype=np.float32) / lifter)
        found = found * (1 + (lifter / 2) * sine)[:, np.newaxis]
    return np.asarray(found, np.float32)


def deltas(tracks: Floats, width: int = 2) -> Floats:
    """Return the local slope over time of each track, by regression over 2 ``width`` + 1 frames.

    Args:
        tracks: Shape (frames, tracks). The first and last frames are repeated beyond the ends.
        width: Frames on each side.

    Returns:
        The change a frame, of the same shape.
    """
    count = len(tracks)
    padded = tracks[np.clip(np.arange(-width, count + width), 0, count - 1)]
    slope = np.zeros_like(tracks)
    for step in range(1, width + 1):
        later, sooner = padded[width + step :][:count], padded[width - step :][:count]
        slope += step * (later - sooner)
    return slope / np.float32(2 * sum(step * step for step in range(1, width + 1)))

"""Noise under a clip: coloured, or cut from a recording of a background.

The same samples always get the same noise: its seed is their hash. All levels are relative to the
clip's mean power, silences included.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from serkit.dsp import fft

Samples = npt.NDArray[np.int16]
Floats = npt.NDArray[np.floating]

_FULL_SCALE = 32_768.0

_FLAT_BELOW = 20.0
"""Hz below which coloured noise is flat: its power would grow without end."""


def to_int16(signal: Floats) -> Samples:
    """Round amplitudes to int16; what exceeds full scale is clipped.

    Example:
        >>> to_int16(np.array([0.6, 40_000.0])).tolist()
        [1, 32767]
    """
    return np.asarray(np.clip(np.rint(signal), -_FULL_SCALE, _FULL_SCALE - 1), np.int16)


def seeded(samples: Samples) -> np.random.Generator:
    """Return a random generator that is the same for the same samples."""
    return np.random.default_rng(list(hashlib.sha256(samples.tobytes()).digest()[:8]))


def mix(samples: Samples, noise: Floats, decibels: float) -> Samples:
    """Add noise at a signal-to-noise ratio.

    Args:
        samples: The clip, shape ``(samples,)``.
        noise: As long as the clip, at any level.
        decibels: Level of the noise's mean power in dB below the clip's.
    """
    signal = samples.astype(np.float64)
    loudness = np.sqrt(np.mean(np.square(noise, dtype=np.float64)))
    if not loudness:
        return samples
    wanted = np.sqrt(np.mean(signal**2)) * 10.0 ** (-decibels / 20.0)
    return to_int16(signal + noise * (wanted / loudness))


def add_pink_noise(samples: Samples, decibels: float, sample_rate: int) -> Samples:
    """Add noise whose power falls by 3 dB per octave.

    Args:
        samples: Shape ``(samples,)``.
        decibels: Level of the noise in dB below the clip's mean power.
        sample_rate: In Hz.
    """
    return add_coloured_noise(samples, decibels, sample_rate, 1.0)


def add_coloured_noise(
    samples: Samples, decibels: float, sample_rate: int, falls_by: float
) -> Samples:
    """Add noise whose power falls by a power of the frequency.

    Args:
        samples: Shape ``(samples,)``.
        decibels: Level of the noise in dB below the clip's mean power.
        sample_rate: In Hz.
        falls_by: The power: 0 is white noise, 1 pink, 2 red.
    """
    size = fft.next_fast_len(len(samples))
    white = seeded(samples).standard_normal(size, dtype=np.float32)
    frequency = np.fft.rfftfreq(size, 1.0 / sample_rate)
    shape = 1.0 / np.sqrt(np.maximum(frequency, _FLAT_BELOW) ** falls_by).astype(np.float32)
    coloured = fft.irfft(fft.rfft(white) * shape, size)
    return mix(samples, coloured[: len(samples)], decibels)


def add_background(samples: Samples, background: Samples, decibels: float) -> Samples:
    """Add a stretch of a recording, which begins anywhere and is repeated where it is too short.

    Args:
        samples: Shape ``(samples,)``.
        background: The recording, at the same rate.
        decibels: Level of the stretch in dB below the clip's mean power.
    """
    first = int(seeded(samples).integers(len(background)))
    place = (first + np.arange(len(samples))) % len(background)
    return mix(samples, background[place].astype(np.float64), decibels)

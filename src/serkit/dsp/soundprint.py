"""An audio fingerprint that is robust to gain, trimming and resampling.

Each frame of a third of a second becomes 32 bits: for 32 pairs of neighbouring bands between 300
and 2,000 Hz, whether the difference of their energies grows from the last frame to this one. Gain
changes no bit, and neither does what lies above 2 kHz; long frames at a short hop keep the bits
when everything is shifted by less than a hop. Two takes of a sentence differ in nearly half of all
bits, as they differ in timing; two copies of one take in a few of a hundred.

Source: Haitsma and Kalker 2002, "A highly robust audio fingerprinting system" (ISMIR). Their hop
is shorter; frames 30 dB below the loudest are left out here, as noise has no lasting bits.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from serkit.clips import SAMPLE_RATE
from serkit.dsp import fft

Words = npt.NDArray[np.uint32]

RATE = 6_000
"""Rate in Hz at which bits are taken."""

_FRAME, _HOP = 2_048, 128
_BANDS, _LOW, _HIGH = 33, 300.0, 2_000.0
_LIVE_DB = 30.0
_BLOCK = 512
"""Frames that are transformed at a time."""


def soundprint(samples: npt.NDArray[np.int16], sample_rate: int = SAMPLE_RATE) -> Words:
    """Return a signal's fingerprint.

    Args:
        samples: int16 amplitudes, shape ``(frames,)``.
        sample_rate: In Hz.

    Returns:
        One word of 32 bits for each hop of 21 ms, shape ``(words,)``; 0 where there is nothing to
        be heard. Empty where the signal is shorter than two frames.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> noise = (1000 * rng.standard_normal(48_000)).astype(np.int16)
        >>> quieter = (noise * 0.5).round().astype(np.int16)
        >>> one, other = soundprint(noise), soundprint(quieter)
        >>> one.shape, float(np.mean(one == other)) > 0.8
        ((30,), True)
    """
    import soxr

    slow = soxr.resample(samples.astype(np.float32), sample_rate, RATE, quality="LQ")
    energies = _band_energies(slow)
    if len(energies) < 2:
        return np.zeros(0, np.uint32)
    bits = np.diff(np.diff(energies, axis=1), axis=0) < 0  # band less the next band, growing
    words = np.packbits(bits, axis=1).view(">u4").reshape(-1).astype(np.uint32)
    level = energies[1:].sum(axis=1)
    words[level <= level.max() * 10 ** (-_LIVE_DB / 10)] = 0
    return words


def _band_energies(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the energy of each frame and band, shape ``(frames, bands)``."""
    if len(samples) < _FRAME:
        return np.zeros((0, _BANDS))
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_HOP]
    window, edges = _window_and_edges()
    found = []
    for start in range(0, len(frames), _BLOCK):
        spectrum = fft.rfft(frames[start : start + _BLOCK] * window, axis=1)[
            :, edges[0] : edges[-1]
        ]
        power = spectrum.real.astype(np.float64) ** 2 + spectrum.imag.astype(np.float64) ** 2
        found.append(np.add.reduceat(power, edges[:-1] - edges[0], axis=1))
    return np.concatenate(found)


@cache
def _window_and_edges() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.intp]]:
    edges = np.geomspace(_LOW, _HIGH, _BANDS + 1) * _FRAME / RATE
    return np.hanning(_FRAME).astype(np.float32), np.round(edges).astype(np.intp)

"""Input of a speech encoder: a clip's speech, normalised as in its training."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Wave = npt.NDArray[np.float32]
"""Amplitudes, shape ``(samples,)``."""

_FRAME, _HOP = 2048, 512
"""Frame and hop of silence detection in samples, as in librosa."""

_SMALLEST_POWER = 1e-10
_VARIANCE_FLOOR = 1e-7


def trim(wave: Wave, decibels: float) -> Wave:
    """Cut silence off both ends, as ``librosa.effects.trim`` does.

    Args:
        wave: Amplitudes from -1 to 1.
        decibels: A frame this far below the loudest one is silent; 0 cuts nothing.

    Returns:
        A view: from the first frame that is not silent to the last.
    """
    if not decibels or not len(wave):
        return wave
    padded = np.pad(wave.astype(np.float64), _FRAME // 2)
    energy = np.concatenate([[0.0], np.cumsum(padded**2)])
    starts = np.arange(0, len(padded) - _FRAME + 1, _HOP)
    power = np.maximum((energy[starts + _FRAME] - energy[starts]) / _FRAME, 0)
    level = 10 * np.log10(np.maximum(power, _SMALLEST_POWER))
    loud = np.flatnonzero(level - level.max() > -decibels)
    return wave[loud[0] * _HOP : min(len(wave), (loud[-1] + 1) * _HOP)]


def prepare(samples: npt.NDArray[np.int16], *, decibels: float, normalise: bool) -> Wave:
    """Convert a signal to an encoder's input.

    Args:
        samples: int16 amplitudes at the encoder's rate, shape ``(samples,)``.
        decibels: See :func:`trim`.
        normalise: Whether to give it mean 0 and variance 1, as ``Wav2Vec2FeatureExtractor`` does.

    Returns:
        Shape ``(samples,)``.
    """
    wave = trim(samples.astype(np.float32) / np.float32(32768), decibels)
    return normalised(wave) if normalise else wave


def normalised(wave: Wave) -> Wave:
    """Return a signal with mean 0 and variance 1; silence stays silent."""
    if not len(wave):
        return wave
    return np.asarray((wave - wave.mean()) / np.sqrt(wave.var() + _VARIANCE_FLOOR), np.float32)

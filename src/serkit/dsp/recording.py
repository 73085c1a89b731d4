"""Properties of a recording: level, noise, bandwidth, clipping."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from serkit.dsp.noise import Samples

MEASURES = {
    "level": "level of its loud frames in dB relative to full scale",
    "snr": "level of its loud frames over that of its quiet ones in dB",
    "bandwidth": "highest frequency in Hz that is more than rounding noise",
    "clipped": "share of samples in runs of three or more at the clip's highest or lowest value",
}
"""What :func:`describe_recording` returns, in order."""

_FRAME_SECONDS = 0.02
_LOUD, _QUIET = 95.0, 5.0
"""Percentiles of the frames' levels."""

_SILENCE = -90.0
"""Frames below this level, in dB of full scale, are digital silence and not used for noise."""

_TRANSFORM = 1_024
_OVER_ROUNDING, _UNDER_PEAK = 6.0, 75.0
"""A frequency counts if its power is this many dB above that of rounding to 16 bits, and not
further than this below the strongest one."""

_RUN = 3


def describe_recording(samples: Samples, sample_rate: int) -> npt.NDArray[np.float32]:
    """Describe a recording in the numbers of :data:`MEASURES`.

    Args:
        samples: Shape ``(samples,)``, one or more.
        sample_rate: In Hz.

    Returns:
        Shape ``(4,)``, finite.

    Example:
        >>> tone = 8_192 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)
        >>> level, snr, bandwidth, clipped = describe_recording(tone.astype(np.int16), 48_000)
        >>> round(float(level)), round(float(snr)), float(clipped)
        (-15, 0, 0.0)
    """
    signal = samples.astype(np.float64) / 32_768.0
    levels = _levels(signal, round(_FRAME_SECONDS * sample_rate))
    heard = levels[levels > _SILENCE] if (levels > _SILENCE).any() else levels
    loud, quiet = np.percentile(heard, [_LOUD, _QUIET])
    found = (loud, loud - quiet, _bandwidth(signal, sample_rate), _clipped(samples))
    return np.array(found, np.float32)


def _levels(signal: npt.NDArray[np.float64], frame: int) -> npt.NDArray[np.float64]:
    count = max(1, len(signal) // frame)
    padded = np.zeros(count * frame)
    kept = signal[: count * frame]
    padded[: len(kept)] = kept
    power = np.mean(padded.reshape(count, frame) ** 2, axis=1)
    return np.asarray(10.0 * np.log10(np.maximum(power, 1e-12)))


def _bandwidth(signal: npt.NDArray[np.float64], sample_rate: int) -> float:
    count = max(1, len(signal) // _TRANSFORM)
    padded = np.zeros(count * _TRANSFORM)
    kept = signal[: count * _TRANSFORM]
    padded[: len(kept)] = kept
    window = np.hanning(_TRANSFORM)
    spectra = np.abs(np.fft.rfft(padded.reshape(count, _TRANSFORM) * window, axis=1)) ** 2
    density = spectra.mean(axis=0) / np.sum(window**2)
    level = 10.0 * np.log10(np.maximum(density, 1e-15))
    rounding = 10.0 * np.log10(1.0 / 12.0 / 32_768.0**2)
    above = np.flatnonzero(level > max(rounding + _OVER_ROUNDING, level.max() - _UNDER_PEAK))
    return float(above[-1] * sample_rate / _TRANSFORM) if len(above) else 0.0


def _clipped(samples: Samples) -> float:
    """Return the share of samples in runs at the extremes; silence is none."""
    if not samples.any():
        return 0.0
    at_edge = (samples == samples.max()) | (samples == samples.min())
    edges = np.diff(np.concatenate(([False], at_edge, [False])).astype(np.int8))
    lengths = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    return float(lengths[lengths >= _RUN].sum() / len(samples))

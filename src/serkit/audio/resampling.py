"""Signals from one rate to another."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_BLOCK = 1 << 22
"""Samples resampled at a time: as floats, all of a long recording would take much memory."""


def resample(samples: npt.NDArray[np.int16], from_rate: int, to_rate: int) -> npt.NDArray[np.int16]:
    """Bring a signal to another rate by soxr (HQ).

    Args:
        samples: int16 amplitudes, shape ``(frames,)``.
        from_rate: Their rate in Hz.
        to_rate: The wanted rate in Hz.

    Returns:
        int16 amplitudes, rounded and clipped, about ``frames * to_rate / from_rate`` of them.
    """
    import soxr

    if len(samples) <= _BLOCK:
        # In float32: soxr adds dither to integers, and silence would not stay silent.
        return _rounded(soxr.resample(samples.astype(np.float32), from_rate, to_rate, quality="HQ"))
    stream = soxr.ResampleStream(from_rate, to_rate, 1, dtype="float32", quality="HQ")
    return np.concatenate(
        [
            _rounded(
                stream.resample_chunk(
                    samples[first : first + _BLOCK].astype(np.float32),
                    last=first + _BLOCK >= len(samples),
                )
            )
            for first in range(0, len(samples), _BLOCK)
        ]
    )


def _rounded(exact: Any) -> npt.NDArray[np.int16]:
    return np.asarray(np.clip(np.rint(exact), -32768, 32767), np.int16)

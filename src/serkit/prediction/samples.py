"""Samples in memory, from a microphone or a program, as decoded audio."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.audio import Audio, resample
from serkit.clips import SAMPLE_RATE
from serkit.errors import EmptyAudioError, NonFiniteAudioError, UnreadableAudioError

LOWEST_RATE, HIGHEST_RATE = 1_000, 1_000_000
"""Rates in Hz that can be a recording's."""


def audio_of_samples(
    samples: npt.NDArray[Any], sample_rate: int = SAMPLE_RATE, *, channel: int = 0
) -> Audio:
    """Bring samples in memory to the form that decoded files have.

    Args:
        samples: int16 amplitudes, or floats from -1 to 1; shape ``(n,)`` or ``(n, channels)``.
        sample_rate: In Hz.
        channel: The channel that is kept.

    Raises:
        EmptyAudioError: There are none.
        NonFiniteAudioError: Some are NaN or infinite.
        UnreadableAudioError: They are of another shape or type, or of an impossible rate.

    Example:
        >>> audio_of_samples(np.zeros(16_000, np.int16), 16_000).num_frames
        48000
    """
    if samples.ndim not in (1, 2):
        raise UnreadableAudioError(
            f"samples of shape {samples.shape}", allowed="(n,) and (n, channels) are allowed"
        )
    wide = samples if samples.ndim == 2 else samples[:, np.newaxis]
    if not wide.size:
        raise EmptyAudioError("there are no samples")
    if not 0 <= channel < wide.shape[1]:
        raise UnreadableAudioError(
            f"channel {channel} of audio with {wide.shape[1]}",
            allowed=f"0 to {wide.shape[1] - 1} are there",
        )
    if not LOWEST_RATE <= sample_rate <= HIGHEST_RATE:
        raise UnreadableAudioError(
            f"a sample rate of {sample_rate:,} Hz",
            allowed=f"{LOWEST_RATE:,} to {HIGHEST_RATE:,} Hz are allowed",
        )
    pcm = _as_int16(wide)
    digest = hashlib.sha256(np.ascontiguousarray(pcm, dtype="<i2").data).hexdigest()
    kept = np.ascontiguousarray(pcm[:, channel])
    if sample_rate == SAMPLE_RATE:
        return Audio(kept, digest, wide.shape[1], None)
    resampled = resample(kept, sample_rate, SAMPLE_RATE)
    if not len(resampled):
        raise EmptyAudioError(f"{len(kept)} samples are too few to resample")
    return Audio(resampled, digest, wide.shape[1], sample_rate)


def _as_int16(samples: npt.NDArray[Any]) -> npt.NDArray[np.int16]:
    if samples.dtype == np.int16:
        return samples
    if samples.dtype.kind != "f":
        raise UnreadableAudioError(
            f"samples of type {samples.dtype}",
            allowed="int16, and floats from -1 to 1, are allowed",
        )
    if not np.isfinite(samples).all():
        count = int(np.count_nonzero(~np.isfinite(samples)))
        raise NonFiniteAudioError(
            f"{count:,} of {samples.size:,} samples {'is' if count == 1 else 'are'} NaN or infinite"
        )
    return np.clip(np.rint(samples.astype(np.float64) * 32768.0), -32768, 32767).astype(np.int16)

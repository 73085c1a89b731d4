"""Speech detection by energy: silence is not an emotion."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from serkit.clips import SAMPLE_RATE

FRAME = SAMPLE_RATE // 100
"""Samples of a frame: 10 ms."""

BELOW_SPEECH = 35.0
"""Frames this many dB below the recording's loud frames are silence: within a sentence, speech
seldom falls further."""

ABOVE_NOISE = 6.0
"""Frames must be this many dB above the recording's quietest tenth, where that is below speech."""

SILENCE = -60.0
"""Level in dB of full scale below which nothing is speech, however quiet the recording."""


def levels(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """Return the level of each frame in dB of full scale, shape ``(frames,)``; silence is -120.

    Example:
        >>> levels(np.full(960, 3277, np.int16)).round().tolist()
        [-20.0, -20.0]
    """
    count = max(1, len(samples) // FRAME)
    padded = np.zeros(count * FRAME)
    kept = samples[: count * FRAME]
    padded[: len(kept)] = kept
    power = (padded.reshape(count, FRAME) / 32768.0) ** 2
    return np.asarray(10 * np.log10(np.maximum(power.mean(axis=1), 1e-12)))


def speech_frames(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
    """Return for each 10 ms frame whether it is loud enough to be speech, shape ``(frames,)``."""
    level = levels(samples)
    loud, quiet = np.percentile(level, [95, 10])
    threshold = max(loud - BELOW_SPEECH, SILENCE)
    if quiet < loud - 2 * ABOVE_NOISE:  # otherwise the recording is all speech or has none
        threshold = max(threshold, quiet + ABOVE_NOISE)
    return np.asarray(level >= threshold)

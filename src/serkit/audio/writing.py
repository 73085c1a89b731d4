"""Samples into WAV files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from serkit.audio.names import named
from serkit.clips import SAMPLE_RATE


def write_wav(path: Path, samples: npt.NDArray[np.int16], sample_rate: int = SAMPLE_RATE) -> None:
    """Write int16 samples, shape ``(frames,)`` or ``(frames, channels)``, as a 16-bit WAV file."""
    import soundfile

    soundfile.write(named(path), samples, sample_rate, subtype="PCM_16", format="WAV")

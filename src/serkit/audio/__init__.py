"""Audio files as int16 samples: the only place that touches soundfile and soxr.

Every signal leaves here the same way: one channel, int16 amplitudes, 48 kHz. What the file held
before that is kept beside it (rate, channels, the SHA-256 of its samples).
"""

from __future__ import annotations

from serkit.audio.reading import SUFFIXES, Audio, AudioHeader, AudioNote, read_audio, read_header
from serkit.audio.resampling import resample
from serkit.audio.writing import write_wav

__all__ = [
    "SUFFIXES",
    "Audio",
    "AudioHeader",
    "AudioNote",
    "read_audio",
    "read_header",
    "resample",
    "write_wav",
]

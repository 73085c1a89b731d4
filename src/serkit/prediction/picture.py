"""A picture of a recording: waveform outline and mel spectrogram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serkit.audio import resample
from serkit.clips import SAMPLE_RATE
from serkit.dsp.mel import apply_mel_bank, power_to_db
from serkit.dsp.stft import StftSettings, power_spectrogram

_RATE = 16_000
_BANDS = 64
_MOST_FRAMES = 600


@dataclass(frozen=True)
class SoundPicture:
    """A recording, small enough to be sent and drawn.

    Attributes:
        outline: Lowest and highest sample of each stretch, -1 to 1, shape ``(n, 2)``.
        mel: Level of each band to 8 kHz over time, 0 (80 dB below the loudest) to 255, uint8,
            shape ``(64, frames)``.
    """

    outline: npt.NDArray[np.float32]
    mel: npt.NDArray[np.uint8]


def sound_picture(samples: npt.NDArray[np.int16], *, points: int = 600) -> SoundPicture:
    """Draw a recording.

    Args:
        samples: int16 amplitudes at 48 kHz, shape ``(n,)``.
        points: Most stretches of the outline.
    """
    pieces = np.array_split(samples, min(points, len(samples)))
    outline = np.array([(piece.min(), piece.max()) for piece in pieces], np.float32)
    return SoundPicture((outline / 32768).astype(np.float32), _mel(samples))


def _mel(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.uint8]:
    signal = resample(samples, SAMPLE_RATE, _RATE).astype(np.float32)
    hop = max(160, -(-len(signal) // _MOST_FRAMES))
    power, _ = power_spectrogram(signal, StftSettings(512, hop, 0))
    bands = apply_mel_bank(power, sample_rate=_RATE, n_mels=_BANDS)
    loudest = float(max(bands.max(), 1e-10))
    levels = power_to_db(bands, reference=loudest, top_db=80.0)
    return np.asarray(np.clip((levels + 80) / 80 * 255, 0, 255), np.uint8)

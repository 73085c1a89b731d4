"""One clip to look at and listen to: its waveform, its mel spectrogram, its sound."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from serkit.clips import SAMPLE_RATE
from serkit.dsp.mel import apply_mel_bank, mel_edges, power_to_db
from serkit.dsp.stft import StftSettings, power_spectrogram
from serkit.errors import unknown_name

if TYPE_CHECKING:
    import pandas as pd

    from serkit.store.store import FeatureStore

N_FFT, HOP_LENGTH, N_MELS = 2048, 512, 128

HIGHEST = 8_000.0
"""Hz to which the spectrogram is shown."""


@dataclass(frozen=True)
class Example:
    """One clip with its samples.

    Attributes:
        clip_id: The clip.
        about: Description, such as ``"angry, strong, male"``.
        samples: int16 amplitudes at 48 kHz, shape (samples,).
    """

    clip_id: str
    about: str
    samples: npt.NDArray[np.int16]

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.samples) / SAMPLE_RATE

    @cached_property
    def decibels(self) -> npt.NDArray[np.float32]:
        """Its mel power in dB below the clip's maximum, shape (128, frames)."""
        settings = StftSettings(N_FFT, HOP_LENGTH, pad_to=0)
        power, _ = power_spectrogram(self.samples.astype(np.float32), settings)
        mel = apply_mel_bank(power, sample_rate=SAMPLE_RATE, n_mels=N_MELS)
        return power_to_db(mel, reference=float(mel.max(initial=0.0)))

    @property
    def frequencies(self) -> npt.NDArray[np.float64]:
        """The peak of each mel band in Hz, shape (128,)."""
        return mel_edges(SAMPLE_RATE, N_MELS)[1:-1]


def example(store: FeatureStore, clips: pd.DataFrame, clip_id: str | None) -> Example:
    """Read one clip's samples from a store.

    Args:
        store: The store, which holds ``raw``.
        clips: Its clips.
        clip_id: The clip; None takes one of middling length.

    Raises:
        UnknownNameError: No such clip.
    """
    if clip_id is None:
        by_length = clips["num_frames"].sort_values(kind="stable")
        clip_id = str(by_length.index[len(by_length) // 2])
    elif clip_id not in clips.index:
        raise unknown_name("clip", clip_id, clips.index)
    row = clips.loc[clip_id]
    columns = ("emotion", "intensity", "sex", "statement")
    about = ", ".join(str(row[c]) for c in columns if c in row and row[c] not in ("", "unknown"))
    samples = store.read("raw", [clip_id], padded=False).X[0]
    return Example(clip_id, about, np.asarray(samples, np.int16))

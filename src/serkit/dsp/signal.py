"""One clip's signal, with what several features share computed once."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from serkit.clips import SAMPLE_RATE
from serkit.dsp.scratch import Scratch
from serkit.dsp.stft import StftSettings, power_spectrogram


def samples_at(sample_rate: int, num_frames: int) -> int:
    """Return how many samples a signal of that many at 48 kHz has at most at another rate."""
    if sample_rate == SAMPLE_RATE:
        return num_frames
    return -(-num_frames * sample_rate // SAMPLE_RATE) + 1  # resampling may round either way


class Signal:
    """A clip's samples and, remembered for as long as the clip is at work, what derives from them.

    Args:
        samples: int16 amplitudes, shape ``(num_frames,)``.
        sample_rate: In Hz.
        scratch: Memory for spectrograms: good until the next signal uses it. None takes fresh
            memory.
    """

    def __init__(
        self,
        samples: npt.NDArray[np.int16],
        sample_rate: int = SAMPLE_RATE,
        *,
        scratch: Scratch | None = None,
    ) -> None:
        self.samples = samples
        self.sample_rate = sample_rate
        self._scratch = scratch
        self._resampled: dict[int, Signal] = {sample_rate: self}
        self._power: dict[StftSettings, tuple[npt.NDArray[np.float32], int]] = {}

    @cached_property
    def as_float(self) -> npt.NDArray[np.float32]:
        """The amplitudes as float32, not scaled: from -32,768 to 32,767."""
        return self.samples.astype(np.float32)

    def at(self, sample_rate: int) -> Signal:
        """Return this signal at another rate (soxr HQ)."""
        if sample_rate not in self._resampled:
            from serkit.audio import resample  # needs soxr, which most recipes do not

            samples = resample(self.samples, self.sample_rate, sample_rate)
            self._resampled[sample_rate] = Signal(samples, sample_rate)
        return self._resampled[sample_rate]

    def power_spectrogram(self, settings: StftSettings) -> tuple[npt.NDArray[np.float32], int]:
        """Return :func:`serkit.dsp.stft.power_spectrogram` of this signal, computed once."""
        if settings not in self._power:
            self._power[settings] = power_spectrogram(self.as_float, settings, self._scratch)
        return self._power[settings]

"""One clip's signal; results that several features share are computed once."""

from __future__ import annotations

from functools import cached_property, partial

import numpy as np
import numpy.typing as npt

from serkit.clips import SAMPLE_RATE
from serkit.dsp.kernel import MelBank, is_supported, mel_spectrograms
from serkit.dsp.mel import apply_mel_bank
from serkit.dsp.scratch import Scratch
from serkit.dsp.stft import StftSettings, frame_bytes, power_blocks, power_spectrogram

_SHARED_BYTES = 64 * 2**20
"""Largest spectrogram that is kept for several features: three minutes of 2,048-sample frames."""


def samples_at(sample_rate: int, num_frames: int) -> int:
    """Return the maximum number of samples at another rate for a given number at 48 kHz."""
    if sample_rate == SAMPLE_RATE:
        return num_frames
    return -(-num_frames * sample_rate // SAMPLE_RATE) + 1  # resampling may round either way


class Signal:
    """A clip's samples, with cached intermediate results shared by several features.

    Args:
        samples: int16 amplitudes, shape ``(num_frames,)``.
        sample_rate: In Hz.
        scratch: Reusable memory for spectrograms, valid until the next signal uses it. None
            allocates new memory.

    Example:
        >>> signal = Signal(np.zeros(48_000, np.int16))
        >>> signal.at(16_000).samples.shape
        (16000,)
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
        self._resampled: dict[int, Signal] = {}  # others only: a circle would keep the memory
        self._power: dict[StftSettings, tuple[npt.NDArray[np.float32], int]] = {}
        self._announced: dict[StftSettings, dict[MelBank, None]] = {}
        self._mel: dict[tuple[StftSettings, MelBank], npt.NDArray[np.float32]] = {}

    @cached_property
    def as_float(self) -> npt.NDArray[np.float32]:
        """The amplitudes as float32, not scaled: from -32,768 to 32,767."""
        return self.samples.astype(np.float32)

    def at(self, sample_rate: int) -> Signal:
        """Return this signal at another rate (soxr HQ)."""
        if sample_rate == self.sample_rate:
            return self
        if sample_rate not in self._resampled:
            from serkit.audio import resample  # needs soxr, which most recipes do not

            samples = resample(self.samples, self.sample_rate, sample_rate)
            self._resampled[sample_rate] = Signal(samples, sample_rate)
        return self._resampled[sample_rate]

    def announce_mel(self, settings: StftSettings, bank: MelBank) -> None:
        """Announce a :meth:`mel_spectrogram` call, so that all mel banks are computed at once."""
        self._announced.setdefault(settings, {})[bank] = None

    def mel_spectrogram(
        self, settings: StftSettings, bank: MelBank
    ) -> tuple[npt.NDArray[np.float32], int]:
        """Return the mel powers of the live frames, and the number of zero frames before them.

        Where the compiled kernel is installed, it computes this bank and those announced at once.

        Args:
            settings: The transform.
            bank: The filters.

        Returns:
            Shape ``(n_mels, live)``, float32, and a number of frames.

        Raises:
            ClipTooLongError: The signal is longer than ``settings.pad_to``.
        """
        place = settings.place(len(self.samples))
        if not is_supported(settings):
            return self._mel_by_numpy(settings, bank, place.live), place.lead
        if (settings, bank) not in self._mel:
            banks = list({bank: None} | self._announced.get(settings, {}))
            found = mel_spectrograms(self.samples, self.sample_rate, settings, banks, self._scratch)
            self._mel |= {(settings, each): bands for each, bands in zip(banks, found, strict=True)}
        return self._mel.pop((settings, bank)), place.lead

    def _mel_by_numpy(
        self, settings: StftSettings, bank: MelBank, live: int
    ) -> npt.NDArray[np.float32]:
        """Compute mel powers from a spectrogram that all banks share, where it is small.

        A long one is never held whole: it is computed piece by piece, for each bank again.
        """
        apply = partial(
            apply_mel_bank,
            sample_rate=self.sample_rate,
            n_mels=bank.n_mels,
            fmin=bank.fmin,
            fmax=bank.fmax,
        )
        if live * frame_bytes(settings) <= _SHARED_BYTES:
            return apply(self.power_spectrogram(settings)[0])
        bands = np.empty((bank.n_mels, live), np.float32)
        first = 0
        for power in power_blocks(self.as_float, settings, self._scratch, most_bytes=_SHARED_BYTES):
            bands[:, first : first + power.shape[1]] = apply(power)
            first += power.shape[1]
        return bands

    def power_spectrogram(self, settings: StftSettings) -> tuple[npt.NDArray[np.float32], int]:
        """Return :func:`serkit.dsp.stft.power_spectrogram` of this signal, computed once."""
        if settings not in self._power:
            self._power[settings] = power_spectrogram(self.as_float, settings, self._scratch)
        return self._power[settings]

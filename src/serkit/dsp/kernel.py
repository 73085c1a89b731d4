"""Mel spectrograms by the compiled kernel, where the package ``serkit-native`` is installed.

The NumPy and SciPy implementation in :mod:`serkit.dsp.signal` is the reference and the fallback.
Both pass the same tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.dsp.mel import sparse_mel_bank
from serkit.dsp.scratch import Scratch
from serkit.dsp.stft import StftSettings, hann


@dataclass(frozen=True, slots=True)
class MelBank:
    """A bank of mel filters on Slaney's scale.

    Attributes:
        n_mels: Number of bands.
        fmin: Lower edge of the lowest band, in Hz.
        fmax: Upper edge of the highest band, in Hz; None is half the sample rate.
    """

    n_mels: int
    fmin: float = 0.0
    fmax: float | None = None


@cache
def native() -> Any | None:
    """Return the compiled module, or None where it is not installed."""
    try:
        import serkit_native
    except ImportError:
        return None
    return serkit_native


def is_supported(settings: StftSettings) -> bool:
    """Return whether the kernel is installed and supports this frame length."""
    module = native()
    return module is not None and settings.n_fft in module.FRAME_LENGTHS


def mel_spectrograms(
    samples: npt.NDArray[np.int16],
    sample_rate: int,
    settings: StftSettings,
    banks: Sequence[MelBank],
    scratch: Scratch | None = None,
) -> list[npt.NDArray[np.float32]]:
    """Compute the mel powers of a front-padded signal for several banks at once.

    Args:
        samples: The signal before padding, shape ``(num_frames,)``.
        sample_rate: In Hz.
        settings: The transform, one that :func:`is_supported`.
        banks: The banks.
        scratch: Memory for the padded signal; None takes fresh memory.

    Returns:
        For each bank the powers of the live frames, shape ``(n_mels, live)``.

    Raises:
        ClipTooLongError: The signal is longer than ``settings.pad_to``.
    """
    place = settings.place(len(samples))
    samples = samples[place.skipped :]
    size = place.live * settings.hop_length + settings.n_fft
    end = place.start + len(samples)
    memory = (scratch or Scratch()).array("int16 samples", max(size, end) // 2 + 1)
    buffer = memory.view(np.int16)
    buffer[: place.start] = 0
    buffer[place.start : end] = samples
    buffer[end:] = 0
    results = [np.empty((bank.n_mels, place.live), np.float32) for bank in banks]
    weights = [_rows(sample_rate, settings.n_fft, bank) for bank in banks]
    module = native()
    assert module is not None  # the caller asked is_supported()
    module.mel_spectrograms(
        buffer,
        hann(settings.n_fft),
        settings.hop_length,
        place.live,
        [(*bank, result) for bank, result in zip(weights, results, strict=True)],
    )
    return results


@cache
def _rows(sample_rate: int, n_fft: int, bank: MelBank) -> tuple[npt.NDArray[Any], ...]:
    """Return a bank as the kernel reads it: first bins, numbers of bins, weights.

    The bins of a band are contiguous, so the first bin and the count identify them.
    """
    sparse = sparse_mel_bank(sample_rate, n_fft, bank.n_mels, bank.fmin, bank.fmax)
    lengths = np.diff(sparse.indptr)
    starts = np.zeros(bank.n_mels, np.int32)
    starts[lengths > 0] = sparse.indices[sparse.indptr[:-1][lengths > 0]]
    return starts, lengths.astype(np.int32), np.ascontiguousarray(sparse.data, np.float32)

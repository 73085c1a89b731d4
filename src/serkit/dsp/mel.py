"""Mel filter banks (Slaney's scale and normalisation), applied sparsely.

A bank of 256 bands over 1,025 bins has about 1 % non-zero weights, so a sparse product does a
hundredth of a dense one's work. Source of the scale: Slaney, Auditory Toolbox (1998), as in
librosa's ``filters.mel`` with its default arguments.
"""

from __future__ import annotations

from functools import cache
from typing import cast

import numpy as np
import numpy.typing as npt

from serkit.dsp.sparse import SparseRows

_LINEAR_STEP = 200.0 / 3  # Hz a mel below 1 kHz
_LOG_START = 1000.0 / _LINEAR_STEP  # 1 kHz in mels
_LOG_STEP = np.log(6.4) / 27.0  # above it, 27 mels are a factor of 6.4


def hz_to_mel(hz: float) -> float:
    """Convert a frequency in Hz to mels on Slaney's scale."""
    if hz < 1000.0:
        return hz / _LINEAR_STEP
    return float(_LOG_START + np.log(hz / 1000.0) / _LOG_STEP)


def mel_to_hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Convert mels on Slaney's scale to frequencies in Hz."""
    return np.where(
        mel < _LOG_START,
        mel * _LINEAR_STEP,
        1000.0 * np.exp(_LOG_STEP * (mel - _LOG_START)),
    )


def mel_edges(
    sample_rate: int, n_mels: int, fmin: float = 0.0, fmax: float | None = None
) -> npt.NDArray[np.float64]:
    """Return where the bands of a bank begin, peak and end.

    Args:
        sample_rate: In Hz.
        n_mels: Number of bands.
        fmin: Lower edge of the lowest band, in Hz.
        fmax: Upper edge of the highest band, in Hz; None is half the sample rate.

    Returns:
        Frequencies in Hz, shape ``(n_mels + 2,)``: band ``b`` rises from the b-th, peaks at the
        next and ends at the one after that.
    """
    top = sample_rate / 2 if fmax is None else fmax
    return mel_to_hz(np.linspace(hz_to_mel(fmin), hz_to_mel(top), n_mels + 2))


@cache
def mel_bank(
    sample_rate: int, n_fft: int, n_mels: int, fmin: float = 0.0, fmax: float | None = None
) -> npt.NDArray[np.float32]:
    """Build a bank of triangular filters, each of unit area (Slaney normalisation).

    Args:
        sample_rate: In Hz.
        n_fft: Samples in a frame.
        n_mels: Number of bands.
        fmin: Lower edge of the lowest band, in Hz.
        fmax: Upper edge of the highest band, in Hz; None is half the sample rate.

    Returns:
        Weights, shape ``(n_mels, 1 + n_fft // 2)``, float32, read-only.
    """
    weights = sparse_mel_bank(sample_rate, n_fft, n_mels, fmin, fmax).dense()
    weights.flags.writeable = False
    return weights


@cache
def sparse_mel_bank(
    sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float | None
) -> SparseRows:
    """Return :func:`mel_bank` without its zeros.

    Each bin belongs to at most two bands, so memory grows with the bins, not with bins times bands.
    """
    edges = mel_edges(sample_rate, n_mels, fmin, fmax)
    bins = np.fft.rfftfreq(n_fft, 1.0 / sample_rate)
    column = np.flatnonzero((bins > edges[0]) & (bins < edges[-1]))
    above = np.searchsorted(edges, bins[column], "right") - 1  # the edge at or below each bin
    band = np.concatenate([above, above - 1])  # there one band rises and the one before falls
    column = np.concatenate([column, column])
    inside = (band >= 0) & (band < n_mels)
    band, column = band[inside], column[inside]
    rising = (bins[column] - edges[band]) / (edges[band + 1] - edges[band])
    falling = (edges[band + 2] - bins[column]) / (edges[band + 2] - edges[band + 1])
    area = 2.0 / (edges[band + 2] - edges[band])
    weight = (np.minimum(rising, falling) * area).astype(np.float32)
    return SparseRows.of(band, column, weight, (n_mels, len(bins)))


def empty_bands(
    sample_rate: int, n_fft: int, n_mels: int, fmin: float = 0.0, fmax: float | None = None
) -> int:
    """Return how many bands of a bank fall between two bins and are therefore always zero.

    Example:
        >>> empty_bands(48_000, 2048, 128), empty_bands(48_000, 256, 128)
        (0, 34)
    """
    edges = mel_edges(sample_rate, n_mels, fmin, fmax)
    step = sample_rate / n_fft
    first = (np.floor(edges[:-2] / step) + 1) * step  # the first bin above a band's lower edge
    return int(np.count_nonzero((first >= edges[2:]) | (first > sample_rate / 2)))


def apply_mel_bank(
    power: npt.NDArray[np.float32],
    *,
    sample_rate: int,
    n_mels: int,
    fmin: float = 0.0,
    fmax: float | None = None,
) -> npt.NDArray[np.float32]:
    """Sum a power spectrogram into mel bands.

    Args:
        power: Shape ``(1 + n_fft // 2, frames)``, float32.
        sample_rate: In Hz.
        n_mels: Number of bands.
        fmin: Lower edge of the lowest band, in Hz.
        fmax: Upper edge of the highest band, in Hz; None is half the sample rate.

    Returns:
        Mel power, shape ``(n_mels, frames)``, float32.
    """
    n_fft = 2 * (power.shape[0] - 1)
    bank = sparse_mel_bank(sample_rate, n_fft, n_mels, fmin, fmax)
    return bank @ power


def power_to_db(
    power: npt.NDArray[np.float32],
    *,
    reference: float = 1.0,
    floor: float = 1e-10,
    top_db: float | None = 80.0,
) -> npt.NDArray[np.float32]:
    """Convert one clip's power to decibels, as librosa's ``power_to_db``.

    Args:
        power: Any shape.
        reference: The power that is 0 dB.
        floor: Powers below it count as it.
        top_db: Values further than this below the clip's maximum are raised to there; None not.

    Returns:
        Decibels, float32, of the same shape.
    """
    decibels = np.log10(np.maximum(power, np.float32(floor)))
    decibels *= np.float32(10.0)
    decibels -= np.float32(10.0 * np.log10(max(floor, reference)))
    if top_db is not None and decibels.size:
        np.maximum(decibels, decibels.max() - np.float32(top_db), out=decibels)
    return cast("npt.NDArray[np.float32]", decibels)

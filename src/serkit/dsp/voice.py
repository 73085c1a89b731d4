"""The quality of a voice, frame by frame: its harmonics and its periodicity."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from serkit.dsp import fft
from serkit.dsp.cepstrum import decibels
from serkit.dsp.shape import Bins

Floats = npt.NDArray[np.float32]


def harmonic_differences(power: Floats, f0: Floats, bins: Bins) -> Floats:
    """Return the levels of harmonics 2, 3 and 4 below the first, in dB.

    Args:
        power: Spectra, shape (frames, bins.count).
        f0: Fundamental frequency of each frame in Hz, shape (frames,).
        bins: The frequency bins of the spectra.

    Returns:
        Shape (frames, 3): H1 - H2, H1 - H3, H1 - H4.
    """
    order = np.arange(1, 5, dtype=np.float32)
    place = f0[:, np.newaxis] * order * (2 * (bins.count - 1) / bins.sample_rate)
    nearest = np.clip(np.rint(place).astype(np.intp), 1, bins.count - 2)
    rows = np.arange(len(power))[:, np.newaxis]
    # The true peak is within one bin of f0's prediction.
    peak = np.maximum.reduce([power[rows, nearest + step] for step in (-1, 0, 1)])
    level = decibels(peak)
    return level[:, :1] - level[:, 1:]


def cepstral_peak(power: Floats, bins: Bins, minimum: float, maximum: float) -> Floats:
    """Return the prominence of the voice's peak in each frame's cepstrum, in dB, shape (frames,).

    The highest value of the cepstrum (of the spectrum in dB) between the quefrencies of
    ``maximum`` and ``minimum`` Hz, over the mean there.

    Source: J. Hillenbrand et al. (1994), with the mean in place of a regression line.
    """
    quefrencies = slice(int(bins.sample_rate / maximum), int(bins.sample_rate / minimum) + 1)
    part = np.abs(fft.irfft(decibels(power), axis=1)[:, quefrencies])
    return np.asarray(part.max(axis=1) - part.mean(axis=1))


def harmonicity(aperiodicity: Floats) -> Floats:
    """Return the ratio of periodic to other power in dB, within 30 dB of 0.

    Args:
        aperiodicity: YIN's normalised difference, 0 to 1, any shape.
    """
    share = np.clip(aperiodicity, 1e-3, 0.999)
    return np.asarray(10.0 * np.log10((1.0 - share) / share), np.float32)

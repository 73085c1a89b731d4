"""Chroma: the distribution of a spectrum's power over the twelve pitch classes, in any octave.

Source: Ellis (2007), "Chroma feature analysis and synthesis", as in librosa's ``filters.chroma``
with its default arguments.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

REFERENCE = 440.0
"""Frequency in Hz of the A that pitch classes are counted from."""

_CENTRE, _WIDTH = 5.0, 2.0
"""Octave above ``REFERENCE / 16`` that weighs most, and the deviation of its Gaussian."""


@cache
def chroma_bank(sample_rate: int, n_fft: int, n_chroma: int = 12, tuning: float = 0.0) -> Floats:
    """Build the weights that spread the bins of a spectrum over pitch classes.

    Args:
        sample_rate: In Hz.
        n_fft: Samples in a frame.
        n_chroma: Pitch classes in an octave; class 0 is C.
        tuning: How far the recording is from 440 Hz, in fractions of a class.

    Returns:
        Shape ``(n_chroma, 1 + n_fft // 2)``, read-only.
    """
    frequencies = np.linspace(0, sample_rate, n_fft, endpoint=False)[1:]
    concert = REFERENCE * 2.0 ** (tuning / n_chroma)
    places = n_chroma * np.log2(frequencies / (concert / 16))
    # The bin of 0 Hz has no pitch: an octave and a half below the next, it is wide and weak.
    places = np.concatenate(([places[0] - 1.5 * n_chroma], places))
    widths = np.concatenate((np.maximum(np.diff(places), 1.0), [1.0]))
    half = np.round(n_chroma / 2)
    distance = places - np.arange(n_chroma)[:, np.newaxis]
    distance = np.remainder(distance + half + 10 * n_chroma, n_chroma) - half
    weights = np.exp(-0.5 * (2 * distance / widths) ** 2)
    weights /= np.linalg.norm(weights, axis=0)
    weights *= np.exp(-0.5 * ((places / n_chroma - _CENTRE) / _WIDTH) ** 2)
    weights = np.roll(weights, -3 * (n_chroma // 12), axis=0)  # from A to C
    bank = np.ascontiguousarray(weights[:, : 1 + n_fft // 2], np.float32)
    bank.flags.writeable = False
    return bank


def chroma(power: Floats, bank: Floats) -> Floats:
    """Return the strength of each pitch class, the strongest of a frame being 1.

    Args:
        power: Power spectra, shape ``(bins, frames)``.
        bank: Of :func:`chroma_bank`, shape ``(n_chroma, bins)``.

    Returns:
        Shape ``(n_chroma, frames)``; all zeros in a silent frame.

    Example:
        >>> bank = chroma_bank(48_000, 4_096)
        >>> tone = np.zeros((2_049, 1), np.float32)
        >>> tone[38] = 1.0  # the bin of 445 Hz: an A, nine semitones above C
        >>> int(chroma(tone, bank).argmax())
        9
    """
    classes = bank @ power
    strongest = classes.max(axis=0)
    silent = strongest < np.finfo(np.float32).tiny
    return np.asarray(classes / np.where(silent, 1.0, strongest), np.float32)

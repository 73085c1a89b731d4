"""Fundamental frequency and periodicity of each frame, by the YIN method.

Source: A. de Cheveigné, H. Kawahara (2002), "YIN, a fundamental frequency estimator for speech
and music", J. Acoust. Soc. Am. 111(4), steps 1 to 5. Frames are worked on in blocks, with the
difference function taken from batches of FFTs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.dsp import fft

Floats = npt.NDArray[np.float32]

_BLOCK = 64
"""Frames compared with their copies at a time, so that all of it stays in the caches."""


@dataclass(frozen=True, slots=True)
class PitchTrack:
    """The pitch of each frame.

    Attributes:
        f0: Fundamental frequency in Hz, shape (frames,). Every frame has one, also those
            without a voice: look at ``aperiodicity`` before believing it.
        aperiodicity: The normalised difference at that period, shape (frames,): 0 for a
            perfectly periodic frame, about 1 for noise and for silence.
    """

    f0: Floats
    aperiodicity: Floats


def yin(
    signal: Floats,
    sample_rate: int,
    *,
    hop_length: int,
    window: int = 512,
    minimum: float = 65.0,
    maximum: float = 800.0,
    threshold: float = 0.15,
    frames: slice | None = None,
) -> PitchTrack:
    """Estimate the pitch around every ``hop_length``-th sample.

    Args:
        signal: Samples, shape (samples,).
        sample_rate: Samples a second.
        hop_length: Samples between the centres of two frames; the first one is at sample 0.
        window: Samples that are compared with their shifted copy.
        minimum: Lowest frequency sought, in Hz.
        maximum: Highest frequency sought, in Hz.
        threshold: The shortest period whose normalised difference has a local minimum below
            this is used; if there is none, the global minimum.
        frames: The frames to estimate; None is all.

    Returns:
        The pitch of these out of ``1 + samples // hop_length`` frames.
    """
    shortest, longest = floor(sample_rate / maximum), ceil(sample_rate / minimum)
    chosen = frames or slice(None)
    wanted = _centred_frames(signal, window + longest + 1, hop_length)[chosen]
    # Squared once, though neighbouring frames share most of their samples.
    squared = np.square(signal, dtype=np.float64)
    squares = _centred_frames(squared, window + longest + 1, hop_length)[chosen]
    ratio = np.empty((len(wanted), longest + 2), np.float32)
    for first in range(0, len(wanted), _BLOCK):
        block = slice(first, first + _BLOCK)
        found = _normalised_difference(wanted[block], squares[block], window, longest + 1)
        ratio[block] = found
    lags = _choose_lags(ratio, shortest, longest, threshold)
    rows = np.arange(len(lags))
    before, here, after = (ratio[rows, lags + step] for step in (-1, 0, 1))
    shift, depth = _parabola(before, here, after)
    return PitchTrack(
        f0=(sample_rate / (lags + shift)).astype(np.float32),
        aperiodicity=np.clip(depth, 0.0, 1.0).astype(np.float32),
    )


def _centred_frames(signal: npt.NDArray[Any], length: int, hop_length: int) -> npt.NDArray[Any]:
    """Return the frames around every ``hop_length``-th sample, with zeros beyond the ends."""
    padded = np.zeros(length // 2 + len(signal) + length, signal.dtype)
    padded[length // 2 :][: len(signal)] = signal
    count = 1 + len(signal) // hop_length
    every = np.lib.stride_tricks.sliding_window_view(padded, length)
    return every[::hop_length][:count]


def _normalised_difference(
    frames: Floats, squares: npt.NDArray[np.float64], window: int, longest: int
) -> npt.NDArray[np.float64]:
    """Return YIN's cumulative mean normalised difference, shape (frames, longest + 1).

    Column ``lag`` compares the first ``window`` samples with those ``lag`` later. Where a frame
    is constant the ratio is 0/0 and counts as 1: nothing periodic there.
    """
    size = fft.next_fast_len(frames.shape[1])
    whole = fft.rfft(frames, size, axis=1)
    start = fft.rfft(frames[:, :window], size, axis=1)
    np.conj(start, out=start)
    start *= whole
    product = fft.irfft(start, size, axis=1)[:, : longest + 1]
    running = np.cumsum(squares, axis=1)
    energy = np.empty((len(frames), longest + 1))
    energy[:, 0] = running[:, window - 1]
    np.subtract(running[:, window : window + longest], running[:, :longest], out=energy[:, 1:])
    difference = energy[:, :1] + energy
    difference -= 2.0 * product
    np.maximum(difference, 0.0, out=difference)
    total = np.cumsum(difference[:, 1:], axis=1)
    # float32 rounding of a constant frame must not look like a period.
    audible = total > 1e-6 * energy[:, :1] + 1e-12
    ratio = np.ones_like(difference)
    difference[:, 1:] *= np.arange(1, longest + 1)
    if audible.all():
        np.divide(difference[:, 1:], total, out=ratio[:, 1:])
    else:
        np.divide(difference[:, 1:], total, out=ratio[:, 1:], where=audible)
    return ratio


def _choose_lags(
    ratio: Floats, shortest: int, longest: int, threshold: float
) -> npt.NDArray[np.intp]:
    """Return each frame's period in samples: the first deep dip, else the lowest point."""
    inside = ratio[:, shortest : longest + 1]
    dips = inside < threshold
    dips &= inside < ratio[:, shortest - 1 : longest]
    dips &= inside <= ratio[:, shortest + 1 : longest + 2]
    chosen = np.where(dips.any(axis=1), dips.argmax(axis=1), inside.argmin(axis=1))
    return np.asarray(chosen + shortest, np.intp)


def _parabola(
    before: Floats, here: Floats, after: Floats
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return where, in samples from the middle, a parabola through three points is lowest.

    And its value there. Points that do not enclose a minimum give the middle itself.
    """
    left, middle, right = (part.astype(np.float64) for part in (before, here, after))
    bend = left - 2.0 * middle + right
    enclosed = (bend > 1e-12) & (middle <= left) & (middle <= right)
    shift = np.zeros_like(middle)
    np.divide(0.5 * (left - right), bend, out=shift, where=enclosed)
    return shift, middle - 0.25 * (left - right) * shift

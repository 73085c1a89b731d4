"""Resonances: the filters of a vocal tract, fixed and moving.

A resonance is the two-pole filter of Klatt (1980): ``y[n] = b x[n] - a1 y[n-1] - a2 y[n-2]``,
with a gain of one at 0 Hz.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from serkit.clips import SAMPLE_RATE

Array = npt.NDArray[np.float64]


def sections(frequencies: npt.ArrayLike, bandwidths: npt.ArrayLike) -> Array:
    """Return resonances as the second-order sections of ``scipy.signal.sosfilt``.

    Args:
        frequencies: In Hz, any shape.
        bandwidths: In Hz, of a shape that broadcasts to the same.

    Returns:
        Shape ``(..., 6)``: ``b, 0, 0, 1, a1, a2``.
    """
    # Near the Nyquist frequency the formula no longer makes a resonance.
    frequency = np.minimum(np.asarray(frequencies, dtype=np.float64), 0.45 * SAMPLE_RATE)
    radius = np.exp(-np.pi * np.asarray(bandwidths, dtype=np.float64) / SAMPLE_RATE)
    out = np.zeros((*np.broadcast_shapes(frequency.shape, radius.shape), 6))
    out[..., 4] = -2 * radius * np.cos(2 * np.pi * frequency / SAMPLE_RATE)
    out[..., 5] = np.square(radius)
    out[..., 0] = 1 + out[..., 4] + out[..., 5]
    out[..., 3] = 1.0
    return out


def moving(blocks: Array, resonances: Array) -> Array:
    """Pass a signal through one resonance that is another one in each block.

    The same as filtering sample by sample with coefficients that change at each block's border,
    but the loop over samples runs over all blocks at once: the response of each block to preceding
    silence, plus the ringing of the two outputs before it.

    Args:
        blocks: The signal, shape ``(blocks, samples)``, at least two samples in a block.
        resonances: Each block's section, shape ``(blocks, 6)``.

    Returns:
        The filtered signal, of the shape of ``blocks``.
    """
    gain, a1, a2 = resonances[:, 0], resonances[:, 4], resonances[:, 5]
    # One column a block. Rows of `ringing` are the response to an impulse one sample earlier.
    answer, ringing = _run(gain * blocks.T, a1, a2)
    last, before = _borders(answer, ringing, a2)
    answer += last * ringing[1:]
    answer -= (a2 * before) * ringing[:-1]
    return np.ascontiguousarray(answer.T)


def _run(signal: Array, a1: Array, a2: Array) -> tuple[Array, Array]:
    """Return each column's response from rest, and its impulse response, one row longer."""
    length, count = signal.shape
    both = np.zeros((length + 3, 2, count))
    both[2:-1, 0] = signal
    both[2, 1] = 1.0
    scratch = np.empty((2, count))
    for n in range(2, length + 3):
        both[n] -= np.multiply(a1, both[n - 1], out=scratch)
        both[n] -= np.multiply(a2, both[n - 2], out=scratch)
    return both[2:-1, 0], both[2:, 1]


def _borders(answer: Array, ringing: Array, a2: Array) -> tuple[Array, Array]:
    """Return the last and the last but one output before each block."""
    rows = np.stack([answer[-1], answer[-2], ringing[-1], ringing[-2], ringing[-3], a2], axis=1)
    outputs = np.empty((len(rows), 2))
    last = before = 0.0
    for i, (y1, y2, h1, h2, h3, decay) in enumerate(rows.tolist()):
        outputs[i] = last, before
        last, before = (
            y1 + last * h1 - decay * before * h2,
            y2 + last * h2 - decay * before * h3,
        )
    return outputs[:, 0], outputs[:, 1]

"""Sequences aligned in time with a template: dynamic time warping of many at once.

``librosa.sequence.dtw`` aligns one pair, and is imported with Numba in a second. Here every step is
taken for all sequences together, one anti-diagonal of their cost matrices at a time, in NumPy; the
tests hold the costs against librosa's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int64]

DIAGONAL = 1.5
"""Weight of a step in both sequences; 1 would favour diagonals, 2 would treat all paths alike."""

_BOTH, _SEQUENCE, _TEMPLATE = 0, 1, 2
"""Which of the two a step moves on in."""

_CELLS = 2_000_000
"""Cells of the cost matrices that are filled together: with what is derived from them, 30 MB."""


@dataclass(frozen=True)
class Alignment:
    """Where sequences lie along a template.

    Attributes:
        cost: Cost of the best path divided by both lengths together, shape ``(n,)``.
        first: First frame of each sequence aligned with each frame of the template, shape
            ``(n, template frames)``.
        last: Last one, same shape. Neighbouring frames of a template may share one.
    """

    cost: Floats
    first: Counts
    last: Counts

    def take(self, positions: npt.NDArray[np.intp]) -> Alignment:
        """Return the alignments of some of the sequences, by position."""
        return Alignment(self.cost[positions], self.first[positions], self.last[positions])

    def means(self, sequences: Sequence[Floats]) -> Floats:
        """Return the mean of the frames aligned with each frame of the template.

        Args:
            sequences: As many frames as the aligned ones had, each of shape ``(frames, columns)``.

        Returns:
            Shape ``(n, template frames, columns)``.
        """
        found = []
        for frames, first, last in zip(sequences, self.first, self.last, strict=True):
            sums = np.zeros((len(frames) + 1, frames.shape[1]))
            np.cumsum(frames, axis=0, dtype=np.float64, out=sums[1:])
            found.append((sums[last + 1] - sums[first]) / (last - first + 1)[:, np.newaxis])
        return np.array(found, np.float32)


def align(sequences: Sequence[Floats], template: Floats) -> Alignment:
    """Align each sequence with a template, ends with ends.

    The cost of a pair of frames is their squared Euclidean distance. A step moves on by a frame in
    the sequence, in the template, or in both (weighted with :data:`DIAGONAL`).

    Args:
        sequences: Each of shape ``(frames, columns)``, at least one frame long.
        template: Shape ``(template frames, columns)``.

    Example:
        >>> template = np.array([[0], [5], [9]], np.float32)
        >>> found = align([np.array([[0], [0], [5], [9]], np.float32)], template)
        >>> found.first.tolist(), found.last.tolist(), found.cost.tolist()
        ([[0, 2, 3]], [[1, 2, 3]], [0.0])
    """
    parts = [_align(part, template) for part in _parts(sequences, len(template))]
    return Alignment(
        np.concatenate([part.cost for part in parts]),
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.last for part in parts]),
    )


def barycentre(sequences: Sequence[Floats], rounds: int = 4) -> Floats:
    """Return a template: the mean of sequences that are aligned with it.

    It begins as the sequence of median length, and becomes the mean of what is aligned with each of
    its frames, some times over (DTW barycentre averaging, Petitjean et al. 2011).

    Args:
        sequences: Each of shape ``(frames, columns)``; one or more.
        rounds: How often it is averaged.

    Returns:
        Shape ``(frames, columns)``, as many frames as the sequence of median length.

    Example:
        >>> early, late = (np.array(each, np.float32)[:, None] for each in ([0, 8, 8], [0, 0, 6]))
        >>> barycentre([early, late], rounds=1).ravel().tolist()
        [0.0, 0.0, 7.0]
    """
    by_length = np.argsort([len(each) for each in sequences], kind="stable")
    template = sequences[int(by_length[len(by_length) // 2])]
    for _ in range(rounds):
        template = align(sequences, template).means(sequences).mean(axis=0, dtype=np.float64)
        template = template.astype(np.float32)
    return template


def _parts(sequences: Sequence[Floats], frames: int) -> Iterator[Sequence[Floats]]:
    """Divide sequences, in order, so that the cost matrices of a part stay small."""
    first, longest = 0, 0
    for position, each in enumerate(sequences):
        longest = max(longest, len(each))
        if first < position and longest * frames * (position + 1 - first) > _CELLS:
            yield sequences[first:position]
            first, longest = position, len(each)
    yield sequences[first:]


def _align(sequences: Sequence[Floats], template: Floats) -> Alignment:
    lengths = np.array([len(each) for each in sequences])
    steps, totals = _fill(_costs(sequences, template), lengths)
    first, last = _trace(steps, lengths, len(template))
    return Alignment((totals / (lengths + len(template))).astype(np.float32), first, last)


def _costs(sequences: Sequence[Floats], template: Floats) -> Floats:
    """Return the distances of all frames, shape ``(n, longest, template frames)``; padding inf."""
    longest = max(map(len, sequences))
    out = np.full((len(sequences), longest, len(template)), np.inf, np.float32)
    squares = np.einsum("ij,ij->i", template, template)
    for cost, frames in zip(out, sequences, strict=True):
        own = np.einsum("ij,ij->i", frames, frames)[:, np.newaxis]
        cost[: len(frames)] = np.maximum(own + squares - 2 * frames @ template.T, 0)
    return out


def _fill(costs: Floats, lengths: Counts) -> tuple[npt.NDArray[np.int8], Floats]:
    """Find the best way to every pair of frames, one anti-diagonal after another.

    Returns:
        The last step of each way, by anti-diagonal, sequence and template frame; and the cost of
        the whole way of each sequence.
    """
    n, longest, frames = costs.shape
    diagonals = longest + frames - 1
    steps = np.zeros((diagonals, n, frames), np.int8)
    totals = np.empty(n, np.float32)
    before = np.full((n, frames), np.inf, np.float32)  # two anti-diagonals ago
    previous = np.full((n, frames), np.inf, np.float32)
    ends = lengths + frames - 2
    for diagonal in range(diagonals):
        here = _on_diagonal(costs, diagonal)
        if diagonal == 0:
            current = here.copy()
        else:
            ways = np.stack(
                [_moved(before) + DIAGONAL * here, previous + here, _moved(previous) + here]
            )
            steps[diagonal] = ways.argmin(axis=0)
            current = ways.min(axis=0)
        done = ends == diagonal
        totals[done] = current[done, -1]
        before, previous = previous, current
    return steps, totals


def _on_diagonal(costs: Floats, diagonal: int) -> Floats:
    """Return the costs on an anti-diagonal by template frame, inf outside, ``(n, frames)``."""
    frames = costs.shape[2]
    out = np.full((len(costs), frames), np.inf, np.float32)
    columns = np.arange(max(0, diagonal - costs.shape[1] + 1), min(frames, diagonal + 1))
    out[:, columns] = costs[:, diagonal - columns, columns]
    return out


def _moved(values: Floats) -> Floats:
    """Return values one template frame later; before the first there is nothing."""
    out = np.full_like(values, np.inf)
    out[:, 1:] = values[:, :-1]
    return out


def _trace(steps: npt.NDArray[np.int8], lengths: Counts, frames: int) -> tuple[Counts, Counts]:
    """Follow the best ways back from their ends; returns each template frame's first and last."""
    n = len(lengths)
    every = np.arange(n)
    row, column = lengths - 1, np.full(n, frames - 1)
    first, last = np.zeros((n, frames), np.int64), np.full((n, frames), -1)
    last[every, column] = row
    while True:
        first[every, column] = row
        moving = (row > 0) | (column > 0)
        if not moving.any():
            return first, last
        step = steps[row + column, every, column]
        row = row - (moving & (step != _TEMPLATE))
        column = column - (moving & (step != _SEQUENCE))
        fresh = last[every, column] < 0
        last[every[fresh], column[fresh]] = row[fresh]

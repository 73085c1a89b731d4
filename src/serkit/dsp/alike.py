"""Which of many signals are the same take: found by their fingerprints of sound.

Signals that share a few words at one and the same shift are candidates: words are sorted once, so
the work grows with the words and not with the pairs of signals. A candidate is the same take if at
its best shift few of all bits differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serkit.dsp.soundprint import Words

DIFFERENT = 0.25
"""Share of differing bits from which two signals are different takes."""

LEAST_WORDS = 24
"""Words that must overlap: half a second that can be heard."""

_SHARED = 2
"""Words that a candidate shares at one shift."""

_COMMON = 64
"""A word that more signals than this share says nothing, such as that of a hum."""

_ONES = np.array([bin(byte).count("1") for byte in range(256)])
"""How many bits of each byte are 1."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Two signals that hold the same take.

    Attributes:
        first: The one's number.
        second: The other's, which is higher.
        differing: Share of bits that differ where they overlap, 0 to :data:`DIFFERENT`.
    """

    first: int
    second: int
    differing: float


def same_takes(prints: Sequence[Words]) -> list[Alike]:
    """Find the pairs of signals that hold the same take.

    Args:
        prints: What :func:`~serkit.dsp.soundprint.soundprint` says of each signal.

    Returns:
        The pairs, in order.

    Example:
        >>> draw = np.random.default_rng(0)
        >>> one, other = draw.integers(1, 2**32, (2, 60), dtype=np.uint32)
        >>> [(pair.first, pair.second) for pair in same_takes([one, other, one[5:]])]
        [(0, 2)]
    """
    best: dict[tuple[int, int], float] = {}
    for first, second, shift in _candidates(prints).tolist():
        differing = differing_bits(prints[first], prints[second], shift)
        key = (first, second)
        if differing < min(best.get(key, 1.0), DIFFERENT):
            best[key] = differing
    return [Alike(*pair, differing) for pair, differing in sorted(best.items())]


def differing_bits(one: Words, other: Words, shift: int) -> float:
    """Return the share of differing bits where both clips have sound; 1 if that is too little.

    Args:
        one: Words of a signal.
        other: Words of another.
        shift: How many words earlier the other has what the one has.
    """
    start, stop = max(0, shift), min(len(one), len(other) + shift)
    if stop - start < LEAST_WORDS:
        return 1.0
    mine, theirs = one[start:stop], other[start - shift : stop - shift]
    heard = (mine != 0) & (theirs != 0)
    if np.count_nonzero(heard) < LEAST_WORDS:
        return 1.0
    unequal = (mine[heard] ^ theirs[heard]).view(np.uint8)
    return float(_ONES[unequal].sum() / (8 * len(unequal)))


def _candidates(prints: Sequence[Words]) -> npt.NDArray[np.int64]:
    """Return (first, second, shift) of signals that share words at one shift, shape ``(n, 3)``."""
    lengths = [len(each) for each in prints]
    words = np.concatenate([np.zeros(0, np.uint32), *prints])
    owner = np.repeat(np.arange(len(prints)), lengths)
    place = np.concatenate([np.zeros(0, np.int64), *(np.arange(n) for n in lengths)])
    order = np.argsort(words, kind="stable")
    order = order[words[order] != 0]
    words, owner, place = words[order], owner[order], place[order]
    found = []
    for step in range(1, _COMMON + 1):  # each word with the next one, the one after that, ...
        equal = np.flatnonzero(words[step:] == words[:-step])
        if not len(equal):
            break
        rare = equal[~_is_common(words, equal)]
        one, other = rare, rare + step
        apart = owner[one] != owner[other]
        one, other = one[apart], other[apart]
        found.append(np.stack([owner[one], owner[other], place[one] - place[other]], axis=1))
    if not found:
        return np.zeros((0, 3), np.int64)
    shared, counts = np.unique(np.concatenate(found), axis=0, return_counts=True)
    return np.asarray(shared[counts >= _SHARED], np.int64)


def _is_common(words: Words, places: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Say which of sorted words stand there more than :data:`_COMMON` times."""
    firsts = np.searchsorted(words, words[places], "left")
    lasts = np.searchsorted(words, words[places], "right")
    return np.asarray(lasts - firsts > _COMMON)

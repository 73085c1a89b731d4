"""Process long signals in pieces, for computations that depend only on a frame's neighbourhood."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Segment:
    """Some frames of a signal, with others around them that they may depend on.

    Attributes:
        begin: The first frame that is computed.
        end: End of the computed range (exclusive); may be beyond the signal.
        first: How many of them are only there for the others, at the front.
        count: How many are kept.
    """

    begin: int
    end: int
    first: int
    count: int

    @property
    def kept(self) -> slice:
        """Which of the frames that were computed are kept."""
        return slice(self.first, self.first + self.count)


def segments(frames: int, size: int, context: int) -> Iterator[Segment]:
    """Cut frames into segments of a size.

    Args:
        frames: How many there are.
        size: How many are kept of each segment.
        context: How many around them are computed with them.

    Yields:
        The segments, in order; one that holds everything where the size allows it.

    Example:
        >>> [(s.begin, s.end, s.kept) for s in segments(10, 4, 1)]
        [(0, 5, slice(0, 4, None)), (3, 9, slice(1, 5, None)), (7, 11, slice(1, 3, None))]
    """
    for first in range(0, frames, size):
        begin = max(0, first - context)
        count = min(size, frames - first)
        yield Segment(begin, first + count + context, first - begin, count)

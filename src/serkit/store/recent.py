"""The last few results of a function, and more of them where they are asked for in no order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_FEW = 2
"""Where things are asked for in their order, the one at hand and the next."""


class Recent(Generic[T]):
    """Keeps few results of a function of a number, and twice as many as soon as one is made again.

    So what is asked for in order takes little memory, and what is not takes more, but hardly more
    time.

    Args:
        few: How many results are kept at first.

    Example:
        >>> squares = Recent()
        >>> [squares.get(number, lambda n: n**2) for number in (1, 2, 3, 1)], len(squares)
        ([1, 4, 9, 1], 3)
    """

    def __init__(self, few: int = _FEW) -> None:
        self._few = self._most = few
        self._kept: dict[int, T] = {}
        self._given_back: set[int] = set()

    def get(self, number: int, make: Callable[[int], T]) -> T:
        """Return the result for a number, made by the function where it is not kept."""
        if number not in self._kept:
            if number in self._given_back:  # too early
                self._most *= 2
                self._given_back.clear()
            while len(self._kept) >= self._most:
                oldest = next(iter(self._kept))
                del self._kept[oldest]
                self._given_back.add(oldest)
            self._kept[number] = make(number)
        return self._kept[number]

    def __len__(self) -> int:
        return len(self._kept)

    def clear(self) -> None:
        """Keep nothing, and begin again with few."""
        self._kept.clear()
        self._given_back.clear()
        self._most = self._few

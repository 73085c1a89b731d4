"""Ranges of a parameter's values that are worth searching.

A plug-in declares them beside its parameters, such as ``search=Between(0.03, 30, log=True)``, and
``serkit tune`` searches them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Between:
    """All numbers between two ends, both included.

    Attributes:
        low: The lower end.
        high: The upper end.
        log: Whether the logarithm is searched, for values of which the order of magnitude counts.

    Raises:
        ValueError: The ends are not in order, or not above 0 where ``log`` is set.

    Example:
        >>> print(Between(0.03, 30, log=True))
        0.03 to 30 (log)
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high) and self.low < self.high):
            raise ValueError(f"{self.low:g} to {self.high:g} is not a range from low to high")
        if self.log and self.low <= 0:
            raise ValueError(f"{self.low:g} has no logarithm")

    @property
    def ends(self) -> tuple[Value, ...]:
        """Both ends."""
        return self.low, self.high

    def holds(self, value: Value) -> bool:
        """Return whether a value is in the range."""
        return isinstance(value, int | float) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}" + (" (log)" if self.log else "")


@dataclass(frozen=True)
class Among:
    """A few values.

    Attributes:
        values: The values, at least two different ones.

    Raises:
        ValueError: There are fewer.

    Example:
        >>> print(Among((8, 16, 32)))
        8, 16 or 32
    """

    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        if len(set(self.values)) < max(2, len(self.values)):
            raise ValueError("two or more different values are needed")

    @property
    def ends(self) -> tuple[Value, ...]:
        """All values."""
        return self.values

    def holds(self, value: Value) -> bool:
        """Return whether a value is one of them."""
        return value in self.values

    def __str__(self) -> str:
        *first, last = map(str, self.values)
        return f"{', '.join(first)} or {last}"


Range = Between | Among
"""What may be searched."""

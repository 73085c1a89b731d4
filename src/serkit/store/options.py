"""How a feature is read: the options that every reading method takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypedDict

from serkit.errors import UsageError

Scale = Literal["power", "db"]


class ReadKeywords(TypedDict, total=False):
    """Keyword arguments of the reading methods; see :class:`ReadOptions`."""

    columns: Iterable[str] | None
    padded: bool
    scale: Scale
    reference: float
    top_db: float | None


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Options for reading a feature.

    Attributes:
        columns: Metadata columns to include; None is all.
        padded: Whether to pad every clip in front to the recipe's length or, without one, to the
            longest clip.
        scale: ``"power"`` as stored, or ``"db"`` as librosa's ``power_to_db``.
        reference: With ``"db"``: the power at 0 dB.
        top_db: With ``"db"``: the dynamic range of a clip below its maximum; None is unlimited.

    Raises:
        UsageError: The scale is unknown.

    Example:
        >>> ReadOptions(scale="db", top_db=60.0).padded
        True
    """

    columns: Iterable[str] | None = None
    padded: bool = True
    scale: Scale = "power"
    reference: float = 1.0
    top_db: float | None = 80.0

    def __post_init__(self) -> None:
        if self.scale not in ("power", "db"):
            raise UsageError(
                f"unknown scale {self.scale!r}", allowed="'power' and 'db' are allowed"
            )
        if self.columns is not None:
            names = (self.columns,) if isinstance(self.columns, str) else tuple(self.columns)
            object.__setattr__(self, "columns", names)

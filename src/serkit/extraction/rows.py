"""A clip's metadata, as its name carries it and as a row of the store does."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import Any

from serkit.clips import ClipName
from serkit.store.tables import ClipRow

_SHARED = tuple(field.name for field in fields(ClipName))


values_of = attrgetter(*_SHARED)
"""The values of the columns that names and rows have in common, in the same order for both."""


def columns_of(clip: ClipName | ClipRow) -> dict[str, Any]:
    """Return the columns that names and rows have in common.

    Example:
        >>> columns = columns_of(ClipName("a01", emotion="angry", speaker="anna"))
        >>> columns["clip_id"], columns["emotion"], columns["repetition"]
        ('a01', 'angry', 0)
    """
    return {name: getattr(clip, name) for name in _SHARED}


def name_of_row(row: ClipRow) -> ClipName:
    """Return the name that a row was made from."""
    return ClipName(**columns_of(row))

"""A table that a writer changes: new rows are appended, and segments are merged as they grow many.

A commit writes the rows that are new, not the table. It merges shorter segments with them, so that
there are few: each is at least :data:`_RATIO` times as long as the next one. So a row is written
again a few times for each tenfold growth of the table, however little each commit adds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from itertools import chain, count
from typing import Any

import numpy as np

from serkit.store.rows import Rows, Segment
from serkit.store.tables import (
    Row,
    joined,
    number_column,
    release_memory,
    to_parquet,
    to_table,
)

_RATIO = 4
"""How much longer than the next one a segment is: more would be read and written more often, less
would make more files."""

_SMALL = 2000
"""Segments with fewer rows are always merged: most stores then have one file for each table."""


@dataclass(frozen=True)
class Packed:
    """A table's next segment.

    Attributes:
        kept: How many segments stay in front of it; the others are in it.
        data: A Parquet file.
        keys: The key of each row.
    """

    kept: int
    data: bytes
    keys: list[str]


class Table(Rows[Row]):
    """The rows of a table, with changes that are not committed yet.

    Args:
        kind: The class of the rows; its first field is the key.
        segments: The committed rows.
    """

    def __init__(self, kind: type[Row], segments: Iterable[Segment[Row]] = ()) -> None:
        super().__init__(segments)
        self._kind: type[Row] = kind
        self._key = fields(kind)[0].name
        self._new: dict[str, Row] = {}
        self._has_lost = False

    @property
    def changed(self) -> bool:
        """Whether there is something to commit."""
        return bool(self._new) or self._has_lost

    @property
    def is_stored(self) -> bool:
        """Whether the segments hold all that counts."""
        return not self.changed

    def put(self, row: Row) -> None:
        """Add a row, or put it in the place of the one with its key."""
        key = getattr(row, self._key)
        if key in self and self[key] == row:
            return
        self._new[key] = self._made[key] = row
        self._places.setdefault(key, -1)

    def remove(self, key: str) -> Row | None:
        """Take out a row and return it; None where there is none.

        The next commit writes the whole table: only ``gc``, ``repair`` and the like do that.
        """
        if key not in self:
            return None
        row = self[key]
        del self._places[key], self._made[key]
        self._new.pop(key, None)
        self._has_lost = True
        return row

    def column(self, name: str) -> list[Any]:
        """Return one field of all rows, in their order."""
        stored = chain.from_iterable(segment.column(name) for segment in self._segments)
        values = dict(zip(self._keys, stored, strict=True))
        values |= {key: getattr(row, name) for key, row in self._new.items()}
        return [values[key] for key in self._places]

    def pack(self) -> Packed:
        """Return the next segment; :meth:`settle` once it is committed."""
        kept = self._kept()
        merged = self._segments[kept:]
        keys = chain(chain.from_iterable(segment.keys for segment in merged), self._new)
        numbers = {key: number for number, key in enumerate(keys) if key in self._places}
        table = joined([*(s.table for s in merged), to_table(self._kind, self._new.values())])
        if len(numbers) < len(table):
            table = table.take(number_column(np.fromiter(numbers.values(), np.int64)))
        data = to_parquet(table)
        del table
        release_memory()
        return Packed(kept, data, list(numbers))

    def settle(self, packed: Packed) -> None:
        """Take the new segment into use; what it holds is then decoded where it is asked for."""
        kept = self._segments[: packed.kept]
        self._segments = (*kept, Segment(self._kind, packed.data, packed.keys))
        start = sum(len(segment.keys) for segment in kept)
        self._places.update(zip(packed.keys, count(start), strict=False))
        self._new, self._made, self._singles, self._has_lost = {}, {}, 0, False

    @property
    def _order(self) -> Collection[str]:
        return self._places

    def _all(self) -> dict[str, Row]:
        if len(self._made) < len(self):
            rows = chain.from_iterable(segment.rows() for segment in self._segments)
            stored = dict(zip(self._keys, rows, strict=True)) | self._new
            self._made = {key: stored[key] for key in self._places}
        return self._made

    def _kept(self) -> int:
        """Return how many segments are long enough to stay as they are."""
        if self._has_lost:
            return 0
        kept, size = len(self._segments), len(self._new)
        while kept and len(self._segments[kept - 1].keys) < max(_SMALL, _RATIO * size):
            kept -= 1
            size += len(self._segments[kept].keys)
        return kept

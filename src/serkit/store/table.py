"""A table that a writer changes: new rows are appended, and segments are merged as they grow many.

A commit writes the rows that are new, not the table. It merges shorter segments with them, so that
there are few: each is at least :data:`_RATIO` times as long as the next one. So a row is written
again a few times for each tenfold growth of the table, however little each commit adds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import chain, compress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.keys import Digests, KeyIndex, digest_of, digests_of
from serkit.store.packing import NextSegment, rows_that_count
from serkit.store.rows import Rows
from serkit.store.segment import Segment
from serkit.store.tables import Row, to_table

_RATIO = 4
"""How much longer than the next one a segment is: more would be read and written more often, less
would make more files."""

_SMALL = 2000
"""Segments with fewer rows are always merged: most stores then have one file for each table."""


class Table(Rows[Row]):
    """The rows of a table, with changes that are not committed yet.

    A writer looks up every clip in it, but of committed rows it keeps hashes of keys alone: keys
    themselves, and a dictionary of them, would take most of its memory.

    Args:
        kind: The class of the rows; its first field is the key.
        segments: The committed rows.

    Attributes:
        kind: The same.
    """

    def __init__(self, kind: type[Row], segments: Iterable[Segment[Row]] = ()) -> None:
        super().__init__(segments)
        self.kind: type[Row] = kind
        self._key = fields(kind)[0].name
        self._new: dict[str, Row] = {}
        self._lost: set[str] = set()
        """Committed keys that were taken out."""
        self._added = 0
        """How many of the new keys are not committed, or were taken out before."""
        self._committed = _distinct(self._digests(self._segments))

    @property
    def changed(self) -> bool:
        """Whether there is something to commit."""
        return bool(self._new or self._lost)

    @property
    def pending(self) -> Collection[Row]:
        """The rows that are new, in the order in which they came."""
        return self._new.values()

    @property
    def is_stored(self) -> bool:
        """Whether the segments hold all that counts."""
        return not self.changed

    def __len__(self) -> int:
        return self._committed - len(self._lost) + self._added

    def __iter__(self) -> Iterator[str]:
        earlier: list[Segment[Row]] = []
        for segment in self._segments:
            counts, first = self._is_counted_first(segment, earlier), 0
            for (keys,) in segment.batches([self._key]):
                end = first + len(keys)
                yield from keys if counts is None else compress(keys, counts[first:end].data)
                first = end
            earlier.append(segment)
        if self._added:
            yield from (key for key in self._new if not self._is_committed(key))

    def __contains__(self, key: object) -> bool:
        return key in self._new or self._is_committed(str(key))

    def put(self, rows: Iterable[Row]) -> list[Row | None]:
        """Add rows, or put them in the place of those with their keys.

        Returns:
            For each row the one that was there before, or None.
        """
        given = {getattr(row, self._key): row for row in rows}
        before = self.found([*given])
        for key, row in given.items():
            if before.get(key) != row:
                self._added += key not in before
                self._new[key] = self._made[key] = row
        return [*map(before.get, given)]

    def remove(self, key: str) -> Row | None:
        """Take out a row and return it; None where there is none.

        The next commit writes the whole table: only ``gc``, ``repair`` and the like do that.
        """
        if key not in self:
            return None
        row = self[key]
        del self._made[key]
        self._new.pop(key, None)
        if self._is_committed(key):
            self._lost.add(key)
        else:
            self._added -= 1
        return row

    def column(self, name: str) -> list[Any]:
        """Return one field of all rows, in their order."""
        stored = chain.from_iterable(segment.column(name) for segment in self._segments)
        if not (self.changed or self._is_repeated):
            return list(stored)
        values = dict(zip(self._keys, stored, strict=True))
        values |= {key: getattr(row, name) for key, row in self._new.items()}
        return [values[key] for key in self]

    def _batches(self, names: Sequence[str]) -> Iterator[Iterable[tuple[Any, ...]]]:
        """Yield some fields of the rows that count, the new ones last."""
        yield from super()._batches(names)
        yield [tuple([getattr(row, name) for name in names]) for row in self._new.values()]

    def pack(self, *, tidy: bool = False) -> NextSegment:
        """Return the next segment; :meth:`settle` once it is committed.

        Args:
            tidy: Whether no row may stay in a segment that another has taken the place of: a
                table without such rows is read column by column, in a fraction of the time.
        """
        rows = sum(map(len, self._segments)) + len(self._new)
        kept = 0 if tidy and rows > len(self) else self._kept()
        merged = self._segments[kept:]
        digests = np.concatenate([self._digests(merged), digests_of(self._new)])
        is_lost = np.isin(digests, digests_of(self._lost))
        is_lost[len(digests) - len(self._new) :] = False  # put again after they were taken out
        chosen, index = rows_that_count(digests, is_lost)
        new = to_table(self.kind, self._new.values())
        return NextSegment(kept, merged, new, chosen, index)

    def settle(self, kept: int, source: bytes | Path, index: KeyIndex) -> None:
        """Take the new segment into use; what it holds is then decoded where it is asked for.

        Args:
            kept: As of :class:`serkit.store.packing.NextSegment`.
            source: The segment's file, or the path of that.
            index: Where the segment's keys are.
        """
        self._committed = len(self)
        for segment in self._segments[:kept]:
            segment.forget()
        self._segments = (*self._segments[:kept], Segment(self.kind, source, index))
        self._new, self._made, self._lost = {}, {}, set()
        self._added = self._singles = 0

    def _counts(self, number: int) -> npt.NDArray[np.bool_] | None:
        """Return which rows of a segment count, neither taken out nor replaced; None is all."""
        counts = super()._counts(number)
        if not self.changed:
            return counts
        digests = self._segments[number].index.in_order()
        gone = np.isin(digests, digests_of(chain(self._new, self._lost)))
        return ~gone if counts is None else counts & ~gone

    def _is_counted_first(
        self, segment: Segment[Row], earlier: Sequence[Segment[Row]]
    ) -> npt.NDArray[np.bool_] | None:
        """Return which keys of a segment no earlier one has and nobody took out; None is all."""
        if not (self._is_repeated or self._lost):
            return None
        digests = segment.index.in_order()
        repeated = np.isin(digests, self._digests(earlier))
        return ~(repeated | np.isin(digests, digests_of(self._lost)))

    @property
    def _keys(self) -> Iterator[str]:
        return chain.from_iterable(segment.column(self._key) for segment in self._segments)

    @property
    def _is_repeated(self) -> bool:
        """Whether a committed row has taken the place of another."""
        return self._committed < sum(len(segment) for segment in self._segments)

    def _is_committed(self, key: str) -> bool:
        """Return whether a key is committed and was not taken out."""
        digest = digest_of(key)
        found = any(segment.index.find(digest) is not None for segment in self._segments)
        return found and key not in self._lost

    def _located(self, keys: Sequence[str]) -> Iterator[tuple[Segment[Row], dict[str, int]]]:
        wanted = np.array([key for key in keys if key not in self._lost], object)
        digests = digests_of(wanted)
        for segment in reversed(self._segments):  # the last row of a key counts
            positions = segment.index.find_all(digests)
            there = positions >= 0
            if there.any():
                yield segment, dict(zip(wanted[there], positions[there].tolist(), strict=True))
                wanted, digests = wanted[~there], digests[~there]

    @staticmethod
    def _digests(segments: Iterable[Segment[Row]]) -> Digests:
        """Return the hashes of all keys of some segments, row by row."""
        found = [segment.index.in_order() for segment in segments]
        return np.concatenate([np.zeros(0, np.uint64), *found])

    def _all(self) -> dict[str, Row]:
        if len(self._made) < len(self):
            rows = chain.from_iterable(segment.rows() for segment in self._segments)
            stored = dict(zip(self._keys, rows, strict=True)) | self._new
            self._made = {key: stored[key] for key in self}
        return self._made

    def _kept(self) -> int:
        """Return how many segments are long enough to stay as they are."""
        if self._lost:
            return 0
        kept, size = len(self._segments), len(self._new)
        while kept and len(self._segments[kept - 1]) < max(_SMALL, _RATIO * size):
            kept -= 1
            size += len(self._segments[kept])
        return kept


def _distinct(digests: Digests) -> int:
    """Return how many different hashes there are."""
    ordered = np.sort(digests)
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + bool(len(ordered))

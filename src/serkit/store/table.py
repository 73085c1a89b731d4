"""A table that a writer changes: new rows are appended, and segments are merged as they grow many.

A commit writes the rows that are new, not the table. It merges shorter segments with them, so that
there are few: each is at least :data:`_RATIO` times as long as the next one. So a row is written
again a few times for each tenfold growth of the table, however little each commit adds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.keys import Digests, KeyIndex, digest_of, digests_of
from serkit.store.rows import Rows, Segment
from serkit.store.tables import (
    Row,
    copied,
    release_memory,
    superseded,
)

_RATIO = 4
"""How much longer than the next one a segment is: more would be read and written more often, less
would make more files."""

_SMALL = 2000
"""Segments with fewer rows are always merged: most stores then have one file for each table."""


@dataclass(frozen=True)
class NextSegment:
    """A table's next segment.

    Attributes:
        kept: How many segments stay in front of it; the others are in it.
        data: A Parquet file.
        digests: The hash of each row's key, shape ``(n,)``.
    """

    kept: int
    data: bytes
    digests: Digests = field(compare=False, repr=False)


class Table(Rows[Row]):
    """The rows of a table, with changes that are not committed yet.

    A writer looks up every clip in it, but of committed rows it keeps hashes of keys alone: keys
    themselves, and a dictionary of them, would take most of its memory.

    Args:
        kind: The class of the rows; its first field is the key.
        segments: The committed rows.
    """

    def __init__(self, kind: type[Row], segments: Iterable[Segment[Row]] = ()) -> None:
        super().__init__(segments)
        self._kind: type[Row] = kind
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
            keys = segment.decoded_keys()
            if self._is_repeated:
                repeated = np.isin(segment.index.in_order(), self._digests(earlier)).tolist()
                keys = [key for key, again in zip(keys, repeated, strict=True) if not again]
            yield from (key for key in keys if key not in self._lost) if self._lost else keys
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
        before = self._decoded([*given])
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

    def pack(self, *, tidy: bool = False) -> NextSegment:
        """Return the next segment; :meth:`settle` once it is committed.

        Args:
            tidy: Whether no row may stay in a segment that another has taken the place of: a
                table without such rows is read column by column, in a fraction of the time.
        """
        rows = sum(len(segment.index) for segment in self._segments) + len(self._new)
        kept = 0 if tidy and rows > len(self) else self._kept()
        merged = self._segments[kept:]
        digests = np.concatenate([self._digests(merged), digests_of(self._new)])
        first, last = self._counting(digests)
        segments = [segment.data for segment in merged]
        if len(last) == len(digests):
            data = copied(self._kind, segments, self._new.values())
        else:
            data = superseded(self._kind, segments, self._new.values(), first, last)
            digests = digests[last]
        release_memory()
        return NextSegment(kept, data, digests)

    def settle(self, packed: NextSegment) -> None:
        """Take the new segment into use; what it holds is then decoded where it is asked for."""
        self._committed = len(self)
        new = Segment(self._kind, packed.data, KeyIndex.of(packed.digests))
        kept = self._segments[: packed.kept]
        for segment in kept:
            segment.forget()
        self._segments = (*kept, new)
        self._new, self._made, self._lost = {}, {}, set()
        self._added = self._singles = 0

    def _counting(self, digests: Digests) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the first and the last row of each key, of which the last one counts.

        Args:
            digests: The hash of each row's key in some segments and of the new ones, which come
                last.

        Returns:
            Numbers of rows, each of shape ``(keys,)``, in the order of the keys.
        """
        committed = len(digests) - len(self._new)
        is_lost = np.isin(digests[:committed], digests_of(self._lost))
        living = np.flatnonzero(np.concatenate([~is_lost, np.ones(len(self._new), bool)]))
        _, first, key = np.unique(digests[living], return_index=True, return_inverse=True)
        last = np.zeros(len(first), np.int64)
        last[key] = living  # of rows with one key the last is assigned last
        order = np.argsort(first)
        return living[first[order]], last[order]

    @property
    def _keys(self) -> Iterator[str]:
        return chain.from_iterable(segment.decoded_keys() for segment in self._segments)

    @property
    def _is_repeated(self) -> bool:
        """Whether a committed row has taken the place of another."""
        return self._committed < sum(len(segment.index) for segment in self._segments)

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
        while kept and len(self._segments[kept - 1].index) < max(_SMALL, _RATIO * size):
            kept -= 1
            size += len(self._segments[kept].index)
        return kept


def _distinct(digests: Digests) -> int:
    """Return how many different hashes there are."""
    ordered = np.sort(digests)
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + bool(len(ordered))

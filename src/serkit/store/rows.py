"""A table's rows by their key, of which only what is asked for is decoded.

Making 100,000 clips into objects takes a second; one field of them, or a few rows, milliseconds.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView
from dataclasses import fields
from functools import cached_property
from itertools import accumulate, chain, islice
from typing import TYPE_CHECKING, Any, Generic

import numpy as np

from serkit.keys import KeyIndex, digests_in
from serkit.packed import make_records
from serkit.store.tables import (
    Row,
    listed,
    number_column,
    read_column,
    read_keys,
    read_table,
    release_memory,
    repeated,
)

if TYPE_CHECKING:
    import pyarrow as pa

_FEW = 8
"""All rows are made at once as soon as one in so many was asked for."""

_SINGLE = 64
"""Likewise for rows that are asked for one by one: such a row takes as long as fifty others."""

_TAKEN = 64
"""Rows from which on Arrow's own way of choosing them is the quicker, once it is imported."""

_IMPORTED_FOR = 2000
"""Rows from which on it is worth importing ``pyarrow.compute``, which takes 0.15 s."""

_AT_ONCE = 4096
"""Rows that are made at a time where many pass by."""


class Segment(Generic[Row]):
    """Rows that were written together: a Parquet file in memory.

    Args:
        kind: The class of the rows; its first field is the key.
        data: The file.
        index: Where each key is, where the caller knows it already.
    """

    def __init__(self, kind: type[Row], data: bytes, index: KeyIndex | None = None) -> None:
        self.data = data
        self._kind: type[Row] = kind
        self._key = fields(kind)[0].name
        if index is not None:
            self.index = index

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self._kind, self.data)

    @cached_property
    def keys(self) -> list[str]:
        """The key of each row."""
        return self.decoded_keys()

    def decoded_keys(self) -> list[str]:
        """Return the key of each row, which is not kept."""
        return self.column(self._key)

    @cached_property
    def index(self) -> KeyIndex:
        """Where each key is."""
        found = [digests_in(keys) for keys in read_keys(self._kind, self.data)]
        release_memory()
        return KeyIndex.of(np.concatenate([np.zeros(0, np.uint64), *found]))

    def forget(self) -> None:
        """Give back what was decoded, but for the keys."""
        self.__dict__.pop("table", None)

    def column(self, name: str) -> list[Any]:
        """Return one field of each row."""
        return read_column(self._kind, self.data, name)

    def arrow(self, name: str) -> pa.ChunkedArray:
        """Return one field of each row as Arrow has it."""
        return read_table(self._kind, self.data, [name]).column(name)

    def rows(self) -> list[Row]:
        """Return all rows."""
        # What Arrow holds of them is not kept: it takes as much memory again.
        table = self.__dict__.get("table") or read_table(self._kind, self.data)
        return make_records(self._kind, {n: listed(table, n) for n in table.column_names})

    def rows_at(self, positions: Sequence[int]) -> list[Row]:
        """Return the rows at some positions."""
        is_imported = "pyarrow.compute" in sys.modules
        if len(positions) < (_TAKEN if is_imported else _IMPORTED_FOR):
            names = self.table.column_names
            cells = ([column[i].as_py() for i in positions] for column in self.table.columns)
            return make_records(self._kind, dict(zip(names, cells, strict=True)))
        taken = self.table.take(number_column(np.array(positions, np.int64)))
        return make_records(self._kind, {n: listed(taken, n) for n in taken.column_names})

    @cached_property
    def table(self) -> pa.Table:
        """All rows as Arrow has them; words that repeat are there once."""
        return read_table(self._kind, self.data, words=repeated(self._kind))


class Rows(Mapping[str, Row]):
    """The rows of a table by their key.

    Args:
        segments: The rows in the order in which they were written: of rows with the same key the
            last one counts.
    """

    def __init__(self, segments: Iterable[Segment[Row]]) -> None:
        self._segments: tuple[Segment[Row], ...] = tuple(segments)
        self._made: dict[str, Row] = {}
        self._singles = 0
        self._is_searched = False

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[str]:
        return iter(self._order)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def __getitem__(self, key: str) -> Row:
        row = self._made.get(key)
        if row is not None:
            return row
        if key not in self:  # said at once: the rows that are there need not be made for it
            raise KeyError(key)
        self._singles += 1
        return self._all()[key] if self._singles * _SINGLE > len(self) else self.some((key,))[0]

    def get(self, key: str, default: Any = None) -> Any:
        """Return a row, or the default; as a mapping's own, which is slow where many are asked."""
        row = self._made.get(key)
        if row is not None:
            return row
        if key not in self:
            return default
        return self[key]

    def values(self) -> ValuesView[Row]:
        """Return all rows."""
        return self._all().values()

    def items(self) -> ItemsView[str, Row]:
        """Return all rows with their keys."""
        return self._all().items()

    def some(self, keys: Sequence[str]) -> list[Row]:
        """Return the rows of some keys, in their order.

        Raises:
            KeyError: There is no such row.
        """
        missing = [key for key in keys if key not in self._made]
        if (len(self._made) + len(missing)) * _FEW > len(self):
            self._all()
        else:
            self._make(missing)
        return [self._made[key] for key in keys]

    def column(self, name: str) -> list[Any]:
        """Return one field of all rows, in their order."""
        columns = [segment.column(name) for segment in self._segments]
        if len(columns) == 1:
            return columns[0]
        if len(self) == sum(map(len, columns)):  # no row has taken another's place
            return [*chain.from_iterable(columns)]
        return [*dict(zip(self._keys, chain.from_iterable(columns), strict=True)).values()]

    @property
    def is_stored(self) -> bool:
        """Whether the segments hold all that counts."""
        return True

    def same_as(self, other: Rows[Any], names: Sequence[str]) -> bool:
        """Return whether two tables hold the same fields, row by row as they were written.

        Nothing is decoded into objects. Tables that answer False may still hold the same, in
        another order.
        """
        same = all(
            joined_columns(self._segments, name).equals(joined_columns(other._segments, name))
            for name in names
        )
        release_memory()
        return same

    @property
    def _keys(self) -> Iterator[str]:
        return chain.from_iterable(segment.keys for segment in self._segments)

    @property
    def _order(self) -> Collection[str]:
        """The keys, each once; those of one segment are."""
        return self._segments[0].keys if len(self._segments) == 1 else self._places

    @cached_property
    def _places(self) -> dict[str, int]:
        """The number of each row that counts, through all segments."""
        return {key: number for number, key in enumerate(self._keys)}

    def _all(self) -> dict[str, Row]:
        if len(self._made) < len(self):
            rows = chain.from_iterable(segment.rows() for segment in self._segments)
            self._made = dict(zip(self._keys, rows, strict=True))
        return self._made

    def passing(self, keys: Iterable[str]) -> Iterator[Row | None]:
        """Yield the rows of many keys, or None; they are made some at a time, and not kept."""
        remaining = iter(keys)
        while some_keys := list(islice(remaining, _AT_ONCE)):
            yield from map(self._decoded(some_keys).get, some_keys)
        for segment in self._segments:
            segment.forget()
        release_memory()

    def _make(self, keys: Sequence[str]) -> None:
        self._made.update(self._decoded(keys))

    def _decoded(self, keys: Sequence[str]) -> dict[str, Row]:
        """Return the rows of those keys that are there."""
        found = {key: self._made[key] for key in keys if key in self._made}
        missing = [key for key in keys if key not in found]
        for segment, places in self._located(missing):
            rows = segment.rows_at([*places.values()])
            found.update(zip(places, rows, strict=True))
        return found

    def _located(self, keys: Sequence[str]) -> Iterator[tuple[Segment[Row], dict[str, int]]]:
        """Yield segments and the positions of keys in them; absent keys are passed over."""
        wanted: defaultdict[int, dict[str, int]] = defaultdict(dict)
        for key, number in self._numbers(keys):
            which = bisect_right(self._starts, number) - 1
            wanted[which][key] = number - self._starts[which]
        for which, places in wanted.items():
            yield self._segments[which], places

    def _numbers(self, keys: Sequence[str]) -> Iterable[tuple[str, int]]:
        """Return the keys that are there, each with the number of its row."""
        if "_places" in self.__dict__ or self._is_searched:
            found = ((key, self._places.get(key)) for key in keys)
            return [(key, number) for key, number in found if number is not None]
        # The first time all keys are gone through: many programs read once, and finding a few
        # takes a third of the time of a dictionary of all.
        self._is_searched = True
        wanted = {*keys}
        return {key: number for number, key in enumerate(self._keys) if key in wanted}.items()

    @cached_property
    def _starts(self) -> list[int]:
        """The number of each segment's first row."""
        return list(accumulate((len(s.keys) for s in self._segments), initial=0))


def joined_columns(segments: Iterable[Segment[Any]], name: str) -> pa.ChunkedArray:
    """Return one field of all segments' rows as Arrow has it."""
    import pyarrow as pa

    found = [segment.arrow(name) for segment in segments]
    return pa.chunked_array([chunk for each in found for chunk in each.chunks], pa.string())


def column(rows: Mapping[str, Row], name: str) -> list[Any]:
    """Return one field of all rows in their order, without making rows where that can be avoided.

    Example:
        >>> from dataclasses import dataclass
        >>> from types import SimpleNamespace as Clip
        >>> column({"a": Clip(sex="male"), "b": Clip(sex="female")}, "sex")
        ['male', 'female']
    """
    if isinstance(rows, Rows):
        return rows.column(name)
    return [getattr(row, name) for row in rows.values()]


def passing(rows: Mapping[str, Row], keys: Iterable[str]) -> Iterator[Row | None]:
    """Yield the rows of many keys in their order, None where there is none, and keep none.

    Example:
        >>> list(passing({}, ["a"]))
        [None]
    """
    return rows.passing(keys) if isinstance(rows, Rows) else map(rows.get, keys)


def some(rows: Mapping[str, Row], keys: Sequence[str]) -> list[Row]:
    """Return the rows of some keys, in their order.

    Raises:
        KeyError: There is no such row.
    """
    return rows.some(keys) if isinstance(rows, Rows) else [rows[key] for key in keys]

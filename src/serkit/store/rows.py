"""A table's rows by their key, of which only what is asked for is decoded.

Making 100,000 clips into objects takes a second; one field of them, or a few rows, milliseconds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView
from functools import cached_property
from itertools import accumulate, chain, compress, islice
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.store.arrow_memory import release_memory
from serkit.store.segment import Segment
from serkit.store.tables import Row

if TYPE_CHECKING:
    import pyarrow as pa

_FEW = 8
"""All rows are made at once as soon as one in so many was asked for."""

_SINGLE = 64
"""Likewise for rows that are asked for one by one: such a row takes as long as fifty others."""

_AT_ONCE = 1024
"""Rows that are made at a time where many pass by."""


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

    def each(self, *names: str) -> Iterator[tuple[Any, ...]]:
        """Yield some fields of every row, decoded some thousand at a time and not kept.

        A row that took another's place may come later than it would in :meth:`column`.
        """
        return chain.from_iterable(self._batches(names))  # no Python between the rows

    def _batches(self, names: Sequence[str]) -> Iterator[Iterable[tuple[Any, ...]]]:
        """Yield some fields of the rows that count, of each row group together."""
        for number, segment in enumerate(self._segments):
            counts, first = self._counts(number), 0
            for columns in segment.batches(names):
                rows = zip(*columns, strict=True)
                end = first + len(columns[0])
                yield rows if counts is None else compress(rows, counts[first:end].data)
                first = end
        release_memory()

    def _counts(self, number: int) -> npt.NDArray[np.bool_] | None:
        """Return which rows of a segment no later one takes the place of; None is all."""
        later = self._segments[number + 1 :]
        if not later:
            return None
        digests = self._segments[number].index.in_order()
        taken = [segment.index.find_all(digests) >= 0 for segment in later]
        counts: npt.NDArray[np.bool_] = ~np.logical_or.reduce(taken)
        return counts

    def same_as(self, other: Rows[Any], names: Sequence[str]) -> bool:
        """Return whether two tables hold the same fields, row by row as they were written.

        Nothing is decoded into objects. Tables that answer False may still hold the same, in
        another order.
        """
        same = all(_are_equal(self._chunks(name), other._chunks(name)) for name in names)
        release_memory()
        return same

    def _chunks(self, name: str) -> Iterator[pa.Array]:
        return chain.from_iterable(segment.chunks(name) for segment in self._segments)

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
            yield from map(self.found(some_keys).get, some_keys)
        for segment in self._segments:
            segment.forget()
        release_memory()

    def _make(self, keys: Sequence[str]) -> None:
        self._made.update(self.found(keys))

    def found(self, keys: Sequence[str]) -> dict[str, Row]:
        """Return the rows of those keys that are there; they are not kept."""
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
        return list(accumulate(map(len, self._segments), initial=0))


def _are_equal(ours: Iterator[pa.Array], theirs: Iterator[pa.Array]) -> bool:
    """Return whether two columns that are cut up differently hold the same."""
    one, other = next(ours, None), next(theirs, None)
    while one is not None and other is not None:
        size = min(len(one), len(other))
        if not one.slice(0, size).equals(other.slice(0, size)):
            return False
        one = one.slice(size) if size < len(one) else next(ours, None)
        other = other.slice(size) if size < len(other) else next(theirs, None)
    return one is other  # both are at their end


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


def each(rows: Mapping[str, Row], *names: str) -> Iterator[tuple[Any, ...]]:
    """Yield some fields of every row, in any order, and keep none.

    Example:
        >>> from types import SimpleNamespace as Clip
        >>> list(each({"a": Clip(sex="male", age=3)}, "sex", "age"))
        [('male', 3)]
    """
    if isinstance(rows, Rows):
        return rows.each(*names)
    return (tuple([getattr(row, name) for name in names]) for row in rows.values())


def found(rows: Mapping[str, Row], keys: Sequence[str]) -> dict[str, Row]:
    """Return those rows of some keys that are there, and keep none.

    Example:
        >>> found({"a": 1}, ["a", "b"])
        {'a': 1}
    """
    if isinstance(rows, Rows):
        return rows.found(keys)
    return {key: rows[key] for key in keys if key in rows}


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

"""Long sequences of records in little memory: a thousand at a time are objects, the others bytes.

A file of a scan with its clip's name takes 500 bytes as objects, and here 20 to 50: neighbours have
much in common, so that the fastest compression takes off most of it, in a microsecond a record.
"""

from __future__ import annotations

import gc
import heapq
import pickle
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import islice, repeat
from operator import attrgetter
from typing import Any, TypeVar, get_type_hints, overload

T = TypeVar("T")

_AT_ONCE = 1024
"""Records that are mostly packed together: fewer are compressed less well."""

_FASTEST = 1
"""Level of compression; higher ones save a tenth more and take three times as long."""

_SORTED_AT_ONCE = 8_192
"""Records that are sorted at a time."""

_MERGED_AT_ONCE = 128
"""Records of each of these runs that are objects while they are merged."""

_KEPT = 2
"""Runs of records that stay objects after somebody has asked for one of them."""


class Packed(Sequence[T]):
    """Records of one class, appended once and read as often as wanted.

    Reading from front to back is fast, at random it is not. Records that are equal may be different
    objects each time.

    Args:
        kind: The class of the records: a dataclass with slots. Fields may be such dataclasses.
        items: The first records.
        at_once: How many are packed together, and made again together; 0 is the usual number.

    Example:
        >>> from serkit.clips import ClipName
        >>> clips = Packed(ClipName, (ClipName(f"a{n}", "angry", "anna") for n in range(5000)))
        >>> len(clips), clips[4321].clip_id
        (5000, 'a4321')
    """

    def __init__(self, kind: type[T], items: Iterable[T] = (), *, at_once: int = 0) -> None:
        self._at_once = at_once or _AT_ONCE
        self._kind: type[T] = kind
        self._packed: list[bytes] = []
        self._last: list[T] = []
        self._made: dict[int, list[T]] = {}
        for item in items:
            self.append(item)

    def append(self, item: T) -> None:
        """Add a record at the end."""
        self._last.append(item)
        if len(self._last) == self._at_once:
            columns = pickle.dumps(to_columns(self._kind, self._last))
            self._packed.append(zlib.compress(columns, _FASTEST))
            self._last = []

    def __len__(self) -> int:
        return len(self._packed) * self._at_once + len(self._last)

    def __iter__(self) -> Iterator[T]:
        for packed in self._packed:
            yield from self._unpacked(packed)
        yield from self._last

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (tuple, list, Packed)):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    @overload
    def __getitem__(self, position: int) -> T: ...

    @overload
    def __getitem__(self, position: slice) -> tuple[T, ...]: ...

    def __getitem__(self, position: int | slice) -> T | tuple[T, ...]:
        if isinstance(position, slice):
            return tuple(self[i] for i in range(len(self))[position])
        run, place = divmod(range(len(self))[position], self._at_once)
        return self._run(run)[place]

    def _run(self, number: int) -> list[T]:
        if number == len(self._packed):
            return self._last
        if number not in self._made:
            if len(self._made) == _KEPT:
                del self._made[next(iter(self._made))]
            self._made[number] = self._unpacked(self._packed[number])
        return self._made[number]

    def _unpacked(self, packed: bytes) -> list[T]:
        return from_columns(self._kind, pickle.loads(zlib.decompress(packed)))  # of our own


def in_order(kind: type[T], items: Iterable[T], key: Callable[[T], Any]) -> Iterator[T]:
    """Sort many records, of which few are objects at a time: sorted runs are packed, then merged.

    Args:
        kind: As of :class:`Packed`.
        items: The records; all are read before this returns.
        key: What they are sorted by.

    Example:
        >>> from serkit.clips import ClipName
        >>> clips = (ClipName(f"a{-n % 7}", "angry", "anna") for n in range(7))
        >>> [clip.clip_id for clip in in_order(ClipName, clips, attrgetter("clip_id"))]
        ['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6']
    """
    remaining, runs = iter(items), []
    while some := list(islice(remaining, _SORTED_AT_ONCE)):
        runs.append(Packed(kind, sorted(some, key=key), at_once=_MERGED_AT_ONCE))
    return heapq.merge(*runs, key=key)


def to_columns(kind: type[Any], items: Sequence[Any]) -> dict[str, Any]:
    """Return the values of each field of some records; of nested records a dictionary again."""
    nested = _nested(kind)
    found: dict[str, Any] = {}
    for name in [field.name for field in fields(kind)]:
        values = list(map(attrgetter(name), items))
        found[name] = to_columns(nested[name], values) if name in nested else values
    return found


def from_columns(kind: type[T], columns: Mapping[str, Any]) -> list[T]:
    """Make records from what :func:`to_columns` returned."""
    nested = _nested(kind)
    return make_records(
        kind, {n: from_columns(nested[n], v) if n in nested else v for n, v in columns.items()}
    )


def _nested(kind: Any) -> dict[str, Any]:
    """Return the fields that are records themselves, by name."""
    found: dict[str, Any] = _nested_of(kind)
    return found


@cache
def _nested_of(kind: Any) -> dict[str, Any]:
    hints: dict[str, Any] = get_type_hints(kind)
    return {name: hint for name, hint in hints.items() if is_dataclass(hint)}


def make_records(kind: type[T], columns: Mapping[str, Sequence[Any]]) -> list[T]:
    """Make records from the values of all their fields, without calling their class 100,000 times.

    That takes a tenth of the time: a frozen class sets its attributes one by one, through Python.
    """
    with _uncollected():
        records = list(map(kind.__new__, repeat(kind, len(next(iter(columns.values()))))))
        for name, values in columns.items():
            deque(map(getattr(kind, name).__set__, records, values), maxlen=0)
    return records


@contextmanager
def _uncollected() -> Iterator[None]:
    """Hold off Python's search for circular garbage, which makes many records a third slower.

    The number of objects made starts it, and records are in no circle.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

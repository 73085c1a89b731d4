"""Rows of a table that were written together: a Parquet file, read where it is asked for.

It is read row group by row group: several thousand rows, however many the file has.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic

import numpy as np
import numpy.typing as npt

from serkit.errors import StoreCorruptError
from serkit.keys import KeyIndex, digests_in
from serkit.packed import make_records
from serkit.store.arrow_memory import release_memory
from serkit.store.columns import listed, number_column
from serkit.store.recent import Recent
from serkit.store.tables import Row, completed, repeated

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_DENSE = 2
"""Of so many rows one is asked for at least where all of them are made: they pass by quickly."""

_TAKEN = 64
"""Rows from which on Arrow's own way of choosing them is the quicker, once it is imported."""

_IMPORTED_FOR = 2000
"""Rows from which on it is worth importing ``pyarrow.compute``, which takes 0.15 s."""


class Segment(Generic[Row]):
    """Rows that were written together.

    Args:
        kind: The class of the rows; its first field is the key.
        source: The Parquet file's bytes, of which everything that was decoded is kept; or its path,
            for a writer, which holds the store's lock and few row groups.
        index: Where each key is, where the caller knows it already.
    """

    def __init__(
        self, kind: type[Row], source: bytes | Path, index: KeyIndex | None = None
    ) -> None:
        self.kind: type[Row] = kind
        self._source = source
        self._key = fields(kind)[0].name
        self._groups: Recent[pa.Table] = (
            Recent() if isinstance(source, Path) else Recent(few=sys.maxsize)
        )
        if index is not None:
            self.index = index

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.kind, self._source)

    def __len__(self) -> int:
        return int(self.starts[-1])

    @cached_property
    def starts(self) -> npt.NDArray[np.int64]:
        """The number of each row group's first row, and of all rows, shape ``(groups + 1,)``."""
        groups = range(self._metadata.num_row_groups)
        return np.cumsum([0, *(self._metadata.row_group(group).num_rows for group in groups)])

    @cached_property
    def keys(self) -> list[str]:
        """The key of each row."""
        return self.column(self._key)

    @cached_property
    def index(self) -> KeyIndex:
        """Where each key is."""
        found = [digests_in(keys) for keys in self.chunks(self._key)]
        release_memory()
        return KeyIndex.of(np.concatenate([np.zeros(0, np.uint64), *found]))

    def forget(self) -> None:
        """Give back what was decoded, but for the keys."""
        self._groups.clear()

    def column(self, name: str) -> list[Any]:
        """Return one field of each row."""
        return [value for (values,) in self.batches([name]) for value in values]

    def batches(self, names: Sequence[str]) -> Iterator[list[list[Any]]]:
        """Yield some fields of the rows of each row group, field by field."""
        for group in range(len(self.starts) - 1):
            table = self.group(group, names, words=True)
            yield [listed(table, name) for name in names]

    def chunks(self, name: str) -> Iterator[pa.Array]:
        """Yield one field of all rows as Arrow has it, some thousand rows at a time."""
        for group in range(len(self.starts) - 1):
            yield from self.group(group, [name]).column(name).chunks

    def rows(self) -> list[Row]:
        """Return all rows."""
        names = [field.name for field in fields(self.kind)]
        # What Arrow holds of them is not kept: it takes as much memory again.
        made = (dict(zip(names, columns, strict=True)) for columns in self.batches(names))
        return [row for columns in made for row in make_records(self.kind, columns)]

    def rows_at(self, positions: Sequence[int]) -> list[Row]:
        """Return the rows at some positions."""
        places = np.asarray(positions, np.int64)
        groups = np.searchsorted(self.starts, places, "right") - 1
        used = np.unique(groups).tolist()
        if len(used) == 1:
            table = self._groups.get(used[0], self._decoded)
            return _chosen(self.kind, table, places - self.starts[used[0]])
        found: dict[int, Row] = {}
        for group in used:
            wanted = np.flatnonzero(groups == group)
            rows = _chosen(
                self.kind,
                self._groups.get(group, self._decoded),
                places[wanted] - self.starts[group],
            )
            found.update(zip(wanted.tolist(), rows, strict=True))
        return [found[number] for number in range(len(places))]

    def group(self, number: int, names: Sequence[str], *, words: bool = False) -> pa.Table:
        """Decode some fields of one row group.

        On one thread, and not by Arrow's ``iter_batches``, which has more: a process that is forked
        while they run waits for them for ever.

        Args:
            number: Which group.
            names: The fields. Those that older files lack are filled in.
            words: Whether fields that repeat a few words stay as Parquet has them: each word once,
                and its number for each row.
        """
        as_words = self._fields.intersection(repeated(self.kind), names) if words else ()
        with self._opened(as_words) as file:
            wanted = [*(self._fields & {*names, "actor"})]  # actors name the speakers of old files
            table = file.read_row_group(number, wanted, use_threads=False)
        return completed(self.kind, table, names)

    def _decoded(self, number: int) -> pa.Table:
        """Decode all fields of a row group."""
        return self.group(number, [field.name for field in fields(self.kind)], words=True)

    @cached_property
    def _fields(self) -> frozenset[str]:
        """The fields that the file has."""
        return frozenset(self._metadata.schema.to_arrow_schema().names)

    @cached_property
    def _metadata(self) -> pq.FileMetaData:
        import pyarrow.parquet as pq

        with self._bytes() as source:
            return pq.ParquetFile(source).metadata

    @contextmanager
    def _opened(self, as_words: Collection[str]) -> Iterator[pq.ParquetFile]:
        import pyarrow.parquet as pq

        with self._bytes() as source:
            yield pq.ParquetFile(
                source, metadata=self._metadata, read_dictionary=[*as_words] or None
            )

    def _bytes(self) -> pa.NativeFile:
        import pyarrow as pa

        if not isinstance(self._source, Path):
            return pa.BufferReader(self._source)
        try:
            return pa.OSFile(str(self._source))
        except FileNotFoundError as error:
            raise StoreCorruptError(
                f"{self._source} has disappeared", hint="run 'serkit store repair'"
            ) from error


def _chosen(kind: type[Row], table: pa.Table, places: npt.NDArray[np.int64]) -> list[Row]:
    """Make some rows of a table."""
    first, end = int(places.min()), int(places.max()) + 1
    if end - first <= _DENSE * len(places):  # neighbours, as where a folder is scanned again
        rows = _made(kind, table.slice(first, end - first))
        return [rows[place - first] for place in places.tolist()]
    is_imported = "pyarrow.compute" in sys.modules
    if len(places) < (_TAKEN if is_imported else _IMPORTED_FOR):
        cells = ([column[i].as_py() for i in places.tolist()] for column in table.columns)
        return make_records(kind, dict(zip(table.column_names, cells, strict=True)))
    return _made(kind, table.take(number_column(places)))


def _made(kind: type[Row], table: pa.Table) -> list[Row]:
    return make_records(kind, {name: listed(table, name) for name in table.column_names})

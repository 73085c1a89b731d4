"""Writing a table's next segment: rows of older ones and new rows pass by, thousands at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from io import RawIOBase
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.keys import Digests, KeyIndex
from serkit.store.arrow_memory import release_memory
from serkit.store.columns import number_column
from serkit.store.recent import Recent
from serkit.store.segment import Segment
from serkit.store.tables import schema_of

if TYPE_CHECKING:
    import pyarrow as pa

_AT_ONCE = 4_096
"""Rows of a row group: as many are in memory at a time where a table is copied or searched."""

_MOST_RUNS = 256
"""Runs of neighbours from which on rows are chosen by ``pyarrow.compute``: its import takes 0.15 s
and 10 MiB."""


@dataclass(frozen=True)
class NextSegment:
    """A table's next segment, ready to be written.

    Attributes:
        kept: How many segments stay in front of it; the others are in it.
        merged: Those others, oldest first.
        new: The rows that come after theirs, as Arrow has them.
        chosen: The number of each row that is written, through all of these, shape ``(n,)``.
        index: Where each of their keys will be.
    """

    kept: int
    merged: Sequence[Segment[Any]] = field(repr=False)
    new: pa.Table = field(repr=False)
    chosen: npt.NDArray[np.int64] = field(repr=False)
    index: KeyIndex = field(repr=False)

    def write(self, sink: IO[bytes] | RawIOBase, kind: type[Any]) -> None:
        """Write it as a Parquet file, of which no more than a few row groups are ever in memory."""
        import pyarrow.parquet as pq

        with pq.ParquetWriter(sink, schema_of(kind), compression="zstd") as writer:
            for batch in self._batches(kind):
                writer.write_table(batch)
        release_memory()

    def _batches(self, kind: type[Any]) -> Iterator[pa.Table]:
        import pyarrow as pa

        groups = _Groups(kind, self.merged, self.new)
        for first in range(0, max(1, len(self.chosen)), _AT_ONCE):
            numbers = self.chosen[first : first + _AT_ONCE]
            which = np.searchsorted(groups.starts, numbers, "right") - 1
            used, place = np.unique(which, return_inverse=True)
            tables = [groups[number] for number in used.tolist()]
            before = np.cumsum([0, *map(len, tables)])
            joined = pa.concat_tables([self.new.slice(0, 0), *tables])
            yield _taken(joined, numbers - groups.starts[which] + before[place])


class _Groups:
    """The row groups of some segments and, last, the new rows."""

    def __init__(self, kind: type[Any], segments: Sequence[Segment[Any]], new: pa.Table) -> None:
        self._names = [each.name for each in fields(kind)]
        self._places = [(s, group) for s in segments for group in range(len(s.starts) - 1)]
        self._new = new
        self._decoded: Recent[pa.Table] = Recent()
        lengths = [np.diff(segment.starts) for segment in segments]
        self.starts = np.cumsum(np.concatenate([[0], *lengths]), dtype=np.int64)
        """The number of each group's first row."""

    def __getitem__(self, number: int) -> pa.Table:
        if number == len(self._places):
            return self._new
        return self._decoded.get(number, self._decode)

    def _decode(self, number: int) -> pa.Table:
        segment, group = self._places[number]
        return segment.group(group, self._names)


def _taken(table: pa.Table, places: npt.NDArray[np.int64]) -> pa.Table:
    """Return some rows of a table; runs of neighbours without Arrow's own way of choosing rows."""
    import pyarrow as pa

    starts = np.flatnonzero(np.diff(places, prepend=-2) != 1)
    if len(starts) > _MOST_RUNS:
        return table.take(number_column(places))
    lengths = np.diff(starts, append=len(places))
    runs = zip(places[starts].tolist(), lengths.tolist(), strict=True)
    return pa.concat_tables([table.slice(0, 0), *(table.slice(*run) for run in runs)])


def rows_that_count(
    digests: Digests, is_lost: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], KeyIndex]:
    """Return the last row of each key, in the order of the keys' first rows, and where they are.

    Args:
        digests: The hash of each row's key, oldest first, shape ``(n,)``.
        is_lost: Which rows were taken out, likewise.
    """
    living = np.flatnonzero(~is_lost)
    index = KeyIndex.of(digests[living])
    differs = index.digests[1:] != index.digests[:-1]
    if differs.all():
        return living, index
    edge = np.ones(1, bool)
    first = index.positions[np.concatenate([edge, differs])]
    last = index.positions[np.concatenate([differs, edge])]
    chosen = living[last[np.argsort(first)]]
    return chosen, KeyIndex.of(digests[chosen])

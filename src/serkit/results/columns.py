"""The columns of a file of predictions, read without pandas: each decoded and checked when needed.

A leaderboard of a thousand runs opens as many files, and their columns of clips and speakers are
mostly the same. Columns are therefore compared as they lie in the file, compressed, and only those
that no other file has had are decoded.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.errors import RunError

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_REPEATING = ("fold", "speaker", "true", "predicted", "sex", "intensity")
"""Columns of few different texts, which are read as numbers into a list of those."""

_PLAIN = {
    **{"int8": "i1", "int16": "i2", "int32": "i4", "int64": "i8"},
    **{"uint8": "u1", "uint16": "u2", "uint32": "u4", "uint64": "u8"},
    **{"float": "f4", "double": "f8"},
}
"""Arrow's types of plain numbers, and NumPy's."""


class Columns:
    """The columns of one file.

    Args:
        path: The file.

    Raises:
        RunError: It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._content = path.read_bytes()
            self._file = _opened(self._content)
        except (OSError, ValueError) as error:  # Arrow's errors are ValueErrors
            raise self.damaged(str(error)) from error
        self._schema = self._file.schema_arrow  # made anew at each access, 0.2 ms
        self._names: list[str] = self._schema.names
        self._decoded: dict[str, Any] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def damaged(self, why: str) -> RunError:
        """Return the error for a damaged file."""
        return RunError(f"{self._path} is damaged ({why})", hint="train it again")

    def decode(self, names: Iterable[str]) -> None:
        """Decode columns at once, which is quicker than one by one.

        Args:
            names: The columns; those that the file lacks are left out.

        Raises:
            RunError: A column is damaged.
        """
        wanted = [name for name in names if name in self._names]
        try:
            table = self._file.read(wanted, use_threads=False)
        except (OSError, ValueError) as error:
            raise self.damaged(str(error)) from error
        for name, column in zip(table.column_names, table.columns, strict=True):
            whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
            self._decoded.setdefault(name, whole)

    def stored(self, names: Sequence[str]) -> Hashable:
        """Return columns as they lie in the file, to be compared with another file's.

        Equal bytes of equal type decode to equal values; equal values may have other bytes.

        Raises:
            RunError: The file lacks a column.
        """
        for name in names:
            self._require(name)
        known = self._file.metadata
        if known.num_row_groups != 1 or known.num_columns != len(self._names):
            return object()  # not as serkit writes it, and equal to no other
        group = known.row_group(0)
        return tuple(self._chunk(group, self._names.index(name)) for name in names)

    def _chunk(self, group: pq.RowGroupMetaData, place: int) -> Hashable:
        chunk = group.column(place)
        starts = [chunk.data_page_offset]
        if chunk.has_dictionary_page:
            starts.append(chunk.dictionary_page_offset)
        first = min(starts)
        content = self._content[first : first + chunk.total_compressed_size]
        field = str(self._schema.field(place))  # name, type, whether gaps are allowed
        return field, chunk.physical_type, chunk.compression, chunk.num_values, content

    def numbers(self, name: str) -> npt.NDArray[np.float64]:
        """Return a column of numbers, (n,); gaps are NaN."""
        values = _values(self._column(name))
        if values.dtype.kind not in "fiu":
            raise self.damaged(f"the column {name!r} holds something other than numbers")
        return np.asarray(values, np.float64)

    def codes(self, name: str, n_classes: int) -> npt.NDArray[np.int64]:
        """Return a column of classes' numbers, (n,)."""
        values = _values(self._column(name))
        whole = values.dtype.kind in "iu" and len(values) > 0
        if not whole or values.min() < 0 or values.max() >= n_classes:
            raise self.damaged(
                f"{name} holds something other than numbers from 0 to {n_classes - 1}"
            )
        return np.asarray(values, np.int64)

    def texts(self, name: str, gaps: str | None = None) -> npt.NDArray[np.str_]:
        """Return a column as text, (n,).

        Args:
            name: The column's.
            gaps: What stands for a gap; None refuses gaps.
        """
        column = self._column(name)
        if column.null_count and gaps is None:
            raise self.damaged(f"the column {name!r} has gaps")
        if hasattr(column, "dictionary") and not column.null_count:
            values = np.array([str(value) for value in column.dictionary.to_pylist()], np.str_)
            return np.asarray(values[_values(column.indices)], np.str_)
        texts = [gaps if value is None else str(value) for value in column.to_pylist()]
        return np.array(texts, np.str_)

    def _column(self, name: str) -> Any:
        self._require(name)
        if name not in self._decoded:
            self.decode([name])
        return self._decoded[name]

    def _require(self, name: str) -> None:
        if name not in self:
            raise self.damaged(f"it lacks the column {name!r}")


def _opened(content: bytes) -> pq.ParquetFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    def opened(repeating: Sequence[str]) -> pq.ParquetFile:
        return pq.ParquetFile(pa.BufferReader(content), read_dictionary=repeating)

    try:
        return opened(_REPEATING)
    except KeyError:  # the file lacks some of these columns
        present = pq.read_schema(pa.BufferReader(content)).names
        return opened([name for name in _REPEATING if name in present])


def _values(array: Any) -> npt.NDArray[Any]:
    """Return the values of an Arrow array; its own ``to_numpy`` imports pandas, 0.5 s.

    Numbers without gaps are read where they lie. Everything else is converted by Arrow.
    """
    kind = _PLAIN.get(str(array.type))
    if kind is None or array.null_count or not len(array):
        return np.asarray(array.to_numpy(zero_copy_only=False))
    return np.frombuffer(array.buffers()[1], kind)[array.offset :][: len(array)]

"""Arrow's columns, made from buffers and read from buffers, and Parquet files of them.

``pa.array`` and ``to_numpy`` import pandas to check for pandas objects: 0.15 s in each worker, and
a sixth of a repeated ``extract``. Arrow itself is imported where a table is read or written:
predicting an audio file needs none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa

_LOOK = 1000
"""Rows by which a column is judged to repeat a few words."""


def column_of(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return an Arrow column of strings or whole numbers; None is null."""
    import pyarrow as pa

    if kind == pa.string():
        return string_column(values)
    missing = np.array([value is None for value in values], bool)
    numbers = np.array([value or 0 for value in values], np.dtype(kind.to_pandas_dtype()))
    return number_column(numbers, missing if missing.any() else None)


def string_column(values: Sequence[str]) -> pa.Array:
    """Return an Arrow column of strings."""
    import pyarrow as pa

    data = "".join(values).encode()
    lengths = list(map(len, values))
    if len(data) != sum(lengths):  # a character of several bytes somewhere
        lengths = [len(value.encode()) for value in values]
    ends = np.cumsum([0, *lengths], dtype=np.int64)
    buffers = [None, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), len(lengths), buffers)


def number_column(
    values: npt.NDArray[Any], missing: npt.NDArray[np.bool_] | None = None
) -> pa.Array:
    """Return an Arrow column of numbers; where ``missing`` is true it holds null."""
    import pyarrow as pa

    valid = None
    if missing is not None:
        valid = pa.py_buffer(np.packbits(~missing, bitorder="little"))
    data = pa.py_buffer(np.ascontiguousarray(values))
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [valid, data])


def numbers(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """Return the numbers of an Arrow column without nulls.

    Raises:
        ValueError: The column holds something else.
    """
    import pyarrow as pa

    if column.null_count or not (
        pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    ):
        raise ValueError(f"a column of {column.type} with {column.null_count} nulls")
    dtype = np.dtype(column.type.to_pandas_dtype())
    return np.concatenate(
        [np.zeros(0, dtype)]
        + [
            np.frombuffer(chunk.buffers()[1], dtype, len(chunk), chunk.offset * dtype.itemsize)
            for chunk in column.chunks
            if len(chunk)
        ]
    )


def listed(table: pa.Table, name: str) -> list[Any]:
    """Return a column's values; words that come again and again are one object each."""
    import pyarrow as pa

    column = table.column(name)
    if pa.types.is_dictionary(column.type):
        return _worded(column)
    values = list(column.to_pylist())
    if isinstance(values[0] if values else None, str) and len({*values[:_LOOK]}) < _LOOK // 2:
        return list(map({}.setdefault, values, values))
    return values


def _worded(column: pa.ChunkedArray) -> list[str]:
    """Return the values of a column that holds each word once: one object for each word.

    Six times as fast as making one for each row.
    """
    import pyarrow as pa

    values: list[str] = []
    for chunk in column.chunks:
        known, places = chunk.dictionary.to_pylist(), pa.chunked_array([chunk.indices])
        values += map(known.__getitem__, numbers(places).tolist())
    return values


def to_parquet(table: pa.Table, *, dictionary: bool = True) -> bytes:
    """Return a table as a Parquet file.

    Args:
        table: The table.
        dictionary: Whether repeated values are kept once. Not for measurements: the dictionary
            takes -0.0 and 0.0 for the same.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", use_dictionary=dictionary)
    return bytes(sink.getvalue())


def from_parquet(data: bytes) -> pa.Table:
    """Read a Parquet file from memory.

    One thread only: extraction forks after reading, and a pool of threads does not survive that.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Not read_table(): it imports pyarrow.dataset, which imports pandas.
    return pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)

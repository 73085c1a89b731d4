"""The store's tables, in Parquet: audio files, clips, and one index per feature.

Arrow's columns are made from buffers here and read from buffers, since ``pa.array`` and
``to_numpy`` import pandas to check for pandas objects: 0.15 s in each worker, and a sixth of a
repeated ``extract``. Arrow itself is imported where a table is read or written: predicting an audio
file needs the rows' types alone.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from serkit.labels import UNKNOWN
from serkit.packed import make_records

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class FileRow:
    """An audio file that was decoded once: the fast path that spares decoding it again.

    Attributes:
        path: Relative to the scanned folder; with the channel behind it where that is not 0.
        size: In bytes.
        mtime_ns: Time of the last change.
        clip_id: The clip it holds.
        pcm_sha256: See :attr:`serkit.audio.Audio.pcm_sha256`.
        ctime_ns: Time of the last change as the file system itself keeps it; null where an older
            serkit wrote the row.
    """

    path: str
    size: int
    mtime_ns: int
    clip_id: str
    pcm_sha256: str
    ctime_ns: int | None = None


@dataclass(frozen=True, slots=True)
class ClipRow:
    """A clip in the store: metadata and identity of its samples.

    Attributes:
        clip_id: The key: the file name's stem.
        corpus: The corpus it belongs to.
        path: The audio file it was read from, relative to ``root``.
        modality: ``audio-only``, ``full-av`` or ``video-only``.
        vocal_channel: ``speech`` or ``song``.
        emotion: The emotion's name: one of the store's labels, or ``unknown``.
        emotion_id: Its number among the store's labels; -1 where it is unknown.
        intensity: ``normal`` or ``strong``, or the corpus's own word.
        statement: The sentence.
        repetition: 1, 2, ...; 0 if not numbered.
        actor: The speaker's number, in corpora that number their actors; else null.
        speaker: The speaker's name; ``unknown`` if not known.
        sex: ``male`` or ``female``, or ``unknown``.
        sample_rate: Rate in Hz of the signal in the store.
        channels: Channels in the file; channel 0 is used.
        num_frames: Samples of the signal in the store, before padding.
        resampled_from: The file's rate in Hz where it was another, else null.
        pcm_sha256: SHA-256 of the file's samples.
        root: The folder that was scanned.
        age: The speaker's age in years, where somebody has said it.
        split: The part of a published split that the clip belongs to; empty where there is none.
    """

    clip_id: str
    corpus: str
    path: str
    modality: str
    vocal_channel: str
    emotion: str
    emotion_id: int
    intensity: str
    statement: str
    repetition: int
    actor: int | None
    speaker: str
    sex: str
    sample_rate: int
    channels: int
    num_frames: int
    resampled_from: int | None
    pcm_sha256: str
    root: str
    age: int | None = None
    split: str = ""


@dataclass(frozen=True, slots=True)
class IndexRow:
    """Location of one clip's values of one feature, and their origin.

    Attributes:
        clip_id: The clip.
        fingerprint: The feature's identity when they were computed.
        pcm_sha256: The clip's samples when they were computed.
        part: The file that holds them, relative to the store.
        offset: First element in the part's flat values; for table features, the row.
        length: Extent of the ragged axis; for table features 1.
        lead: Zeros before it in a padded view.
        checksum: XXH3 (64 bit) of the values' bytes.
        part_bytes: Size of the part; 0 where an older serkit wrote the row, and the manifest says.
        part_xxh3: XXH3 of the part, as :class:`serkit.store.manifest.StoredFile` has it.
    """

    clip_id: str
    fingerprint: str
    pcm_sha256: str
    part: str
    offset: int
    length: int
    lead: int
    checksum: int
    part_bytes: int = 0
    part_xxh3: str = ""


_ALL_DIFFERENT = {"clip_id", "path", "pcm_sha256"}
"""Texts that hardly two rows share; others repeat a few words."""

_AT_ONCE = 16_384
"""Rows that are read and written at a time where a table is copied."""

_LOOK = 1000
"""Rows by which a column is judged to repeat a few words."""

Row = TypeVar("Row", bound="FileRow | ClipRow | IndexRow")


def _schema(kind: type[Any]) -> pa.Schema:
    import pyarrow as pa

    arrow = {"str": pa.string(), "int": pa.int64(), "int | None": pa.int64()}
    types = [(f.name, arrow[str(f.type)]) for f in fields(kind)]
    # Checksums use all 64 bits.
    return pa.schema([(n, pa.uint64() if n == "checksum" else t) for n, t in types])


def encode(kind: type[Row], rows: Iterable[Row]) -> bytes:
    """Return rows as a Parquet file."""
    return to_parquet(to_table(kind, rows))


def to_table(kind: type[Row], rows: Iterable[Row]) -> pa.Table:
    """Return rows as an Arrow table."""
    import pyarrow as pa

    schema, rows = _schema(kind), list(rows)
    # Column by column: each of these loops runs outside of the interpreter.
    return pa.table(
        [_column(list(map(attrgetter(f.name), rows)), f.type) for f in schema], schema=schema
    )


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Return the rows of several tables of one kind, one after the other."""
    import pyarrow as pa

    return pa.concat_tables(tables)


def decode(kind: type[Row], data: bytes) -> dict[str, Row]:
    """Return the rows of a Parquet file by their first column."""
    table = read_table(kind, data)
    columns = {name: listed(table, name) for name in table.column_names}
    key = fields(kind)[0].name
    return dict(zip(columns[key], make_records(kind, columns), strict=True))


def read_table(
    kind: type[Any],
    data: bytes,
    names: Sequence[str] | None = None,
    *,
    words: Collection[str] = (),
) -> pa.Table:
    """Read a Parquet file of rows.

    Args:
        kind: The class of the rows.
        data: The file.
        names: The fields wanted; None is all. Those that older files lack are filled in.
        words: Fields to leave as Parquet has them: each word once, and its number for each row.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = [field.name for field in fields(kind)] if names is None else names
    file = pq.ParquetFile(pa.BufferReader(data))
    there = set(file.schema_arrow.names)
    if kept := there.intersection(words, wanted):
        file = pq.ParquetFile(
            pa.BufferReader(data), metadata=file.metadata, read_dictionary=list(kept)
        )
    return _whole(kind, file.read([*(there & {*wanted, "actor"})], use_threads=False), wanted)


def read_keys(kind: type[Any], data: bytes) -> Iterator[pa.Array]:
    """Read the keys of a Parquet file of rows, their first field, some at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    name = fields(kind)[0].name
    file = pq.ParquetFile(pa.BufferReader(data))
    for group in range(file.num_row_groups):
        yield from file.read_row_group(group, [name], use_threads=False).column(name).chunks


def read_batches(kind: type[Any], data: bytes) -> Iterator[pa.Table]:
    """Read a Parquet file of rows some at a time, in their order, all fields of them.

    Group by group, as ``iter_batches`` starts threads, and a process that was forked waits for
    them for ever.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [field.name for field in fields(kind)]
    file = pq.ParquetFile(pa.BufferReader(data))
    for group in range(file.num_row_groups):
        yield _whole(kind, file.read_row_group(group, use_threads=False), names)


def _whole(kind: type[Any], table: pa.Table, names: Sequence[str]) -> pa.Table:
    """Return the named columns; those that older files lack are filled in."""
    import pyarrow as pa

    there = set(table.column_names)
    return pa.table({n: table.column(n) if n in there else _older(kind, n, table) for n in names})


def _older(kind: type[Any], name: str, table: pa.Table) -> pa.Array:
    """Return a column that was added to the format after a file was written."""
    if name == "speaker":  # actors were numbers
        actors = table.column("actor").to_pylist()
        return string_column([str(actor) if actor else UNKNOWN for actor in actors])
    default = {field.name: field.default for field in fields(kind)}[name]
    return _column([default] * len(table), _schema(kind).field(name).type)


def read_column(kind: type[Any], data: bytes, name: str) -> list[Any]:
    """Return one field of the rows of a Parquet file."""
    import pyarrow as pa

    column = read_table(kind, data, [name], words=repeated(kind)).column(name)
    if pa.types.is_dictionary(column.type):
        return _worded(column)
    return list(column.to_pylist())


def repeated(kind: type[Any]) -> list[str]:
    """Return the fields that hold a few words in many rows."""
    return [f.name for f in fields(kind) if f.type == "str" and f.name not in _ALL_DIFFERENT]


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


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
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


def copied(kind: type[Row], segments: Iterable[bytes], rows: Iterable[Row]) -> bytes:
    """Return a Parquet file of the rows of several, and of further ones, in their order.

    It is written as it is read, so that no table is ever in memory whole.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, _schema(kind), compression="zstd") as writer:
        for batch in _of_one_size(kind, segments, rows):
            writer.write_table(batch)
    return bytes(sink.getvalue())


def superseded(
    kind: type[Row],
    segments: Sequence[bytes],
    rows: Iterable[Row],
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
) -> bytes:
    """Return a Parquet file of one row for each key, where some rows take the place of others.

    The oldest segment, by far the longest, passes by some rows at a time; the others are in memory.

    Args:
        kind: The class of the rows.
        segments: Files of rows, oldest first.
        rows: Further rows, which come last.
        first: The number of each key's first row, ascending, shape ``(keys,)``.
        last: The number of its last row, which counts; likewise.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    later = joined([*(read_table(kind, data) for data in segments[1:]), to_table(kind, rows)])
    oldest = pq.ParquetFile(pa.BufferReader(segments[0])).metadata.num_rows if segments else 0
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, _schema(kind), compression="zstd") as writer:
        start = 0
        for batch in read_batches(kind, segments[0]) if segments else ():
            end = start + len(batch)
            here = last[slice(*np.searchsorted(first, [start, end]))]
            places = np.where(here < oldest, here - start, here - oldest + len(batch))
            writer.write_table(joined([batch, later]).take(number_column(places)))
            start = end
        new = last[np.searchsorted(first, oldest) :]
        writer.write_table(later.take(number_column(new - oldest)))
    return bytes(sink.getvalue())


def _of_one_size(
    kind: type[Row], segments: Iterable[bytes], rows: Iterable[Row]
) -> Iterator[pa.Table]:
    """Yield the rows of several files, and further ones, many at a time: files may be short."""
    pending = to_table(kind, [])
    for data in segments:
        for batch in read_batches(kind, data):
            pending = joined([pending, batch])
            if len(pending) >= _AT_ONCE:
                yield pending
                pending = to_table(kind, [])
    yield joined([pending, to_table(kind, rows)])


def release_memory() -> None:
    """Give back what Arrow's allocator keeps of freed tables, which is several times their size."""
    if arrow := sys.modules.get("pyarrow"):  # else there have been no tables
        arrow.default_memory_pool().release_unused()


def from_parquet(data: bytes) -> pa.Table:
    """Read a Parquet file from memory.

    One thread only: extraction forks after reading, and a pool of threads does not survive that.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Not read_table(): it imports pyarrow.dataset, which imports pandas.
    return pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)

"""The store's tables: rows of audio files, of clips, and of one index per feature.

Each is a Parquet file of the fields below.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from serkit.labels import UNKNOWN
from serkit.store.columns import column_of, string_column, to_parquet

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


Row = TypeVar("Row", bound="FileRow | ClipRow | IndexRow")


def schema_of(kind: type[Any]) -> pa.Schema:
    """Return the columns of a table of rows."""
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

    schema, rows = schema_of(kind), list(rows)
    # Column by column: each of these loops runs outside of the interpreter.
    return pa.table(
        [column_of(list(map(attrgetter(f.name), rows)), f.type) for f in schema], schema=schema
    )


def completed(kind: type[Any], table: pa.Table, names: Sequence[str]) -> pa.Table:
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
    return column_of([default] * len(table), schema_of(kind).field(name).type)


def repeated(kind: type[Any]) -> list[str]:
    """Return the fields that hold a few words in many rows."""
    return [f.name for f in fields(kind) if f.type == "str" and f.name not in _ALL_DIFFERENT]

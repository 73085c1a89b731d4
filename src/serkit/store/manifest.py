"""The manifest: a small file whose replacement commits everything written before."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from xxhash import xxh3_64, xxh3_64_hexdigest

from serkit.errors import NotFoundError, StoreCorruptError, StoreError
from serkit.features import ArrayLayout, FeatureSpec, Layout, TableLayout
from serkit.features.spec import canonical_json
from serkit.labels import UNRECORDED, LabelSet
from serkit.storage.files import Buffer, read_file, write_file
from serkit.store.summary import StoreSummary

PARTS = "parts"
TABLES = "tables"
_FOLDERS = (PARTS, TABLES)

FORMAT = 2
"""Raised when an older serkit could no longer read the store."""

_READABLE = (1, 2)
"""Formats that are read: 1 had one file for each table, and listed all parts in the manifest."""

NAME = "manifest.json"

COPY = "manifest.copy.json"
"""The same text once more, for ``repair``."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A committed file of the store.

    Attributes:
        file: Path inside the store.
        bytes: Its size.
        xxh3: Hex digest of its content.
    """

    file: str
    bytes: int
    xxh3: str

    def __post_init__(self) -> None:
        # What a manifest names is read, and deleted when it is no longer needed: a store from
        # somebody else must not be able to name anything but its own files.
        parts = PurePosixPath(self.file).parts
        if self.file and (".." in parts or parts[0] not in _FOLDERS):
            raise ValueError(f"{self.file} is not a file of a store")

    @classmethod
    def of(cls, file: str, *pieces: Buffer) -> StoredFile:
        """Describe a file's content, piece after piece."""
        state = xxh3_64()
        for piece in pieces:
            state.update(piece)
        size = sum(memoryview(piece).nbytes for piece in pieces)
        return cls(file, size, state.hexdigest())


Segments = tuple[StoredFile, ...]
"""The files of a table: of rows with the same key the last one counts."""


@dataclass(frozen=True)
class StoredFeature:
    """A feature in the store.

    Attributes:
        spec: What it is.
        layout: Its shape, kept so that reading needs no extractor.
        index: The table of each clip's location.
        older: Earlier specification, if some clips still have its values.
        parts: The files of values, by path inside the store, that were written in format 1; of
            others the index knows size and checksum.
    """

    spec: FeatureSpec
    layout: Layout
    index: Segments = ()
    older: tuple[FeatureSpec, ...] = ()
    parts: Mapping[str, StoredFile] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """An audio file, or a feature of a clip, that failed.

    Attributes:
        path: The audio file, relative to the scanned folder.
        error: The error's class name.
        message: Its text.
        clip_id: The clip.
        feature: The feature that failed; empty where the file itself did.
    """

    path: str
    error: str
    message: str
    clip_id: str
    feature: str = ""


@dataclass(frozen=True)
class Manifest:
    """Everything that is committed to a store.

    Attributes:
        generation: Number of commits.
        tables: Its own tables, by name.
        features: The features, by name.
        failures: Failed files and clips.
        labels: The classes of its clips.
        summary: What is in it as a whole; None where a writer has not got to the end of its work,
            or an older serkit has written it.
    """

    generation: int = 0
    tables: Mapping[str, Segments] = field(default_factory=dict)
    features: Mapping[str, StoredFeature] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    labels: LabelSet = UNRECORDED
    summary: StoreSummary | None = None

    def table_files(self) -> dict[str, StoredFile]:
        """Return every file of every table, by its path inside the store."""
        indexes = (feature.index for feature in self.features.values())
        return {file.file: file for table in (*self.tables.values(), *indexes) for file in table}


def read_manifest(store: Path) -> Manifest:
    """Read a store's manifest.

    Raises:
        NotFoundError: No store there.
        StoreCorruptError: The manifest is lost or damaged.
        StoreError: It is of another format.
    """
    try:
        return _read(store, NAME)
    except NotFoundError:
        if _was_committed(store):
            raise StoreCorruptError(
                f"{store / NAME} is missing", hint="run 'serkit store repair'"
            ) from None
        raise


def _was_committed(store: Path) -> bool:
    """Return whether the copy records a commit, or is damaged and might have."""
    try:
        return _read(store, COPY).generation > 0
    except NotFoundError:
        return False
    except StoreCorruptError:
        return True


def begin(store: Path) -> None:
    """Prepare a new store: from here on a manifest that is not there was lost."""
    write_file(store / COPY, manifest_text(Manifest()))


def copy_manifest(store: Path) -> None:
    """Bring the copy up to date; a kill or a full disk may have left it behind."""
    text = (store / NAME).read_bytes()
    try:
        if (store / COPY).read_bytes() == text:
            return
    except OSError:
        pass  # gone: written anew
    write_file(store / COPY, text)


def copy_damage(store: Path) -> str:
    """Return the copy's defect, or an empty string.

    A copy that is whole and one commit behind is right: a writer may have been killed before it.
    """
    try:
        _read(store, COPY)
    except NotFoundError:
        return "is missing"
    except StoreCorruptError:
        return "changed"
    return ""


def manifest_stamp(store: Path) -> tuple[int, int, int] | None:
    """Return a stamp that changes with every commit, without reading the manifest.

    A commit puts a new file in the place of the old one.
    """
    try:
        status = os.stat(f"{store}{os.sep}{NAME}")  # noqa: PTH116 (a Path takes five times as long)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def restore_manifest(store: Path) -> bool:
    """Replace a damaged manifest by its copy; return whether the copy was intact."""
    try:
        manifest = _read(store, COPY)
    except (NotFoundError, StoreCorruptError):
        return False
    if not manifest.generation:
        return False
    write_manifest(store, manifest)
    return True


def _read(store: Path, name: str) -> Manifest:
    path = store / name
    try:
        text = read_file(path).decode("utf-8")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFoundError(
            f"no feature store in {store}",
            hint="fill one with 'serkit extract SRC' or name another with --store DIR",
        ) from error
    except UnicodeDecodeError as error:
        raise _damaged(path) from error
    try:
        data = json.loads(text)
        digest = data.pop("digest")
        # checked before the format: the digest is the same in every format
        if digest != xxh3_64_hexdigest(canonical_json(data).encode()):
            raise _damaged(path)
        if data["format"] not in _READABLE:
            raise StoreError(
                f"{path} has format {data['format']}, this serkit reads {_READABLE[-1]} and older",
                hint="install the serkit that wrote it, or extract into another --store",
            )
        return _from_json(data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path) from error


def write_manifest(store: Path, manifest: Manifest) -> None:
    """Commit: replace the manifest by the next one. :func:`copy_manifest` is to follow."""
    write_file(store / NAME, manifest_text(manifest))


def manifest_text(manifest: Manifest) -> bytes:
    """Return a manifest as it is written, with its own checksum."""
    data = _to_json(manifest)
    data["digest"] = xxh3_64_hexdigest(canonical_json(data).encode())
    return json.dumps(data, indent=1).encode()


def _damaged(path: Path) -> StoreCorruptError:
    return StoreCorruptError(
        f"{path} is damaged",
        hint="run 'serkit store repair'",
    )


def _to_json(manifest: Manifest) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "generation": manifest.generation,
        "tables": {name: _segments_to_json(table) for name, table in manifest.tables.items()},
        "features": {
            name: {
                "spec": feature.spec.to_json(),
                "layout": {"kind": type(feature.layout).__name__, **asdict(feature.layout)},
                "index": _segments_to_json(feature.index),
                "parts": [asdict(part) for part in feature.parts.values()],
                "older": [spec.to_json() for spec in feature.older],
            }
            for name, feature in manifest.features.items()
        },
        "failures": [asdict(failure) for failure in manifest.failures],
        "labels": manifest.labels.to_json(),
        "summary": manifest.summary.to_json() if manifest.summary else None,
    }


def _from_json(data: Mapping[str, Any]) -> Manifest:
    return Manifest(
        generation=data["generation"],
        tables={name: _segments(table) for name, table in data["tables"].items()},
        features={
            name: StoredFeature(
                FeatureSpec.from_json(feature["spec"]),
                _layout(feature["layout"]),
                _segments(feature["index"]),
                tuple(FeatureSpec.from_json(spec) for spec in feature["older"]),
                {part["file"]: StoredFile(**part) for part in feature["parts"]},
            )
            for name, feature in data["features"].items()
        },
        failures=tuple(Failure(**failure) for failure in data["failures"]),
        labels=LabelSet.from_json(data.get("labels")),
        summary=StoreSummary.from_json(data["summary"]) if data.get("summary") else None,
    )


def _segments_to_json(segments: Segments) -> list[dict[str, Any]]:
    return [asdict(file) for file in segments]


def _segments(data: Any) -> Segments:
    files = data if isinstance(data, list) else [data]  # one file in format 1
    return tuple(StoredFile(**file) for file in files)


def _layout(data: Mapping[str, Any]) -> Layout:
    fields: dict[str, Any] = {
        key: tuple(v) if isinstance(v, list) else v for key, v in data.items()
    }
    kind = fields.pop("kind")
    return TableLayout(**fields) if kind == "TableLayout" else ArrayLayout(**fields)

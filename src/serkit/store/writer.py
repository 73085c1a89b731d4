"""The writer of a store: collects changes and commits them in one step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from serkit.errors import NotFoundError, UsageError
from serkit.features import FeatureSpec, Layout
from serkit.labels import NO_LABEL, LabelSet
from serkit.storage.files import TEMPORARY, flush_file, sync_folder, write_file
from serkit.storage.lock import DEFAULT_WAIT, writer_lock
from serkit.storage.objects import Objects
from serkit.store.manifest import (
    COPY,
    NAME,
    Failure,
    Manifest,
    StoredFeature,
    StoredFile,
    begin,
    copy_manifest,
    manifest_text,
    read_manifest,
    write_manifest,
)
from serkit.store.mirror import mirror_of, unique
from serkit.store.parts import Item, encode_part, suffix
from serkit.store.state import StoreState, read_state
from serkit.store.tables import ClipRow, FileRow, IndexRow, encode

PARTS = "parts"
TABLES = "tables"

_IGNORE = "*\n"
"""A store is never committed to version control."""


class StoreWriter:
    """Changes to a store; nothing of them counts before :meth:`commit`.

    Made by :func:`open_writer`.

    Attributes:
        path: The store's folder.
        state: The store's state including pending changes.
    """

    def __init__(self, path: Path, state: StoreState) -> None:
        self.path = path
        self._files = dict(state.files.items())  # which makes all rows at once
        self._clips = dict(state.clips.items())
        self._index = {name: dict(rows.items()) for name, rows in state.index.items()}
        self.state = StoreState(state.manifest, self._files, self._clips, self._index)
        self._mirror = mirror_of(path)
        self._features = dict(state.manifest.features)
        self._failures = state.manifest.failures
        self._labels = state.manifest.labels
        self._dirty_tables: set[str] = set()
        self._dirty_features: set[str] = set()
        self._dirty = False

    @property
    def features(self) -> Mapping[str, StoredFeature]:
        """The features as they will be committed."""
        return self._features

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The failures as they will be committed."""
        return self._failures

    def define(self, spec: FeatureSpec, layout: Layout) -> None:
        """Set a feature's specification; other values become stale."""
        known = self._features.get(spec.name)
        if known and known.spec == spec and known.layout == layout:
            return
        older = (*known.older, known.spec) if known else ()
        parts = known.parts if known else {}
        self._features[spec.name] = StoredFeature(spec, layout, StoredFile("", 0, ""), parts, older)
        self._index.setdefault(spec.name, {})
        self._touch(feature=spec.name)

    def set_labels(self, labels: LabelSet) -> None:
        """Set the label set; existing clips are renumbered.

        A clip whose label is not in the set counts as unlabelled.
        """
        if labels == self._labels:
            return
        self._labels = labels
        for clip in list(self._clips.values()):
            number = labels.index(clip.emotion) if clip.emotion in labels else NO_LABEL
            self.put_clips([replace(clip, emotion_id=number)])
        self._touch()

    def put_files(self, rows: Iterable[FileRow]) -> None:
        """Remember audio files that were decoded."""
        for row in rows:
            if self._files.get(row.path) != row:
                self._files[row.path] = row
                self._touch(table="files")

    def forget_files(self, paths: Iterable[str]) -> None:
        """Forget that audio files were decoded, so that they are decoded again."""
        for path in paths:
            if self._files.pop(path, None):
                self._touch(table="files")

    def put_clips(self, rows: Iterable[ClipRow]) -> None:
        """Add or update clips."""
        for row in rows:
            if self._clips.get(row.clip_id) != row:
                self._clips[row.clip_id] = row
                self._touch(table="clips")

    def put_part(self, feature: str, part: StoredFile, rows: Iterable[IndexRow]) -> None:
        """Register a part file in the store and flush it to disk.

        Raises:
            StoreWriteError: The disk did not take it.
        """
        if not self._mirror:
            flush_file(self.path / part.file)
        known = self._features[feature]
        self._features[feature] = replace(known, parts={**known.parts, part.file: part})
        self._index[feature] |= {row.clip_id: row for row in rows}
        self._touch(feature=feature)

    def part_path(self, feature: str, file: str) -> Path:
        """Return where a part can be read, which brings it here where the store is elsewhere."""
        if self._mirror:
            self._mirror.fetch([self._features[feature].parts[file]])
        return self.path / file

    def drop_clips(self, clip_ids: Iterable[str]) -> None:
        """Take clips out of the store, with their values."""
        gone = set(clip_ids)
        if not gone:
            return
        for clip_id in gone:
            self._clips.pop(clip_id, None)
        for path in [path for path, file in self._files.items() if file.clip_id in gone]:
            del self._files[path]
        for feature in self._features:
            self.drop_values(feature, gone)
        self._touch(table="clips")
        self._touch(table="files")

    def drop_values(self, feature: str, clip_ids: Iterable[str]) -> None:
        """Forget the values of a feature for some clips."""
        index = self._index[feature]
        for clip_id in clip_ids:
            if index.pop(clip_id, None):
                self._touch(feature=feature)

    def drop_feature(self, feature: str) -> None:
        """Take a feature out of the store."""
        del self._features[feature], self._index[feature]
        self._touch()

    def set_failures(self, failures: Iterable[Failure]) -> None:
        """Record failed files and clips of the latest extraction."""
        failures = tuple(failures)
        if failures != self._failures:
            self._failures = failures
            self._touch()

    def commit(self) -> None:
        """Make every change count, or none.

        Raises:
            StoreWriteError: The disk did not take it; the store is as it was (or, where only the
                manifest's copy could not be written, as it was to be).
        """
        if not self._dirty:
            return
        before = self.state.manifest
        generation = before.generation + 1
        for name, feature in self._features.items():
            self._features[name] = _without_dead_parts(feature, self._index[name])
        tables = dict(before.tables)
        contents: dict[str, Callable[[], bytes]] = {
            "files": lambda: encode(FileRow, self._files.values()),
            "clips": lambda: encode(ClipRow, self._clips.values()),
        }
        for name, content in contents.items():
            if name in self._dirty_tables or name not in tables:
                tables[name] = self._write_table(name, generation, content())
        for name in self._dirty_features & self._features.keys():
            data = encode(IndexRow, self._index[name].values())
            index = self._write_table(f"index-{name}", generation, data)
            self._features[name] = replace(self._features[name], index=index)
        for part_folder in (self.path / PARTS).glob("*"):
            sync_folder(part_folder)
        for folder in (self.path / PARTS, self.path / TABLES, self.path):
            if folder.is_dir():
                sync_folder(folder)
        manifest = Manifest(generation, tables, dict(self._features), self._failures, self._labels)
        if self._mirror:
            self._mirror.commit(before, manifest, manifest_text(manifest))
        write_manifest(self.path, manifest)  # the commit point, of a folder
        self.state.manifest = manifest
        self._dirty_tables.clear()
        self._dirty_features.clear()
        self._dirty = False
        sync_folder(self.path)
        copy_manifest(self.path)
        for name in before.files().keys() - manifest.files().keys():
            (self.path / name).unlink(missing_ok=True)

    def _touch(self, *, table: str = "", feature: str = "") -> None:
        self._dirty = True
        if table:
            self._dirty_tables.add(table)
        if feature:
            self._dirty_features.add(feature)

    def _write_table(self, name: str, generation: int, data: bytes) -> StoredFile:
        version = f"{generation:06d}"
        file = f"{TABLES}/{name}-{unique(version) if self._mirror else version}.parquet"
        write_file(self.path / file, data)
        return StoredFile.of(file, data)


@contextmanager
def open_writer(
    path: Path,
    *,
    create: bool = True,
    wait: float = DEFAULT_WAIT,
    say: Callable[[str], None] | None = None,
) -> Iterator[StoreWriter]:
    """Lock a store and open it for writing.

    Args:
        path: The store's folder.
        create: Begin an empty store where there is none.
        wait: Seconds to wait for another writer.
        say: Called with the name of the process that holds the lock.

    Raises:
        NotFoundError: No store there, and ``create`` is false.
        UsageError: The path is something else.
        StoreLockedError: Another process is writing.
        StoreWriteError: The folder cannot be written to.
        StoreCorruptError: The store is damaged.
    """
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is a file", hint="name a folder with --store DIR")
    if not create:
        read_manifest(path)
    with writer_lock(path, wait=wait, say=say):
        _bring_here(path)
        yield locked_writer(path)


def _bring_here(path: Path) -> None:
    """Bring the newest commit here where the store is elsewhere."""
    if mirror := mirror_of(path):
        try:
            mirror.refresh(to_write=True)
        except NotFoundError:  # the first commit will make it
            for name in (NAME, COPY):
                (path / name).unlink(missing_ok=True)


def locked_writer(path: Path) -> StoreWriter:
    """Open a locked store for writing and clean up after a killed writer.

    Raises:
        StoreWriteError: The folder cannot be written to.
        StoreCorruptError: The store is damaged.
    """
    try:
        state = read_state(path)
        copy_manifest(path)
    except NotFoundError:
        _refuse_a_used_folder(path)
        write_file(path / ".gitignore", _IGNORE.encode())
        begin(path)
        state = StoreState()
    for file in garbage(path, state.manifest):
        file.unlink(missing_ok=True)  # its uncommitted files
    return StoreWriter(path, state)


def _refuse_a_used_folder(path: Path) -> None:
    """Refuse to create a store in a used folder: other files would be treated as garbage.

    Raises:
        UsageError: The folder contains files that do not belong to a store.
    """
    if (path / COPY).exists():
        return  # a store that was begun, and never committed to
    ignore = path / ".gitignore"
    foreign = [entry.name for entry in path.iterdir() if not entry.name.startswith(".")]
    if ignore.exists() and ignore.read_bytes() != _IGNORE.encode():
        foreign.append(ignore.name)
    if foreign:
        raise UsageError(
            f"{path} holds {min(foreign)} and is not a feature store",
            hint="name a new or empty folder with --store DIR",
        )


def write_part(
    store: Path,
    spec: FeatureSpec,
    layout: Layout,
    items: Sequence[Item],
    name: str,
    *,
    flush: bool = False,
) -> tuple[StoredFile, list[IndexRow]]:
    """Write a part file; it is garbage until a writer has taken it into use.

    Args:
        store: The store's folder.
        spec: The feature.
        layout: Its shape.
        items: Clips and their values.
        name: The file's name without its ending; must be new.
        flush: Whether to wait for the disk. The writer does that while workers compute, but
            cannot do it for another machine.
    """
    if mirror := mirror_of(store):
        return upload_part(mirror.objects, spec, layout, items, name)
    file = _part_file(spec, layout, name)
    pieces, rows = encode_part(spec, layout, items, file)
    write_file(store / file, *pieces, flush=flush)
    return StoredFile.of(file, *pieces), rows


def upload_part(
    objects: Objects, spec: FeatureSpec, layout: Layout, items: Sequence[Item], name: str
) -> tuple[StoredFile, list[IndexRow]]:
    """Write a part of a store under a URL; see :func:`write_part`."""
    file = _part_file(spec, layout, name)
    pieces, rows = encode_part(spec, layout, items, file)
    objects.write(file, *pieces)
    return StoredFile.of(file, *pieces), rows


def _part_file(spec: FeatureSpec, layout: Layout, name: str) -> str:
    return f"{PARTS}/{spec.name}/{name}{suffix(layout)}"


def garbage(path: Path, manifest: Manifest) -> list[Path]:
    """Return files in the store's folders that nothing refers to."""
    kept = {path / name for name in manifest.files()}
    found = [p for folder in (PARTS, TABLES) for p in (path / folder).rglob("*") if p.is_file()]
    found += [p for p in path.glob(f".*{TEMPORARY}") if p.is_file()]
    return sorted(p for p in found if p not in kept)


def _without_dead_parts(feature: StoredFeature, index: dict[str, IndexRow]) -> StoredFeature:
    """Remove unused parts and recipes."""
    used = {row.part for row in index.values()}
    kinds = {row.fingerprint for row in index.values()} - {feature.spec.fingerprint}
    older = {spec.fingerprint: spec for spec in feature.older if spec.fingerprint in kinds}
    parts = {name: part for name, part in feature.parts.items() if name in used}
    return replace(feature, parts=parts, older=tuple(older.values()))

"""The writer of a store: collects changes and commits them in one step."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from serkit.errors import UsageError
from serkit.features import FeatureSpec, Layout
from serkit.keys import KeyIndex
from serkit.labels import NO_LABEL, LabelSet
from serkit.storage.files import flush_file, replacing, sync_folder
from serkit.store.manifest import (
    PARTS,
    TABLES,
    Failure,
    Manifest,
    Segments,
    StoredFeature,
    StoredFile,
    copy_manifest,
    manifest_text,
    write_manifest,
)
from serkit.store.mirror import mirror_of, unique
from serkit.store.packing import NextSegment
from serkit.store.rows import each
from serkit.store.state import StoreState, open_segments
from serkit.store.status import summarise
from serkit.store.summed import Summed
from serkit.store.table import Table
from serkit.store.tables import ClipRow, FileRow, IndexRow, Row
from serkit.store.usage import Usage


@dataclass(frozen=True)
class _Written:
    """A table's next segment on the disk; see :class:`serkit.store.packing.NextSegment`."""

    file: StoredFile
    source: Path
    kept: int
    index: KeyIndex


class StoreWriter:
    """Changes to a store; nothing of them counts before :meth:`commit`.

    Made by :func:`open_writer`.

    Attributes:
        path: The store's folder.
        state: The store's state including pending changes.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self._mirror = mirror_of(path)
        self._files = self._table(manifest.tables.get("files", ()), FileRow)
        self._clips = self._table(manifest.tables.get("clips", ()), ClipRow)
        self._index = {
            name: self._table(feature.index, IndexRow)
            for name, feature in manifest.features.items()
        }
        self.state = StoreState(manifest, self._files, self._clips, self._index)
        self._features = dict(manifest.features)
        self._failures = manifest.failures
        self._labels = manifest.labels
        self._usage: dict[str, Usage] = {}
        self._unused: set[str] = set()
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
        if known:
            older = (*known.older, known.spec)
            self._features[spec.name] = replace(known, spec=spec, layout=layout, older=older)
        else:
            self._features[spec.name] = StoredFeature(spec, layout)
            self._index[spec.name] = Table(IndexRow)
        self._dirty = True

    def set_labels(self, labels: LabelSet) -> None:
        """Set the label set; existing clips are renumbered.

        A clip whose label is not in the set counts as unlabelled.
        """
        if labels == self._labels:
            return
        self._labels = labels
        self._clips.put(
            [
                replace(
                    clip,
                    emotion_id=labels.index(clip.emotion) if clip.emotion in labels else NO_LABEL,
                )
                for clip in self._clips.values()
            ]
        )
        self._dirty = True

    def put_files(self, rows: Iterable[FileRow]) -> None:
        """Remember audio files that were decoded."""
        self._files.put(rows)

    def forget_files(self, paths: Iterable[str]) -> None:
        """Forget that audio files were decoded, so that they are decoded again."""
        for path in paths:
            self._files.remove(path)

    def put_clips(self, rows: Iterable[ClipRow]) -> None:
        """Add or update clips."""
        self._clips.put(rows)

    def put_part(self, feature: str, part: StoredFile, rows: Iterable[IndexRow]) -> None:
        """Register a part file in the store and flush it to disk.

        Raises:
            UsageError: Two rows are of the same clip; nothing is registered then.
            StoreWriteError: The disk did not take it.
        """
        rows = list(rows)
        _refuse_repeated(feature, part, rows)
        if not self._mirror:
            flush_file(self.path / part.file)
        index, usage = self._index[feature], self._usage_of(feature)
        for before, row in zip(index.put(rows), rows, strict=True):
            usage.replace(before, row)

    def pending(self, feature: str) -> list[IndexRow]:
        """Return where the values are that are not committed yet, in the order of their parts."""
        return [*self._index[feature].pending]

    def part_path(self, file: str) -> Path:
        """Return where a part can be read, which brings it here where the store is elsewhere."""
        if self._mirror:
            self._mirror.fetch([file])
        return self.path / file

    def drop_clips(self, clip_ids: Iterable[str]) -> None:
        """Take clips out of the store, with their values."""
        gone = set(clip_ids)
        if not gone:
            return
        for clip_id in gone:
            self._clips.remove(clip_id)
        owners = each(self._files, "path", "clip_id")
        self.forget_files([path for path, clip_id in owners if clip_id in gone])
        for feature in self._features:
            self.drop_values(feature, gone)

    def drop_values(self, feature: str, clip_ids: Iterable[str]) -> None:
        """Forget the values of a feature for some clips."""
        index, usage = self._index[feature], self._usage_of(feature)
        for clip_id in clip_ids:
            usage.replace(index.remove(clip_id), None)

    def drop_feature(self, feature: str) -> None:
        """Take a feature out of the store."""
        self._unused |= self.state.parts(feature).keys()
        del self._features[feature], self._index[feature]
        self._usage.pop(feature, None)
        self._dirty = True

    def set_failures(self, failures: Iterable[Failure]) -> None:
        """Record failed files and clips of the latest extraction."""
        failures = tuple(failures)
        if failures != self._failures:
            self._failures = failures
            self._dirty = True

    def commit(self, *, tidy: bool = False) -> None:
        """Make every change count, or none.

        Args:
            tidy: Whether changed tables are written without rows that others replace; see
                :meth:`serkit.store.table.Table.pack`.

        Raises:
            StoreWriteError: The disk did not take it; the store is as it was (or, where only the
                manifest's copy could not be written, as it was to be).
        """
        before = self.state.manifest
        indexes = {f"index-{name}": table for name, table in self._index.items()}
        tables: dict[str, Table[Any]] = {"files": self._files, "clips": self._clips, **indexes}
        changed = {name: table for name, table in tables.items() if table.changed}
        if not (changed or self._dirty):
            return
        generation = before.generation + 1
        # One after the other: what a segment is written from takes as much memory as its keys.
        written = {
            name: self._write_table(name, generation, table.kind, table.pack(tidy=tidy))
            for name, table in changed.items()
        }

        def segments(name: str, known: Segments) -> Segments:
            new = written.get(name)
            return (*known[: new.kept], new.file) if new else known

        features = {
            name: replace(
                self._without_unused(feature), index=segments(f"index-{name}", feature.index)
            )
            for name, feature in self._features.items()
        }
        manifest = Manifest(
            generation,
            {name: segments(name, before.tables.get(name, ())) for name in ("files", "clips")},
            features,
            self._failures,
            self._labels,
        )
        unused = before.table_files().keys() - manifest.table_files().keys()
        unused |= self._unused.union(*(usage.emptied for usage in self._usage.values()))
        self._make_count(before, manifest, unused)
        self._features = features
        for name, new in written.items():
            changed[name].settle(new.kept, new.source, new.index)
        for usage in self._usage.values():
            usage.emptied.clear()
        self._unused.clear()
        self._dirty = False
        sync_folder(self.path)
        copy_manifest(self.path)
        for file in unused:
            (self.path / file).unlink(missing_ok=True)
        if self._mirror:
            self._mirror.let_go(unused)

    def finish(self) -> None:
        """Commit for the last time, with a summary of the store.

        It is left out of the commits before: counting takes the longer the larger the store is.

        Raises:
            StoreWriteError: As of :meth:`commit`.
        """
        self.commit()
        manifest = self.state.manifest
        if not manifest.generation or manifest.summary:
            return
        counted = replace(
            manifest, generation=manifest.generation + 1, summary=summarise(self.state)
        )
        self._make_count(manifest, counted, ())
        sync_folder(self.path)
        copy_manifest(self.path)

    def _make_count(self, before: Manifest, manifest: Manifest, unused: Collection[str]) -> None:
        """Put the new manifest in the place of the old one, once all it names is on the disk."""
        for part_folder in (self.path / PARTS).glob("*"):
            sync_folder(part_folder)
        for folder in (self.path / PARTS, self.path / TABLES, self.path):
            if folder.is_dir():
                sync_folder(folder)
        if self._mirror:
            self._mirror.commit(before, manifest, manifest_text(manifest), unused)
        write_manifest(self.path, manifest)  # the commit point, of a folder
        self.state.manifest = manifest

    def _usage_of(self, feature: str) -> Usage:
        if feature not in self._usage:
            self._usage[feature] = Usage.of(self._index[feature])
        return self._usage[feature]

    def _without_unused(self, feature: StoredFeature) -> StoredFeature:
        """Remove parts and recipes that no row refers to any more."""
        name, spec = feature.spec.name, feature.spec
        if not (feature.older or feature.parts):
            return feature
        usage = self._usage_of(name)
        older = {s.fingerprint: s for s in feature.older if s.fingerprint in usage.recipes}
        older.pop(spec.fingerprint, None)
        parts = {file: part for file, part in feature.parts.items() if file in usage.parts}
        return replace(feature, older=tuple(older.values()), parts=parts)

    def _table(self, files: Segments, kind: type[Row]) -> Table[Row]:
        """Open a table's files, which stay on the disk."""
        return Table(kind, open_segments(self._held(files), files, kind))

    def _held(self, files: Segments) -> Path:
        """Return the folder in which files stay as long as this writer needs them."""
        return self._mirror.hold(file.file for file in files) if self._mirror else self.path

    def _write_table(
        self, name: str, generation: int, kind: type[Any], packed: NextSegment
    ) -> _Written:
        version = f"{generation:06d}"
        file = f"{TABLES}/{name}-{unique(version) if self._mirror else version}.parquet"
        with replacing(self.path / file) as stream:
            summed = Summed(stream)
            packed.write(summed, kind)
        stored = StoredFile(file, summed.bytes, summed.xxh3)
        return _Written(stored, self._held((stored,)) / file, packed.kept, packed.index)


def _refuse_repeated(feature: str, part: StoredFile, rows: Iterable[IndexRow]) -> None:
    """Refuse two rows of one clip: which values are read would be left to chance."""
    seen: set[str] = set()
    for row in rows:
        if row.clip_id in seen:
            raise UsageError(
                f"{part.file} has two rows of {feature} for the clip {row.clip_id!r}",
                allowed="one row for each clip is allowed",
            )
        seen.add(row.clip_id)

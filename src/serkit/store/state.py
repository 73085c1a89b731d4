"""A store's state in memory: the manifest and its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import tee, zip_longest
from pathlib import Path

from xxhash import xxh3_64

from serkit.errors import StoreCorruptError
from serkit.features import FeatureSpec
from serkit.labels import LabelSet
from serkit.storage.files import Buffer, pieces_of, read_file
from serkit.store.identity import digest_of_clips
from serkit.store.manifest import Manifest, StoredFile, read_manifest
from serkit.store.rows import Rows, each, passing
from serkit.store.segment import Segment
from serkit.store.tables import ClipRow, FileRow, IndexRow, Row

_ATTEMPTS = 5
"""How often to retry a read after a concurrent write."""


@dataclass
class StoreState:
    """A store's content but for the values themselves.

    Attributes:
        manifest: The committed manifest.
        files: Audio files seen, by path; empty where the state was read for readers alone.
        clips: Clips by id.
        index: For each feature, where each clip's values are, by clip id.
    """

    manifest: Manifest = field(default_factory=Manifest)
    files: Mapping[str, FileRow] = field(default_factory=dict)
    clips: Mapping[str, ClipRow] = field(default_factory=dict)
    index: Mapping[str, Mapping[str, IndexRow]] = field(default_factory=dict)

    @property
    def labels(self) -> LabelSet:
        """The classes of the clips, in the order of their numbers."""
        return self.manifest.labels

    def parts(self, feature: str) -> dict[str, StoredFile]:
        """Return the files that hold a feature's values, by their path inside the store.

        Raises:
            StoreCorruptError: The index names a file outside of the store.
        """
        index, listed = self.index[feature], self.manifest.features[feature].parts
        facts = {part: fact for part, *fact in {*each(index, "part", "part_bytes", "part_xxh3")}}
        found = {}
        for part, fact in facts.items():
            try:
                found[part] = listed.get(part) or StoredFile(part, *fact)
            except ValueError as error:
                raise StoreCorruptError(
                    f"the index of {feature} names {part}, which is no file of a store",
                    hint="run 'serkit extract' into another --store",
                ) from error
        return found

    def stored_files(self) -> dict[str, StoredFile]:
        """Return every file that the store refers to, by its path inside it."""
        found = self.manifest.table_files()
        for feature in self.manifest.features:
            found |= self.parts(feature)
        return found

    def corpus_digest(self) -> str:
        """Return the identity of all clips; see :func:`corpus_digest`."""
        return digest_of_clips(each(self.clips, "corpus", "clip_id", "pcm_sha256"))

    def all_current(self, spec: FeatureSpec) -> bool:
        """Return whether all clips have values of this recipe, as far as tables alike show it.

        Where it answers False, they may still have them.
        """
        index, wanted = self.index.get(spec.name, {}), spec.fingerprint
        return {*each(index, "fingerprint")} <= {(wanted,)} and _alike(index, self.clips)

    def not_current(self, spec: FeatureSpec) -> set[str]:
        """Return the clips that have no values of this recipe and of the clip's samples."""
        if self.all_current(spec):
            return set()  # the usual case, without looking clip by clip
        index, clips = self.index.get(spec.name, {}), each(self.clips, "clip_id", "pcm_sha256")
        clips, of_rows = tee(clips)
        rows = passing(index, (clip_id for clip_id, _ in of_rows))
        return {
            clip_id
            for (clip_id, pcm), row in zip(clips, rows, strict=True)
            if row is None or (row.fingerprint, row.pcm_sha256) != (spec.fingerprint, pcm)
        }

    def current(self, spec: FeatureSpec, clip_id: str) -> bool:
        """Return whether a clip's values match this recipe and the clip's samples."""
        return self.is_current(spec)(clip_id)

    def is_current(self, spec: FeatureSpec) -> Callable[[str], bool]:
        """Return the test of :meth:`current` for one recipe, to be used for many clips."""
        index, clips, fingerprint = self.index.get(spec.name, {}), self.clips, spec.fingerprint

        def test(clip_id: str) -> bool:
            row, clip = index.get(clip_id), clips.get(clip_id)
            return (
                row is not None
                and clip is not None
                and row.fingerprint == fingerprint
                and row.pcm_sha256 == clip.pcm_sha256
            )

        return test


def _alike(index: Mapping[str, IndexRow], clips: Mapping[str, ClipRow]) -> bool:
    """Return whether an index names the clips in their order, with the samples they have."""
    if isinstance(index, Rows) and isinstance(clips, Rows) and index.is_stored and clips.is_stored:
        return index.same_as(clips, ("clip_id", "pcm_sha256"))
    pairs = zip_longest(*(each(table, "clip_id", "pcm_sha256") for table in (index, clips)))
    return all(one == other for one, other in pairs)


def read_state(store: Path, *, files: bool = True) -> StoreState:
    """Read a store, also while a writer is replacing it.

    Tables that are replaced can vanish between two reads; then the new ones are read.

    Args:
        store: Its folder.
        files: Whether to read the table of audio files. Only writers need it, and it takes a
            quarter of the time.

    Raises:
        NotFoundError: No store there.
        StoreCorruptError: The manifest or a table is damaged.
    """
    for attempt in range(_ATTEMPTS):
        manifest = read_manifest(store)
        try:
            return _read_tables(store, manifest, files=files)
        except StoreCorruptError:
            if attempt + 1 == _ATTEMPTS or read_manifest(store) == manifest:
                raise
    raise AssertionError  # the loop returns or raises


def _read_tables(store: Path, manifest: Manifest, *, files: bool) -> StoreState:
    state = StoreState(manifest)
    if files:
        state.files = Rows(read_segments(store, manifest.tables.get("files", ()), FileRow))
    state.clips = Rows(read_segments(store, manifest.tables.get("clips", ()), ClipRow))
    state.index = {
        name: Rows(read_segments(store, feature.index, IndexRow))
        for name, feature in manifest.features.items()
    }
    return state


def read_checked(store: Path, file: StoredFile) -> bytes:
    """Read a file of the store and verify it.

    Raises:
        StoreCorruptError: It is missing or damaged.
        StoreReadError: It is there but cannot be read.
    """
    with _checking(store, file) as update:
        data = read_file(store / file.file)
        update(data)
    return data


@contextmanager
def _checking(store: Path, file: StoredFile) -> Iterator[Callable[[Buffer], None]]:
    """Verify a file of the store that is read in the block, piece after piece.

    Raises:
        StoreCorruptError: It is missing or damaged.
    """
    found = xxh3_64()
    try:
        yield found.update
    except FileNotFoundError as error:
        raise StoreCorruptError(
            f"{file.file} of the store {store} is missing", hint="run 'serkit store repair'"
        ) from error
    if found.hexdigest() != file.xxh3:
        raise StoreCorruptError(
            f"{file.file} of the store {store} is damaged", hint="run 'serkit store repair'"
        )


def corpus_digest(clips: Iterable[ClipRow]) -> str:
    """Return the identity of a set of clips: SHA-256 over their ids and samples, sorted."""
    return digest_of_clips((clip.corpus, clip.clip_id, clip.pcm_sha256) for clip in clips)


def read_segments(store: Path, files: Iterable[StoredFile], kind: type[Row]) -> list[Segment[Row]]:
    """Read a table's bytes, before a writer deletes the files; they are decoded when needed.

    Raises:
        StoreCorruptError: One is missing or damaged.
        StoreReadError: One is there but cannot be read.
    """
    return [Segment(kind, read_checked(store, file)) for file in files]


def open_segments(store: Path, files: Iterable[StoredFile], kind: type[Row]) -> list[Segment[Row]]:
    """Verify a table's files and leave them on the disk, for who holds the store's lock.

    Raises:
        StoreCorruptError: One is missing or damaged.
        StoreReadError: One is there but cannot be read.
    """
    segments = []
    for file in files:
        path = store / file.file
        with _checking(store, file) as update:
            for piece in pieces_of(path):
                update(piece)
        segments.append(Segment(kind, path))
    return segments

"""Plan an extraction: pure functions of the scan and the store's state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import tee
from operator import attrgetter
from typing import Any

from serkit.errors import AmbiguousClipError, CorpusError
from serkit.features import EXTRACTORS, FeatureSpec
from serkit.ingest.clip_files import AudioFile, file_key
from serkit.ingest.corpus import family
from serkit.ingest.scan import Scan
from serkit.packed import Packed
from serkit.store.manifest import Failure
from serkit.store.rows import each, passing
from serkit.store.state import StoreState
from serkit.store.tables import ClipRow, FileRow, IndexRow


@dataclass(frozen=True, slots=True)
class Job:
    """One clip to look at.

    Attributes:
        file: The audio file to read.
        have: For each feature with values of the current recipe, the SHA-256 of the samples
            they were computed from. Values from other samples are recomputed.
    """

    file: AudioFile
    have: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """Work plan of an extraction.

    Attributes:
        jobs: Clips to decode.
        reused: Clips whose features are all current, with their files.
        failures: Clips that are ambiguous.
        warnings: Warnings for the user.
    """

    jobs: Sequence[Job]
    reused: Sequence[AudioFile]
    failures: tuple[Failure, ...]
    warnings: tuple[str, ...]


def known_pcm(file: AudioFile, state: StoreState) -> str | None:
    """Return the SHA-256 of a file's samples where it has not changed since it was decoded."""
    return unchanged_pcm(file, state.files.get(file.key))


def unchanged_pcm(file: AudioFile, row: FileRow | None) -> str | None:
    """Return the SHA-256 that a row has of a file's samples, where the file is still the same."""
    if row is None or (row.size, row.mtime_ns) != (file.size, file.mtime_ns):
        return None
    # A file can be rewritten with its old size and its old mtime, but not with its old ctime.
    if None not in (row.ctime_ns, file.ctime_ns) and row.ctime_ns != file.ctime_ns:
        return None
    return row.pcm_sha256


def file_row(file: AudioFile, pcm_sha256: str) -> FileRow:
    """Return the recorded facts of a decoded file."""
    return FileRow(file.key, file.size, file.mtime_ns, file.name.clip_id, pcm_sha256, file.ctime_ns)


def channel_read(clip: ClipRow, state: StoreState) -> int:
    """Return which channel of its file a clip was read from."""
    for channel in range(1, clip.channels):
        row = state.files.get(file_key(clip.path, channel))
        if row and row.pcm_sha256 == clip.pcm_sha256:
            return channel
    return 0


def undecided(scan: Scan, state: StoreState) -> list[AudioFile]:
    """Return the files that have to be decoded before :func:`make_plan` can choose among them."""
    files, of_rows = tee(file for group in scan.clips.several() for file in group)
    rows = passing(state.files, (file.key for file in of_rows))
    pairs = zip(files, rows, strict=True)
    return [file for file, row in pairs if unchanged_pcm(file, row) is None]


def make_plan(
    scan: Scan,
    state: StoreState,
    specs: Sequence[FeatureSpec],
    digests: Mapping[str, str | Failure],
) -> Plan:
    """Decide which clips to decode.

    Args:
        scan: What is in the folder.
        state: What is in the store.
        specs: The requested features.
        digests: For each path of :func:`undecided`, the SHA-256 of its samples, or why it cannot
            be read.

    Raises:
        CorpusError: The store holds another corpus.
    """
    _refuse_to_mix(scan, state)
    jobs, reused = Packed(Job), Packed(AudioFile)
    failures: list[Failure] = []
    warnings = [f"{spec.name}: {doubt}" for spec in specs for doubt in doubts_of(spec)]
    published = scan.corpus.published()

    def chosen() -> Iterator[AudioFile]:
        for group in scan.clips.groups():
            clip_id = group[0].name.clip_id
            try:
                file, warning = _choose(group, state, digests, published.get(clip_id))
            except AmbiguousClipError as error:
                name = type(error).__name__
                failures.append(Failure(group[0].path, name, str(error), clip_id))
                continue
            if warning:
                warnings.append(warning)
            yield file

    current = {spec.name for spec in specs if state.all_current(spec)}
    others = [spec for spec in specs if spec.name not in current]
    for file, row, clip, *places in _beside(chosen(), state, others):
        pcm = unchanged_pcm(file, row)
        is_known = pcm and clip and clip.pcm_sha256 == pcm
        values = _values(others, places) if others else {}
        if is_known and all(values.get(spec.name) == pcm for spec in others):
            reused.append(file)
        else:
            of_current = dict.fromkeys(current, clip.pcm_sha256) if clip else {}
            jobs.append(Job(file, of_current | values or _NOTHING))
    return Plan(jobs, reused, tuple(failures), tuple(warnings))


def doubts_of(spec: FeatureSpec) -> tuple[str, ...]:
    """Return warnings about a valid but questionable recipe."""
    return EXTRACTORS.get(spec.extractor).doubts(spec.settings)


def _beside(
    files: Iterator[AudioFile], state: StoreState, specs: Sequence[FeatureSpec]
) -> Iterator[tuple[Any, ...]]:
    """Yield each file with its row, its clip's, and those of its values of some features.

    All at once they would fill the memory: files and rows pass by together.
    """
    files, of_files, of_clips, *of_indexes = tee(files, 3 + len(specs))
    rows = passing(state.files, (file.key for file in of_files))
    clips = passing(state.clips, map(_clip_id, of_clips))
    indexes = [
        passing(state.index.get(spec.name, {}), map(_clip_id, copy))
        for spec, copy in zip(specs, of_indexes, strict=True)
    ]
    return zip(files, rows, clips, *indexes, strict=True)


def _values(specs: Sequence[FeatureSpec], places: Sequence[IndexRow | None]) -> dict[str, str]:
    """Return for each feature with values of its recipe the samples that they are of."""
    pairs = zip(specs, places, strict=True)
    return {s.name: row.pcm_sha256 for s, row in pairs if row and row.fingerprint == s.fingerprint}


_clip_id = attrgetter("name.clip_id")

_NOTHING: Mapping[str, str] = {}
"""Shared by all new clips, of which there may be a million."""


def _choose(
    group: Sequence[AudioFile],
    state: StoreState,
    digests: Mapping[str, str | Failure],
    published: str | None,
) -> tuple[AudioFile, str | None]:
    """Choose among the files of one clip; they are sorted, the preferred place first."""
    if len(group) == 1:
        return group[0], None
    by_digest: dict[str, AudioFile] = {}
    for file in group:
        digest = known_pcm(file, state) or digests.get(file.path)
        if isinstance(digest, str):
            by_digest.setdefault(digest, file)
    if len(by_digest) < 2:  # the same samples, or one readable file at most: reading reports it
        return next(iter(by_digest.values()), group[0]), None
    paths = " and ".join(file.path for file in by_digest.values())
    chosen = by_digest.get(published or "")
    if chosen is None:
        known = ", and none of them is the published one" if published else ""
        raise AmbiguousClipError(
            f"{paths} hold different samples for one clip{known}",
            hint="remove or rename all but one",
        )
    return chosen, (
        f"{paths} hold different samples for one clip; {chosen.path} is taken, "
        "its samples are the published ones"
    )


def _refuse_to_mix(scan: Scan, state: StoreState) -> None:
    own = family(scan.corpus.name)
    stored = {corpus for corpus in _corpora(state) if family(corpus) != own}
    if stored:
        raise CorpusError(
            f"the store holds {', '.join(sorted(stored))} and {scan.root} is {scan.corpus.name}",
            allowed="a store holds one corpus, so that a speaker's name means one person",
            hint="name another store with --store DIR",
        )


def _corpora(state: StoreState) -> set[str]:
    return {corpus for (corpus,) in {*each(state.clips, "corpus")}}

"""``store repair``: recompute damaged clips only."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from serkit.clips import ClipName
from serkit.compute.local import run_all
from serkit.errors import NotFoundError, StoreCorruptError
from serkit.extraction.plan import Job, channel_read
from serkit.extraction.worker import Task, run_task
from serkit.extraction.workers import sensible_workers
from serkit.features import EXTRACTORS
from serkit.ingest.clip_files import AudioFile
from serkit.ingest.walk import changed_at
from serkit.progress import ProgressCallback
from serkit.shown import Shown
from serkit.storage.lock import DEFAULT_WAIT, writer_lock
from serkit.store.compact import CLIPS_PER_PART, rewrite_parts
from serkit.store.manifest import (
    NAME,
    TABLES,
    Failure,
    Manifest,
    Segments,
    read_manifest,
    restore_manifest,
    write_manifest,
)
from serkit.store.mirror import refuse_mirror
from serkit.store.opening import locked_writer
from serkit.store.rows import column
from serkit.store.tables import ClipRow
from serkit.store.verify import Damage, verify
from serkit.store.writer import StoreWriter

_CLIPS_A_TASK = 16

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class RepairReport(Shown):
    """Result of a repair.

    Attributes:
        damaged: What ``verify`` found.
        recomputed: Clips computed again, by feature.
        failed: Clips that could not be computed again, with the reason; their damaged values
            are taken out.
        notes: Other losses, and how to fix them.
        seconds: Wall time.
    """

    damaged: tuple[Damage, ...]
    recomputed: dict[str, int]
    failed: tuple[Failure, ...]
    notes: tuple[str, ...]
    seconds: float

    def __rich__(self) -> RenderableType:
        """Return how many clips were recomputed."""
        from rich.text import Text

        if not self.damaged and not self.notes:
            return Text("nothing is damaged")
        done = ", ".join(f"{name} {count:,}" for name, count in self.recomputed.items())
        return Text(f"clips recomputed: {done or 'none'} ({self.seconds:.1f} s)")


def repair(
    store: Path,
    *,
    workers: int | None = None,
    wait: float = DEFAULT_WAIT,
    progress: ProgressCallback | None = None,
) -> RepairReport:
    """Verify a store and recompute damaged values from the original audio files.

    Args:
        store: The store's folder.
        workers: Processes; None is one a core.
        wait: Seconds to wait for another writer.
        progress: Called as ``progress(done, total)``, in clips.

    Raises:
        NotFoundError: No store there.
        UsageError: The store lies under a URL.
        StoreError: The store is locked or the disk is full.
    """
    refuse_mirror(store, "repair")
    started = time.perf_counter()
    with suppress(StoreCorruptError):
        read_manifest(store)
    with writer_lock(store, wait=wait):
        notes: tuple[str, ...] = ()
        try:
            damaged = verify(store).damaged
        except StoreCorruptError as error:
            notes = (_mend_manifest(store, error),)
            damaged = verify(store).damaged
        if dropped := _drop_tables(store, damaged):
            notes += dropped
            # Rows of older files count again, and their parts may be gone.
            damaged += tuple(each for each in verify(store).damaged if each not in damaged)
        writer = locked_writer(store)
        lost = _lost(damaged)
        tasks, failed = _tasks(writer, lost)
        for damage in damaged:
            if damage.clip_ids:
                _empty_part(writer, damage)
        count = sensible_workers([writer.features[name].spec for name in lost], workers)
        recomputed, more = _recompute(writer, tasks, count, progress)
        writer.finish()
    seconds = time.perf_counter() - started
    return RepairReport(damaged, recomputed, (*failed, *more), notes, seconds)


def _lost(damaged: Iterable[Damage]) -> dict[str, set[str]]:
    """Return the clips with lost values, by feature."""
    lost: defaultdict[str, set[str]] = defaultdict(set)
    for damage in damaged:
        if damage.clip_ids:
            lost[damage.feature] |= set(damage.clip_ids)
    return dict(lost)


def _recompute(
    writer: StoreWriter,
    tasks: Sequence[Task],
    workers: int,
    progress: ProgressCallback | None,
) -> tuple[dict[str, int], list[Failure]]:
    """Compute the tasks' clips and store them, except those whose samples have changed."""
    counts: Counter[str] = Counter()
    failed: list[Failure] = []
    total, done = sum(len(task.jobs) for task in tasks), 0
    clips = writer.state.clips
    for result in run_all(run_task, tasks, min(workers, len(tasks))):
        failed += result.failures
        read = {clip.job.file.name.clip_id: clip.pcm_sha256 for clip in result.decoded}
        changed = {i for i, pcm_sha256 in read.items() if pcm_sha256 != clips[i].pcm_sha256}
        failed += [_changed(clips[clip_id]) for clip_id in sorted(changed)]
        for feature, (part, rows) in result.parts.items():
            kept = [row for row in rows if row.clip_id not in changed]
            writer.put_part(feature, part, kept)
            counts[feature] += len(kept)
        done += result.jobs
        if progress:
            progress(done, total)
    return dict(counts), failed


def _empty_part(writer: StoreWriter, damage: Damage) -> None:
    """Retire a damaged part: its intact values move to a new one."""
    writer.drop_values(damage.feature, damage.clip_ids)
    rewrite_parts(writer, damage.feature, {damage.file}, clips_a_part=CLIPS_PER_PART)
    index = writer.state.index[damage.feature]
    places = zip(index, column(index, "part"), strict=True)
    stale = [clip_id for clip_id, part in places if part == damage.file]
    writer.drop_values(damage.feature, stale)


def _tasks(writer: StoreWriter, lost: Mapping[str, set[str]]) -> tuple[list[Task], list[Failure]]:
    """Return what to compute: the clips of each folder and set of features together."""
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for feature, clip_ids in lost.items():
        for clip_id in clip_ids:
            wanted[clip_id].add(feature)
    groups: defaultdict[tuple[str, tuple[str, ...]], list[Job]] = defaultdict(list)
    failed: list[Failure] = []
    for clip_id, features in sorted(wanted.items()):
        clip = writer.state.clips.get(clip_id)
        if clip is None:
            continue
        file = _file(clip, channel_read(clip, writer.state))
        if isinstance(file, Failure):
            failed.append(file)
        else:
            groups[clip.root, tuple(sorted(features))].append(Job(file, {}))
    tasks = []
    for (root, names), jobs in groups.items():
        stored = [writer.features[name] for name in names]
        for one in stored:
            EXTRACTORS.get(one.spec.extractor).require(one.spec.settings)
        features_of = tuple((one.spec, one.layout) for one in stored)
        for first in range(0, len(jobs), _CLIPS_A_TASK):
            chunk = tuple(jobs[first : first + _CLIPS_A_TASK])
            tasks.append(Task(Path(root), writer.path, chunk, features_of))
    return tasks, failed


def _file(clip: ClipRow, channel: int) -> AudioFile | Failure:
    try:
        info = (Path(clip.root) / clip.path).stat()
    except OSError:
        return Failure(
            clip.path,
            NotFoundError.__name__,
            f"{clip.path} is not in {clip.root} any more; run 'serkit extract' on its new folder",
            clip.clip_id,
        )
    name = ClipName(clip.clip_id, clip.emotion, clip.speaker)  # the rest is unchanged
    return AudioFile(clip.path, info.st_size, changed_at(info), name, channel=channel)


def _changed(clip: ClipRow) -> Failure:
    return Failure(
        clip.path,
        StoreCorruptError.__name__,
        f"{clip.path} holds other samples than when it was extracted; run 'serkit extract' again",
        clip.clip_id,
    )


def _drop_tables(store: Path, damaged: Iterable[Damage]) -> tuple[str, ...]:
    """Take damaged files of tables out of the manifest; what they listed is to be computed anew."""
    notes = []
    for damage in damaged:
        if damage.file.startswith(TABLES):
            write_manifest(store, _without(read_manifest(store), damage.file))
            notes.append(f"{damage.what}; run 'serkit extract SRC' to compute what it spoke of")
    return tuple(notes)


def _without(manifest: Manifest, file: str) -> Manifest:
    def rest(segments: Segments) -> Segments:
        return tuple(each for each in segments if each.file != file)

    tables = {name: rest(segments) for name, segments in manifest.tables.items()}
    features = {
        name: replace(feature, index=rest(feature.index))
        for name, feature in manifest.features.items()
    }
    return replace(manifest, tables=tables, features=features, summary=None)


def _mend_manifest(store: Path, error: StoreCorruptError) -> str:
    """Restore a damaged manifest from its copy; failing that, begin an empty one."""
    if restore_manifest(store):
        return f"{error.got}; it was restored from its copy"
    number = 1
    while (aside := store / f"{NAME}.damaged-{number}").exists():
        number += 1
    if (store / NAME).exists():
        (store / NAME).rename(aside)
    write_manifest(store, Manifest())
    return f"{error.got}, its copy too; moved to {aside.name}; run 'serkit extract SRC' again"

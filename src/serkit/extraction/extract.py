"""The extraction itself: scan, plan, compute, commit as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serkit.audio import AudioNote
from serkit.compute.engine import Engine
from serkit.compute.local import LocalEngine, refuse_in_worker
from serkit.extraction.compare_audio import decode
from serkit.extraction.plan import Plan, file_row, make_plan, undecided
from serkit.extraction.recorder import Recorder
from serkit.extraction.worker import Task, run_task
from serkit.extraction.workers import clips_a_task, jobs_a_task, sensible_workers
from serkit.features import EXTRACTORS, FeatureSpec
from serkit.ingest.corpus import family
from serkit.ingest.scan import Scan, no_clips
from serkit.progress import ProgressCallback
from serkit.shown import Shown
from serkit.storage.lock import DEFAULT_WAIT, holder_of
from serkit.store.compact import CLIPS_PER_PART, merge_small_parts
from serkit.store.manifest import Failure
from serkit.store.mirror import mirror_of
from serkit.store.opening import open_writer
from serkit.store.rows import each
from serkit.store.state import StoreState
from serkit.store.writer import StoreWriter

_FEWEST_CLIPS_A_PART = 4
"""Fewer clips per part would create many files and save little time."""

_AT_ONCE = 4096
"""Clips of the store that are looked for in the folder at a time."""


if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class ExtractReport(Shown):
    """Result of an extraction.

    Attributes:
        clips: Clips found in the folder.
        computed: Clips for which at least one feature was computed.
        reused: Clips that were current already.
        failed: Files and clips that could not be used.
        computed_by_feature: Clips computed, by feature.
        absent: Clips in the store that the folder no longer holds, or with ``prune`` did not hold.
        pruned: Whether they were taken out of the store.
        unparsed: Path and reason of files whose names do not match the corpus.
        left_out: Excluded clips, by reason.
        duplicates: Further files of clips that were taken from another file.
        altered: Clips whose samples differ from the published ones.
        warnings: Warnings for the user.
        notes: Unexpected changes to samples of the files that were read.
        seconds: Wall time.
        store: The store's folder.
        features: The requested features.
    """

    clips: int
    computed: int
    reused: int
    failed: tuple[Failure, ...]
    computed_by_feature: dict[str, int]
    absent: tuple[str, ...]
    pruned: bool
    unparsed: tuple[tuple[str, str], ...]
    left_out: dict[str, int]
    duplicates: int
    altered: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[AudioNote, ...]
    seconds: float
    store: Path
    features: tuple[str, ...]

    def __rich__(self) -> RenderableType:
        """Return one row for each feature."""
        from serkit.tables import table

        made = table(
            f"{self.clips:,} clips in {self.store} ({self.seconds:.1f} s): "
            f"{self.computed:,} computed, {self.reused:,} reused, {len(self.failed):,} failed",
            {"feature": "left", "computed": "right"},
        )
        for name in self.features:
            made.add_row(name, f"{self.computed_by_feature.get(name, 0):,}")
        return made

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain objects."""
        return {
            "clips": self.clips,
            "computed": self.computed,
            "reused": self.reused,
            "failed": self.failed,
            "seconds": self.seconds,
            "store": self.store,
            "features": self.features,
            "computed_by_feature": self.computed_by_feature,
            "duplicates": self.duplicates,
            "absent": self.absent,
            "pruned": self.pruned,
            "altered": self.altered,
            "left_out": self.left_out,
            "unparsed": [{"path": path, "message": reason} for path, reason in self.unparsed],
            "warnings": self.warnings,
            "notes": self.notes,
        }


def extract(
    scan: Scan,
    specs: Sequence[FeatureSpec],
    store: Path,
    *,
    workers: int | None = None,
    engine: Engine | None = None,
    wait: float = DEFAULT_WAIT,
    prune: bool = False,
    rehash: bool = False,
    progress: ProgressCallback | None = None,
    say: Callable[[str], None] | None = None,
) -> ExtractReport:
    """Bring a store up to date with a folder.

    Args:
        scan: What is in the folder.
        specs: The requested features.
        store: The store's folder; made where it is not there.
        workers: Processes; None is one a core, or all that the engine has.
        engine: Where they run; None is this machine.
        wait: Seconds to wait for another writer.
        prune: Take clips out of the store that the folder no longer holds.
        rehash: Read every file again, also where its size and times have not changed.
        progress: Called as ``progress(done, total)``, in clips.
        say: Called with each sentence that the user should read at once.

    Returns:
        The result. Clips that failed are listed in it, not raised.

    Raises:
        CorpusError: No clips in the folder, or they do not belong into this store.
        MissingDependencyError: A feature needs a package that is not installed.
        StoreError: The store is locked, damaged, or the disk is full; committed data are kept.
        EngineError: Workers died or are gone; committed data are kept.
    """
    started = time.perf_counter()
    refuse_in_worker()  # before it would wait for the lock that its own parent holds
    if not scan.files:
        raise no_clips(scan)
    for spec in specs:
        EXTRACTORS.get(spec.extractor).require(spec.settings)
    engine = engine or LocalEngine(workers)
    if engine.remote:
        scan, store = replace(scan, root=scan.root.resolve()), store.resolve()
    with open_writer(store, wait=wait, say=say) as writer:
        if rehash:
            writer.forget_files(file.key for file in scan.files)
        plan = plan_for(scan, writer, specs, engine, workers)
        count = workers or min(_most_workers(engine, specs), max(1, len(plan.jobs)))
        recorder = Recorder(writer, scan, plan, frozenset(spec.name for spec in specs))
        for spec in specs:
            writer.define(spec, spec.layout())
        if progress:
            progress(0, len(plan.jobs))
        try:
            tasks = _tasks(scan, plan, specs, writer, count, remote=engine.remote)
            # Closed at once when something breaks, so that no worker writes after the lock is gone.
            with closing(engine.run(run_task, tasks, count)) as results:
                for result in results:
                    recorder.record(result)
                    if progress:
                        progress(recorder.looked_at, len(plan.jobs))
            recorder.merge_parts()
        finally:
            # even if interrupted or out of disk space, computed values are kept
            recorder.finish()
        absent = _absent(scan, writer)
        if prune:
            writer.drop_clips(absent)
            found = scan.clips
            writer.set_failures(f for f in writer.failures if f.clip_id in found)
        for spec in specs:
            merge_small_parts(writer, spec.name)
        writer.finish()
        altered = _altered(scan, writer)
    return ExtractReport(
        clips=len(scan.clips),
        computed=recorder.computed,
        reused=len(plan.reused) + recorder.unchanged,
        failed=tuple(recorder.failures),
        computed_by_feature=recorder.by_feature,
        absent=absent,
        pruned=prune,
        unparsed=scan.unparsed,
        left_out=dict(scan.left_out),
        duplicates=len(scan.files) - len(scan.clips),
        altered=altered,
        warnings=(*scan.notes, *plan.warnings),
        notes=tuple(sorted(recorder.notes, key=lambda note: note.path)),
        seconds=time.perf_counter() - started,
        store=store,
        features=tuple(spec.name for spec in specs),
    )


def _most_workers(engine: Engine, specs: Sequence[FeatureSpec]) -> int:
    """Return the default number of workers; memory limits those of one machine."""
    return engine.capacity() if engine.remote else sensible_workers(specs)


def plan_for(
    scan: Scan,
    writer: StoreWriter,
    specs: Sequence[FeatureSpec],
    engine: Engine,
    workers: int | None = None,
) -> Plan:
    """Plan the work, and remember the files that had to be decoded for it."""
    count = workers or engine.capacity()
    digests = decode_undecided(scan, writer.state, count, engine=engine)
    decoded = (file for file in scan.files if isinstance(digests.get(file.path), str))
    writer.put_files(file_row(file, str(digests[file.path])) for file in decoded)
    return make_plan(scan, writer.state, specs, digests)


def decode_undecided(
    scan: Scan,
    state: StoreState,
    workers: int,
    progress: ProgressCallback | None = None,
    engine: Engine | None = None,
) -> dict[str, str | Failure]:
    """Decode the files of clips that have several, to learn which hold the same samples."""
    return decode(scan.root, undecided(scan, state), workers, progress, engine)


def _tasks(
    scan: Scan,
    plan: Plan,
    specs: Sequence[FeatureSpec],
    writer: StoreWriter,
    workers: int,
    *,
    remote: bool,
) -> Iterator[Task]:
    """Cut the jobs into tasks: full parts first, smaller ones last, so that all end together."""
    holder = holder_of(writer.path) if remote else ""
    mirror = mirror_of(writer.path)
    origin = mirror.url if mirror else ""
    features = tuple((spec, spec.layout()) for spec in specs)
    fewest = min(_FEWEST_CLIPS_A_PART, -(-len(plan.jobs) // (4 * workers)))
    most = clips_a_task(specs)
    first = 0
    while first < len(plan.jobs):
        share = (len(plan.jobs) - first) // (2 * workers)
        sizes = [job.file.size for job in plan.jobs[first : first + CLIPS_PER_PART]]
        size = jobs_a_task(sizes, min(most, max(share, fewest)))
        jobs = tuple(plan.jobs[first : first + size])
        yield Task(scan.root, writer.path, jobs, features, origin, holder)
        first += size


def _absent(scan: Scan, writer: StoreWriter) -> tuple[str, ...]:
    """Return the clips of this corpus that are in the store and not in the folder."""
    own, family_of = family(scan.corpus.name), cache(family)
    clips = each(writer.state.clips, "clip_id", "corpus")
    stored = (clip_id for clip_id, corpus in clips if family_of(corpus) == own)
    absent: list[str] = []
    while some := list(islice(stored, _AT_ONCE)):
        absent += scan.clips.missing(some)
    return tuple(sorted(absent))


def _altered(scan: Scan, writer: StoreWriter) -> tuple[str, ...]:
    """Return the clips of the folder that have published samples, but other ones."""
    published = scan.corpus.published()
    if not published:
        return ()
    clips = each(writer.state.clips, "clip_id", "pcm_sha256")
    altered = {key for key, pcm in clips if published.get(key, pcm) != pcm}
    return tuple(clip_id for clip_id in scan.clips if clip_id in altered) if altered else ()

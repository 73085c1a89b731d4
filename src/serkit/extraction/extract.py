"""The extraction itself: scan, plan, compute, commit as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from serkit.clips import SAMPLE_RATE
from serkit.extraction.plan import Job, Plan, make_plan, undecided
from serkit.extraction.worker import Decoded, Task, TaskResult, digest_file, run_task
from serkit.features import EXTRACTORS, FeatureSpec
from serkit.ingest.scan import Scan, by_clip, no_clips
from serkit.pool import available_cores, run_all
from serkit.store.compact import merge_small_parts
from serkit.store.lock import DEFAULT_WAIT
from serkit.store.manifest import Failure
from serkit.store.state import StoreState
from serkit.store.tables import ClipRow, FileRow
from serkit.store.writer import StoreWriter, open_writer

CLIPS_A_PART = 48
"""Clips in a part file: some 50 MB of memory a worker, whatever the size of the corpus."""

Progress = Callable[[int, int], None]
"""Called with clips done and clips in all."""


@dataclass(frozen=True)
class ExtractReport:
    """What an extraction did.

    Attributes:
        clips: Clips found in the folder.
        computed: Clips for which at least one feature was computed.
        reused: Clips that were current already.
        failed: Files and clips that could not be used.
        computed_by_feature: Clips computed, by feature.
        absent: Clips in the store that the folder no longer holds.
        unparsed: Path and reason of files whose names do not belong to the corpus.
        left_out: Clips left out, by reason.
        duplicates: Further files of clips that were taken from another file.
        altered: Clips whose samples are not the published ones.
        warnings: What the user should know.
        seconds: Wall time.
        store: The store's folder.
        features: The wanted features.
    """

    clips: int
    computed: int
    reused: int
    failed: tuple[Failure, ...]
    computed_by_feature: dict[str, int]
    absent: tuple[str, ...]
    unparsed: tuple[tuple[str, str], ...]
    left_out: dict[str, int]
    duplicates: int
    altered: tuple[str, ...]
    warnings: tuple[str, ...]
    seconds: float
    store: Path
    features: tuple[str, ...]


def extract(
    scan: Scan,
    specs: Sequence[FeatureSpec],
    store: Path,
    *,
    workers: int | None = None,
    wait: float = DEFAULT_WAIT,
    prune: bool = False,
    progress: Progress | None = None,
    say: Callable[[str], None] | None = None,
) -> ExtractReport:
    """Bring a store up to date with a folder.

    Args:
        scan: What is in the folder.
        specs: The wanted features.
        store: The store's folder; made where it is not there.
        workers: Processes; None is one a core.
        wait: Seconds to wait for another writer.
        prune: Take clips out of the store that the folder no longer holds.
        progress: Told how far it is.
        say: Told what the user should know at once.

    Returns:
        What was done. Clips that failed are listed in it, not raised.

    Raises:
        CorpusError: No clips in the folder, or they do not belong into this store.
        MissingDependencyError: A feature needs a package that is not installed.
        StoreError: The store is locked, damaged, or the disk is full; what was committed stays.
    """
    started = time.perf_counter()
    if not scan.files:
        raise no_clips(scan)
    for spec in specs:
        EXTRACTORS.get(spec.extractor).require(spec.parameters)
    with open_writer(store, wait=wait, say=say) as writer:
        plan = plan_for(scan, writer, specs, workers or available_cores())
        count = workers or min(available_cores(), max(1, len(plan.jobs)))
        recorder = _Recorder(writer, scan, plan, frozenset(spec.name for spec in specs))
        for spec in specs:
            writer.define(spec, spec.layout())
        try:
            for result in run_all(run_task, _tasks(scan, plan, specs, store, count), count):
                recorder.record(result)
                if progress:
                    progress(recorder.looked_at, len(plan.jobs))
        finally:
            # Also when interrupted or out of disk: what is computed is kept.
            recorder.finish()
        absent = tuple(sorted(writer.state.clips.keys() - by_clip(scan.files).keys()))
        if prune:
            writer.drop_clips(absent)
            found = by_clip(scan.files)
            writer.set_failures(f for f in writer.failures if f.clip_id in found)
        for spec in specs:
            merge_small_parts(writer, spec.name)
        writer.commit()
        altered = _altered(scan, writer)
    return ExtractReport(
        clips=len(by_clip(scan.files)),
        computed=recorder.computed,
        reused=len(plan.reused) + recorder.unchanged,
        failed=tuple(recorder.failures),
        computed_by_feature=recorder.by_feature,
        absent=absent,
        unparsed=scan.unparsed,
        left_out=dict(scan.left_out),
        duplicates=len(scan.files) - len(by_clip(scan.files)),
        altered=altered,
        warnings=plan.warnings,
        seconds=time.perf_counter() - started,
        store=store,
        features=tuple(spec.name for spec in specs),
    )


def plan_for(scan: Scan, writer: StoreWriter, specs: Sequence[FeatureSpec], workers: int) -> Plan:
    """Decide what to do, and remember the files that had to be decoded for that."""
    digests = decode_undecided(scan, writer.state, workers)
    files = {file.path: file for file in scan.files}
    for path, digest in digests.items():
        if isinstance(digest, str):
            f = files[path]
            writer.put_files([FileRow(path, f.size, f.mtime_ns, f.name.clip_id, digest)])
    return make_plan(scan, writer.state, specs, digests)


def decode_undecided(scan: Scan, state: StoreState, workers: int) -> dict[str, str | Failure]:
    """Decode the files of clips that have several, to learn which hold the same samples."""
    jobs = [Job(file, {}) for file in undecided(scan, state)]
    chunks = [jobs[i : i + CLIPS_A_PART] for i in range(0, len(jobs), CLIPS_A_PART)]
    results = run_all(partial(_digests, scan.root), chunks, min(workers, len(chunks)))
    return {path: value for result in results for path, value in result}


class _Recorder:
    """Takes workers' results into the store and commits now and then."""

    def __init__(
        self, writer: StoreWriter, scan: Scan, plan: Plan, wanted: Collection[str]
    ) -> None:
        self.failures: list[Failure] = list(plan.failures)
        self.computed = 0
        self.unchanged = 0
        self.looked_at = 0
        self.by_feature: dict[str, int] = {}
        self._writer = writer
        self._scan = scan
        self._wanted = wanted
        self._changed: set[str] = set()
        self._commit_seconds = 0.0
        self._committed_at = time.monotonic()
        self._relocate(plan)

    def record(self, result: TaskResult) -> None:
        """Take one worker's result."""
        self.looked_at += result.jobs
        self.failures += result.failures
        failed = {failure.clip_id for failure in result.failures}
        for clip in result.decoded:
            if clip.job.file.name.clip_id not in failed:
                self.computed += clip.computed > 0
                self.unchanged += clip.computed == 0
            before = self._writer.state.clips.get(clip.job.file.name.clip_id)
            if before and before.pcm_sha256 != clip.pcm_sha256:
                self._changed.add(before.clip_id)
        self._writer.put_files(_file_row(clip) for clip in result.decoded)
        self._writer.put_clips(_clip_row(self._scan, clip) for clip in result.decoded)
        for feature, (part, rows) in result.parts.items():
            self._writer.put_part(feature, part, rows)
            self.by_feature[feature] = self.by_feature.get(feature, 0) + len(rows)
        self._commit_if_due()

    def finish(self) -> None:
        """Commit what there is."""
        scanned = by_clip(self._scan.files)
        kept = [f for f in self._writer.failures if not self._superseded(f, scanned)]
        self._writer.set_failures(kept + self.failures)
        self._writer.commit()

    def _superseded(self, failure: Failure, scanned: Collection[str]) -> bool:
        """Tell whether this run has looked again at what failed before."""
        if failure.clip_id not in scanned:
            return False
        tried = not failure.feature or failure.feature in self._wanted
        return tried or failure.clip_id in self._changed

    def _commit_if_due(self) -> None:
        # Often enough that a kill costs seconds, seldom enough that commits cost a few percent.
        now = time.monotonic()
        if now - self._committed_at < max(1.0, 20 * self._commit_seconds):
            return
        self._writer.commit()
        self._committed_at = time.monotonic()
        self._commit_seconds = self._committed_at - now

    def _relocate(self, plan: Plan) -> None:
        """Say where clips that were current already are found now."""
        from dataclasses import replace

        root = str(self._scan.root)
        for file in plan.reused:
            clip = self._writer.state.clips[file.name.clip_id]
            if (clip.root, clip.path) != (root, file.path):
                self._writer.put_clips([replace(clip, root=root, path=file.path)])


def _tasks(
    scan: Scan, plan: Plan, specs: Sequence[FeatureSpec], store: Path, workers: int
) -> Iterator[Task]:
    """Cut the jobs into tasks: even shares for a small corpus, full parts for a large one."""
    features = tuple((spec, spec.layout()) for spec in specs)
    share = -(-len(plan.jobs) // (4 * workers)) if plan.jobs else 1
    size = min(CLIPS_A_PART, max(share, 1))
    for first in range(0, len(plan.jobs), size):
        yield Task(scan.root, store, plan.jobs[first : first + size], features)


def _digests(root: Path, jobs: Collection[Job]) -> list[tuple[str, str | Failure]]:
    return [(job.file.path, digest_file(root, job)) for job in jobs]


def _file_row(clip: Decoded) -> FileRow:
    file = clip.job.file
    return FileRow(file.path, file.size, file.mtime_ns, file.name.clip_id, clip.pcm_sha256)


def _clip_row(scan: Scan, clip: Decoded) -> ClipRow:
    name = clip.job.file.name
    return ClipRow(
        clip_id=name.clip_id,
        corpus=scan.corpus.name,
        path=clip.job.file.path,
        modality=name.modality,
        vocal_channel=name.vocal_channel,
        emotion=name.emotion,
        emotion_id=name.emotion_id,
        intensity=name.intensity,
        statement=name.statement,
        repetition=name.repetition,
        actor=name.actor,
        sex=name.sex,
        sample_rate=SAMPLE_RATE,
        channels=clip.channels,
        num_frames=clip.num_frames,
        resampled_from=clip.resampled_from,
        pcm_sha256=clip.pcm_sha256,
        root=str(scan.root),
    )


def _altered(scan: Scan, writer: StoreWriter) -> tuple[str, ...]:
    """Return the clips of the folder that have published samples, but other ones."""
    published = scan.corpus.published()
    clips = (writer.state.clips.get(clip_id) for clip_id in by_clip(scan.files))
    return tuple(
        clip.clip_id
        for clip in clips
        if clip and published.get(clip.clip_id, clip.pcm_sha256) != clip.pcm_sha256
    )

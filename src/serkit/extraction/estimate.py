"""``extract --estimate`` and ``--dry-run``: cost and effect of an extraction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from serkit.audio import AudioHeader, read_header
from serkit.clips import SAMPLE_RATE
from serkit.compute.cores import available_cores
from serkit.errors import AudioError, NotFoundError
from serkit.extraction.extract import decode_undecided
from serkit.extraction.plan import Plan, make_plan
from serkit.extraction.workers import clip_ms, jobs_a_task, sensible_workers
from serkit.features import EXTRACTORS, FeatureSpec, TableLayout
from serkit.ingest.scan import Scan, no_clips
from serkit.progress import ProgressCallback, silent
from serkit.shown import Shown
from serkit.store.compact import CLIPS_PER_PART
from serkit.store.state import StoreState, read_state

_READ_MS = 2.5
"""Decoding and hashing a clip of the reference length, on one core."""

_REFERENCE_SECONDS = 3.7
"""Mean length of a RAVDESS clip, for which the extractors' costs are given."""

_WORKER_BYTES = 150 * 2**20
"""Memory of an interpreter with extraction's imports."""

_BYTES_A_SAMPLE = 8
"""Memory of a clip being processed: samples as int16 and float32, and intermediate results."""

_COPIES = 3
"""A part exists as clips' arrays, as one array, and as a file's content, for a moment."""

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class Estimate(Shown):
    """Estimated cost of a full extraction.

    Attributes:
        clips: Clips in the folder.
        unreadable: Files with unreadable headers.
        audio_seconds: Length of all clips.
        seconds: Rough wall time.
        disk_bytes: Size of the store.
        memory_bytes: Rough peak over all processes.
        workers: Processes.
        by_feature: For each feature, its share of time (all cores) and of disk.
    """

    clips: int
    unreadable: int
    audio_seconds: float
    seconds: float
    disk_bytes: int
    memory_bytes: int
    workers: int
    by_feature: dict[str, dict[str, float]]

    def __rich__(self) -> RenderableType:
        """Return one row for each feature."""
        from rich.console import Group
        from rich.text import Text

        from serkit.tables import table
        from serkit.units import byte_size

        made = table(
            f"{self.clips:,} clips, {self.audio_seconds / 60:,.1f} min of audio: about "
            f"{self.seconds:,.0f} s with {self.workers} workers, {byte_size(self.disk_bytes)} on "
            f"disk, {byte_size(self.memory_bytes)} of memory",
            {"feature": "left", "core seconds": "right", "disk": "right"},
        )
        for name, share in self.by_feature.items():
            made.add_row(name, f"{share['seconds']:,.1f}", byte_size(share["disk_bytes"]))
        if not self.unreadable:
            return made
        text = f"not counted: {self.unreadable:,} files whose headers cannot be read"
        return Group(made, Text(text))


@dataclass(frozen=True)
class Preview(Shown):
    """Effect of an extraction.

    Attributes:
        clips: Clips in the folder.
        decode: Clips that would be decoded.
        compute: For each feature, clips that would be computed if their samples have not changed.
        reused: Clips that are current.
        failed: Clips that are ambiguous.
        warnings: Warnings for the user.
    """

    clips: int
    decode: int
    compute: dict[str, int]
    reused: int
    failed: int
    warnings: tuple[str, ...]

    def __rich__(self) -> RenderableType:
        """Return one row for each feature."""
        from serkit.tables import table

        made = table(
            f"{self.clips:,} clips: {self.reused:,} are current, {self.decode:,} would be read, "
            f"{self.failed:,} are ambiguous",
            {"feature": "left", "to compute": "right"},
        )
        for name, count in self.compute.items():
            made.add_row(name, f"{count:,}")
        return made


def estimate(
    scan: Scan,
    specs: Sequence[FeatureSpec],
    *,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
) -> Estimate:
    """Estimate time, disk and memory from the files' headers alone.

    Args:
        scan: What is in the folder.
        specs: The wanted features.
        workers: Processes; None is one a core.
        progress: Called as ``progress(done, total)``, in headers.

    Raises:
        CorpusError: No clips in the folder.
        MissingDependencyError: A feature needs a package that is not installed.
    """
    if not scan.files:
        raise no_clips(scan)
    groups = scan.clips.values()
    paths = [group[0].path for group in groups]
    headers = list(_headers(scan.root, paths, progress or silent))
    frames = [round(h.frames * SAMPLE_RATE / h.sample_rate) for h in headers]
    total = sum(frames) / SAMPLE_RATE
    count = sensible_workers(specs, workers)
    by_feature = {}
    worker_bytes = _WORKER_BYTES
    for spec, per_clip_ms in zip(specs, clip_ms(specs), strict=True):
        extractor = EXTRACTORS.get(spec.extractor)
        extractor.require(spec.settings)
        worker_bytes += extractor.cost(spec.settings).worker_bytes
        milliseconds = per_clip_ms * total / _REFERENCE_SECONDS
        size = sum(_bytes(spec, n) for n in frames)
        by_feature[spec.name] = {"seconds": milliseconds / 1000, "disk_bytes": size}
    busy = sum(f["seconds"] for f in by_feature.values())
    busy += _READ_MS * total / _REFERENCE_SECONDS / 1000
    disk = int(sum(f["disk_bytes"] for f in by_feature.values()))
    longest = sorted(frames, reverse=True)
    part = sum(_bytes(spec, n) for spec in specs for n in longest[: _clips_in_a_part(longest)])
    at_work = _BYTES_A_SAMPLE * sum(longest[:count]) + _COPIES * part * count
    parent = _WORKER_BYTES if count > 1 else 0
    return Estimate(
        clips=len(groups),
        unreadable=len(groups) - len(headers),
        audio_seconds=total,
        seconds=busy / count,
        disk_bytes=disk,
        memory_bytes=int(parent + worker_bytes * count + at_work),
        workers=count,
        by_feature=by_feature,
    )


def preview(
    scan: Scan,
    specs: Sequence[FeatureSpec],
    store: Path,
    *,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
) -> Preview:
    """Report what an extraction would do, without writing anything.

    Args:
        scan: What is in the folder.
        specs: The wanted features.
        store: The store's folder; it need not be there.
        workers: Processes; None is one a core.
        progress: Called as ``progress(done, total)``, in files. Only clips with
            several files are read, to learn which of them hold the same samples.

    Raises:
        CorpusError: No clips in the folder, or they do not belong into this store.
        StoreCorruptError: The store is damaged.
    """
    if not scan.files:
        raise no_clips(scan)
    try:
        state = read_state(store)
    except NotFoundError:
        state = StoreState()
    digests = decode_undecided(scan, state, workers or available_cores(), progress)
    plan = make_plan(scan, state, specs, digests)
    return Preview(
        clips=len(scan.clips),
        decode=len(plan.jobs),
        compute={spec.name: _to_compute(plan, spec, state) for spec in specs},
        reused=len(plan.reused),
        failed=len(plan.failures),
        warnings=plan.warnings,
    )


def _clips_in_a_part(longest: Sequence[int]) -> int:
    """Return how many of the longest clips one worker may hold the values of."""
    return jobs_a_task([2 * frames for frames in longest[:CLIPS_PER_PART]], CLIPS_PER_PART)


def _to_compute(plan: Plan, spec: FeatureSpec, state: StoreState) -> int:
    return sum(not state.current(spec, job.file.name.clip_id) for job in plan.jobs)


def _headers(root: Path, paths: Sequence[str], progress: ProgressCallback) -> Iterator[AudioHeader]:
    """Read all readable files."""
    progress(0, len(paths))
    for done, path in enumerate(paths, 1):
        with suppress(AudioError):
            yield read_header(root / path)
        progress(done, len(paths))


def _bytes(spec: FeatureSpec, num_frames: int) -> int:
    """Return the bytes that one clip's values take."""
    layout = spec.layout()
    itemsize = np.dtype(layout.dtype).itemsize
    if isinstance(layout, TableLayout):
        return itemsize * len(layout.columns)
    if layout.axis not in ("samples", "frames"):  # the same for each clip, however long it is
        return itemsize * int(np.prod(layout.item, dtype=np.int64)) * (layout.length or 1)
    rate = spec.whole("sample_rate") or SAMPLE_RATE
    samples = round(num_frames * rate / SAMPLE_RATE)
    hop = spec.whole("hop_length") or 1
    return itemsize * int(np.prod(layout.item, dtype=np.int64)) * (samples // hop + 1)

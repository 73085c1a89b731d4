"""A worker's task: decode a few clips, compute their features, write part files.

Arrays never travel back to the parent: a worker writes its own parts and returns where they are.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from serkit.audio import Audio, AudioNote, read_audio
from serkit.compute.blas import one_blas_thread
from serkit.compute.worker import at_work_on
from serkit.dsp.scratch import Scratch
from serkit.dsp.signal import Signal
from serkit.errors import AudioError, EngineError
from serkit.extraction.plan import Job
from serkit.features import FeatureSpec, Layout
from serkit.features.compute import compute_features
from serkit.storage.lock import holder_of
from serkit.storage.objects import open_objects
from serkit.store.manifest import Failure, StoredFile
from serkit.store.part_files import upload_part, write_part
from serkit.store.parts import Item
from serkit.store.tables import IndexRow

_SHOWS_WITHIN = 10.0
"""Seconds within which a network's file system shows a new file to every machine."""


@dataclass(frozen=True)
class Task:
    """A few clips for one worker.

    Attributes:
        root: The scanned folder.
        store: The store's folder.
        jobs: The clips.
        features: Every requested feature with its shape.
        origin: The URL of a store that is no folder; empty for one that is.
        holder: Who holds the store's lock, as its folder says, where the worker may be on another
            machine; empty where it is not.
    """

    root: Path
    store: Path
    jobs: tuple[Job, ...]
    features: tuple[tuple[FeatureSpec, Layout], ...]
    origin: str = ""
    holder: str = ""

    def __str__(self) -> str:
        first, last = self.jobs[0].file.path, self.jobs[-1].file.path
        return first if len(self.jobs) == 1 else f"{first} to {last}"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A successfully decoded clip.

    Attributes:
        job: The job.
        pcm_sha256: The samples' SHA-256.
        channels: Channels in the file.
        num_frames: Samples at 48 kHz.
        resampled_from: The file's rate where it was another.
        computed: How many features had to be computed.
    """

    job: Job
    pcm_sha256: str
    channels: int
    num_frames: int
    resampled_from: int | None
    computed: int


@dataclass
class TaskResult:
    """Result of a worker.

    Attributes:
        decoded: Clips read.
        failures: What failed, each alone.
        parts: For each feature, the part written and where each clip's values are in it.
        jobs: How many clips were looked at.
        notes: Unexpected changes to the samples.
    """

    decoded: list[Decoded] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    parts: dict[str, tuple[StoredFile, list[IndexRow]]] = field(default_factory=dict)
    jobs: int = 0
    notes: list[AudioNote] = field(default_factory=list)


def run_task(task: Task) -> TaskResult:
    """Process a few clips.

    Raises:
        StoreWriteError: The disk is full or read-only.
        EngineError: This machine does not see the folders. Everything else fails clip by clip.
    """
    if task.holder:
        _refuse_other_folders(task)
    result = TaskResult(jobs=len(task.jobs))
    items: dict[str, list[Item]] = {}
    scratch = Scratch()
    with one_blas_thread():  # once for all clips: to set it takes 0.04 ms
        for job in task.jobs:
            at_work_on(job.file.path)
            try:
                audio = read_audio(task.root / job.file.path, channel=job.file.channel)
            except AudioError as error:
                result.failures.append(failure(job, error))
                continue
            wanted = [f for f in task.features if job.have.get(f[0].name) != audio.pcm_sha256]
            signal = Signal(audio.samples, scratch=scratch)
            values, failures = compute_features(signal, wanted, ragged=True)
            result.failures += [failure(job, error, name) for name, error in failures.items()]
            for name, value in values.items():
                items.setdefault(name, []).append((job.file.name.clip_id, audio.pcm_sha256, value))
            result.notes += [
                AudioNote(job.file.path, job.file.name.clip_id, text) for text in audio.notes
            ]
            result.decoded.append(_decoded(job, audio, len(wanted) - len(failures)))
    for spec, layout in task.features:
        if spec.name in items:
            name = uuid4().hex[:16]
            result.parts[spec.name] = _write(task, spec, layout, items[spec.name], name)
    return result


def _write(
    task: Task, spec: FeatureSpec, layout: Layout, items: list[Item], name: str
) -> tuple[StoredFile, list[IndexRow]]:
    if task.origin:
        return upload_part(open_objects(task.origin), spec, layout, items, name)
    return write_part(task.store, spec, layout, items, name, flush=bool(task.holder))


def _refuse_other_folders(task: Task) -> None:
    """Refuse to work where this machine's folders are not those of the one that commits.

    Each clip would fail, or its values end up where nobody looks for them.
    """
    from socket import gethostname

    patience = time.monotonic() + (0 if task.origin else _SHOWS_WITHIN)
    while (seen := holder_of(task.store)) != task.holder and time.monotonic() < patience:
        time.sleep(0.2)
    shared = bool(task.origin) or seen == task.holder
    for folder, there in ((task.store, shared), (task.root, task.root.is_dir())):
        if not there:
            raise EngineError(
                f"the worker on {gethostname()} does not see {folder} as the machine does that "
                "gives out the work",
                hint="put audio and store into folders that all machines share under one path",
            )


def digest_file(root: Path, job: Job) -> str | Failure:
    """Return the SHA-256 of a file's samples, or why it cannot be read."""
    at_work_on(job.file.path)
    try:
        return read_audio(root / job.file.path, channel=job.file.channel).pcm_sha256
    except AudioError as error:
        return failure(job, error)


def failure(job: Job, error: Exception, feature: str = "") -> Failure:
    """Describe why a clip, or a feature of it, failed."""
    return Failure(job.file.path, type(error).__name__, str(error), job.file.name.clip_id, feature)


def _decoded(job: Job, audio: Audio, computed: int) -> Decoded:
    return Decoded(
        job, audio.pcm_sha256, audio.channels, audio.num_frames, audio.resampled_from, computed
    )

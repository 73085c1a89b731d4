"""Compute models' features from audio files, in worker processes if there are many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serkit.audio import Audio, read_audio, read_header
from serkit.compute.worker import at_work_on
from serkit.dsp.scratch import Scratch
from serkit.errors import ClipTooLongError, SerkitError
from serkit.prediction.saved import Saved
from serkit.store.memory import ClipFeatures

LONGEST_SECONDS = 120
"""Longer audio is rejected.

One prediction for an hour of talk is meaningless, and attention over it would exhaust the memory
(5 minutes: 4 GB in the transformer)."""

LONGEST_RECORDING = 3600
"""Maximum length in seconds with a sliding window: an hour takes 350 MB."""

FILES_PER_TASK = 16
"""Files per worker task; fewer are not worth starting a worker."""

TASKS_PER_SPAWNED_WORKER = 16
"""Fewer tasks are not worth a worker that is no copy of this process: beside a neural network it
takes seconds to start."""

Outcome = tuple[str, ClipFeatures | SerkitError]
"""The name that a file is shown under, which is its clip id, and what the models read of it."""


@dataclass(frozen=True)
class _Task:
    """Files for one worker.

    Attributes:
        files: By the names that they are shown under, which become their clip ids.
        saved: The models that need the features.
        channel: The channel that is read.
    """

    files: Mapping[str, Path]
    saved: Saved
    channel: int


def features_of_files(
    found: Mapping[str, Path | SerkitError], saved: Saved, *, channel: int, workers: int
) -> Iterator[Sequence[Outcome]]:
    """Yield features of files, some files at a time, in any order.

    Args:
        found: The files, or why there is none, by the names that they are shown under.
        saved: The models.
        channel: Which channel to read, from 0; mono files are read as they are.
        workers: Most processes.
    """
    if wrong := [(shown, each) for shown, each in found.items() if isinstance(each, SerkitError)]:
        yield wrong
    files = [(shown, each) for shown, each in found.items() if isinstance(each, Path)]
    starts = range(0, len(files), FILES_PER_TASK)
    tasks = [_Task(dict(files[first : first + FILES_PER_TASK]), saved, channel) for first in starts]
    if len(tasks) < 2:
        yield from map(_work, tasks)
        return
    from serkit.compute.local import forks, run_all  # multiprocessing takes 30 ms

    worthwhile = (len(tasks) - 1) // (1 if forks() else TASKS_PER_SPAWNED_WORKER)
    yield from run_all(_work, tasks, max(1, min(workers, worthwhile)))


def _work(task: _Task) -> Sequence[Outcome]:
    scratch = Scratch()
    return [(shown, _features(shown, path, task, scratch)) for shown, path in task.files.items()]


def _features(shown: str, path: Path, task: _Task, scratch: Scratch) -> ClipFeatures | SerkitError:
    at_work_on(shown)
    try:
        header = read_header(path)
        seconds = header.frames / header.sample_rate
        if seconds > LONGEST_SECONDS:
            return ClipTooLongError(
                f"{path.name} is {seconds:,.0f} s long",
                allowed=f"up to {LONGEST_SECONDS} s are",
                hint="use a window (--window 3 --hop 1), or cut it into utterances",
            )
        audio = read_audio(path, channel=task.channel)
        return task.saved.features_of(shown, audio, name=path.name, scratch=scratch)
    except SerkitError as error:
        return error


def read_recording(found: Path | SerkitError, *, channel: int = 0) -> Audio:
    """Decode a recording for prediction with a sliding window.

    Args:
        found: The file, or why there is none.
        channel: The channel that is read.

    Raises:
        ClipTooLongError: It is longer than an hour.
        SerkitError: It cannot be decoded, or there is none.
    """
    if isinstance(found, SerkitError):
        raise found
    header = read_header(found)
    seconds = header.frames / header.sample_rate
    if seconds > LONGEST_RECORDING:
        raise ClipTooLongError(
            f"{found.name} is {seconds:,.0f} s long",
            allowed=f"up to {LONGEST_RECORDING:,} s are",
            hint="cut it into parts",
        )
    return read_audio(found, channel=channel)

"""``store verify --audio``: whether stored values are still those of the audio in a folder."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from serkit.compute.cores import available_cores
from serkit.compute.engine import Engine
from serkit.compute.local import LocalEngine
from serkit.extraction.plan import Job, channel_read
from serkit.extraction.worker import digest_file
from serkit.ingest.clip_files import AudioFile
from serkit.ingest.corpus import family
from serkit.ingest.scan import Scan
from serkit.progress import ProgressCallback
from serkit.shown import Shown
from serkit.store.compact import CLIPS_PER_PART
from serkit.store.manifest import Failure
from serkit.store.state import StoreState

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class AudioComparison(Shown):
    """A store compared with the audio in a folder.

    Attributes:
        clips: Clips that are in both.
        changed: Clips whose samples have changed since extraction.
        unreadable: Files that cannot be read any more.
        absent: Clips of the store that the folder does not hold.
    """

    clips: int
    changed: tuple[str, ...]
    unreadable: tuple[Failure, ...]
    absent: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether every clip could be read and holds the samples that were stored."""
        return not self.changed and not self.unreadable

    def __rich__(self) -> RenderableType:
        """Return how many clips have other samples than the store was made from."""
        from rich.text import Text

        from serkit.printable import printable
        from serkit.units import first_few

        count = len(self.changed)
        verdict = f"{count:,} with other samples: {first_few(self.changed)}"
        lines = [
            f"{self.clips:,} clips compared with their audio: "
            + (verdict if count else "all as stored")
        ]
        if self.absent:
            absent = f"{len(self.absent):,} clips of the store are not there"
            lines.append(f"{absent}: {first_few(self.absent)}")
        return Text(printable("\n".join(lines)))


def compare_audio(
    scan: Scan,
    state: StoreState,
    *,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
) -> AudioComparison:
    """Read every file of a folder and compare its samples with those a store was made from.

    Unlike an extraction it ignores file sizes and times, and writes nothing.

    Args:
        scan: What is in the folder.
        state: What is in the store.
        workers: Processes; None is one a core.
        progress: Called as ``progress(done, total)``, in files.
    """
    groups = {key: files for key, files in scan.clips.items() if key in state.clips}
    channels = {clip_id: channel_read(state.clips[clip_id], state) for clip_id in groups}
    files = [replace(f, channel=channels[i]) for i, group in groups.items() for f in group]
    digests = decode(scan.root, files, workers or available_cores(), progress)
    changed, unreadable = [], []
    for clip_id, group in groups.items():
        found = [digests[file.path] for file in group]
        if state.clips[clip_id].pcm_sha256 in found:
            continue
        failures = [each for each in found if isinstance(each, Failure)]
        unreadable += failures
        if len(failures) < len(found):
            changed.append(clip_id)
    corpus = [
        clip for clip in state.clips.values() if family(clip.corpus) == family(scan.corpus.name)
    ]
    absent = sorted(clip.clip_id for clip in corpus if clip.clip_id not in groups)
    return AudioComparison(len(groups), tuple(changed), tuple(unreadable), tuple(absent))


def decode(
    root: Path,
    files: Collection[AudioFile],
    workers: int,
    progress: ProgressCallback | None = None,
    engine: Engine | None = None,
) -> dict[str, str | Failure]:
    """Return, by path, the SHA-256 of each file's samples, or why it cannot be read."""
    jobs = [Job(file, {}) for file in files]
    chunks = [jobs[i : i + CLIPS_PER_PART] for i in range(0, len(jobs), CLIPS_PER_PART)]
    digests: dict[str, str | Failure] = {}
    if progress:
        progress(0, len(jobs))
    engine = engine or LocalEngine()
    with closing(engine.run(partial(_digests, root), chunks, min(workers, len(chunks)))) as done:
        for result in done:
            digests.update(result)
            if progress:
                progress(len(digests), len(jobs))
    return digests


def _digests(root: Path, jobs: Collection[Job]) -> list[tuple[str, str | Failure]]:
    return [(job.file.path, digest_file(root, job)) for job in jobs]

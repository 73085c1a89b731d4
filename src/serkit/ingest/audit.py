"""Audit a folder: decode every file and report problems, without writing anything.

Decoding and judging are separate: :func:`audit` decodes files in worker processes, :func:`judge` is
a pure function of the scan and the decoded results.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from serkit.audio import AudioNote, read_audio
from serkit.audio.levels import clipped_samples, is_silent
from serkit.clips import SAMPLE_RATE, natural_order
from serkit.compute.cores import available_cores
from serkit.compute.local import run_all
from serkit.compute.worker import at_work_on
from serkit.dsp.alike import same_takes
from serkit.dsp.soundprint import soundprint
from serkit.errors import AudioError
from serkit.ingest.audit_report import AuditReport, Duplicate, Lengths, Unreadable
from serkit.ingest.clip_files import AudioFile
from serkit.ingest.hub import HubDataset
from serkit.ingest.metadata import Labelling
from serkit.ingest.scan import Scan, no_clips, scan
from serkit.labels import UNKNOWN, LabelSet
from serkit.progress import ProgressCallback

_FILES_PER_TASK = 16
"""Files per worker task: about 50 ms of work, for frequent progress updates."""

_OF_THE_NAME = ("emotion", "speaker", "intensity", "sex", "statement")
_OF_THE_FILE = ("channels", "sample_rate")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Content of one file.

    Attributes:
        pcm_sha256: See :attr:`serkit.audio.Audio.pcm_sha256`.
        sample_rate: The file's own, in Hz.
        channels: The file's own.
        num_frames: Samples of a channel at 48 kHz.
        notes: See :attr:`serkit.audio.Audio.notes`.
        silent: Whether it is never louder than 60 dB below full scale.
        clipped: Samples in runs of three or more at full scale.
        sound: Its fingerprint of sound; see :func:`serkit.dsp.soundprint.soundprint`.
    """

    pcm_sha256: str
    sample_rate: int
    channels: int
    num_frames: int
    notes: tuple[str, ...] = ()
    silent: bool = False
    clipped: int = 0
    sound: bytes = b""


def audit(
    root: str | Path | HubDataset,
    *,
    corpus: str | None = None,
    include: Collection[str] = (),
    labelling: Labelling | None = None,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
) -> AuditReport:
    """Decode every audio file of a corpus and report its content and problems.

    Args:
        root: The folder.
        corpus: The corpus's name; None recognises it by its file names.
        include: Clips to include that are excluded by default, such as ``"song"``.
        labelling: See :func:`serkit.ingest.scan.scan`.
        workers: Processes; None is one a core.
        progress: Called as ``progress(done, total)``, in files.

    Raises:
        NotFoundError: No such folder.
        UsageError: ``root`` is a file, or there is no such corpus.
        CorpusError: There is no clip in the folder, or a folder in it cannot be read.
        StoreError: A worker died.
    """
    found = scan(root, corpus=corpus, include=include, labelling=labelling)
    if not found.files:
        raise no_clips(found)
    paths = [file.path for file in found.files]
    tasks = [paths[i : i + _FILES_PER_TASK] for i in range(0, len(paths), _FILES_PER_TASK)]
    decoded: dict[str, Decoded | Unreadable] = {}
    decode = partial(_decode, found.root)
    for result in run_all(decode, tasks, min(workers or available_cores(), len(tasks))):
        decoded.update(result)
        if progress:
            progress(len(decoded), len(paths))
    return judge(found, decoded)


def judge(found: Scan, decoded: Mapping[str, Decoded | Unreadable]) -> AuditReport:
    """Compare the files with the published ones, and the clips with each other.

    Args:
        found: The scanned folder.
        decoded: Content or error of each file, by path.
    """
    published = found.corpus.published()
    groups = found.clips
    taken: dict[str, Decoded] = {}
    duplicates: list[Duplicate] = []
    for clip_id, group in groups.items():
        ordered = _order(group, decoded, published.get(clip_id))
        facts = [value for _, value in ordered if isinstance(value, Decoded)]
        if facts:
            taken[clip_id] = facts[0]
        if len(group) > 1:
            same = len({value.pcm_sha256 for value in facts}) < 2
            duplicates.append(Duplicate(clip_id, tuple(file.path for file, _ in ordered), same))
    unreadable = [value for value in decoded.values() if isinstance(value, Unreadable)]
    counts = _counts([group[0] for group in groups.values()], taken.values(), found.corpus.labels)
    return AuditReport(
        corpus=found.corpus.name,
        root=found.root,
        files=len(found.files),
        clips=len(groups),
        counts=counts,
        frames=_lengths([clip.num_frames for clip in taken.values()]),
        missing=tuple(sorted(published.keys() - groups.keys())),
        extra=tuple(sorted(_extra(found, published))),
        duplicates=tuple(duplicates),
        unreadable=tuple(sorted(unreadable, key=lambda file: file.path)),
        altered=tuple(
            sorted(
                clip_id
                for clip_id, clip in taken.items()
                if published.get(clip_id, clip.pcm_sha256) != clip.pcm_sha256
            )
        ),
        identical=_identical(taken),
        near_duplicates=_near_duplicates(taken),
        unparsed=found.unparsed,
        left_out=dict(found.left_out),
        notes=tuple(_notes(found, decoded)),
        compared=bool(published),
        remarks=found.notes,
        unlike_the_whole=tuple(_unlike(found.corpus.expected, counts)),
        counted_by=found.corpus.counted_by,
        silent=tuple(sorted(clip_id for clip_id, clip in taken.items() if clip.silent)),
        clipped={clip_id: clip.clipped for clip_id, clip in sorted(taken.items()) if clip.clipped},
        one_label=tuple(_one_label(groups)),
    )


def _unlike(
    expected: Mapping[str, Mapping[str, int]], counts: Mapping[str, Mapping[str | int, int]]
) -> Iterator[str]:
    for column, values in expected.items():
        for value, whole in values.items():
            there = counts[column].get(value, 0)
            if there != whole:
                yield f"{column} {value}: {there:,} clips, the whole corpus has {whole:,}"


def _one_label(groups: Mapping[str, Sequence[AudioFile]]) -> list[str]:
    """Return the speakers whose clips all have one label, where there are others."""
    labels: defaultdict[str, set[str]] = defaultdict(set)
    for group in groups.values():
        labels[group[0].name.speaker].add(group[0].name.emotion)
    if len(set().union(*labels.values())) < 2:
        return []
    named = (name for name, found in labels.items() if len(found) == 1 and name != UNKNOWN)
    return sorted(named, key=natural_order)


def _decode(root: Path, paths: Sequence[str]) -> dict[str, Decoded | Unreadable]:
    return {path: _decode_one(root, path) for path in paths}


def _decode_one(root: Path, path: str) -> Decoded | Unreadable:
    at_work_on(path)
    try:
        audio = read_audio(root / path)
    except AudioError as error:
        return Unreadable(path, type(error).__name__, str(error))
    rate = audio.resampled_from or SAMPLE_RATE
    return Decoded(
        audio.pcm_sha256,
        rate,
        audio.channels,
        audio.num_frames,
        audio.notes,
        is_silent(audio.samples),
        clipped_samples(audio.samples),
        soundprint(audio.samples).tobytes(),
    )


def _notes(found: Scan, decoded: Mapping[str, Decoded | Unreadable]) -> Iterator[AudioNote]:
    for file in found.files:
        value = decoded[file.path]
        if isinstance(value, Decoded):
            yield from (AudioNote(file.path, file.name.clip_id, text) for text in value.notes)


def _order(
    group: Sequence[AudioFile],
    decoded: Mapping[str, Decoded | Unreadable],
    published: str | None,
) -> list[tuple[AudioFile, Decoded | Unreadable]]:
    """Put the published file first, then readable files; otherwise keep the order."""

    def rank(pair: tuple[AudioFile, Decoded | Unreadable]) -> int:
        _, value = pair
        if isinstance(value, Unreadable):
            return 2
        return 0 if value.pcm_sha256 == published else 1

    return sorted(((file, decoded[file.path]) for file in group), key=rank)


def _extra(found: Scan, published: Mapping[str, str]) -> Iterator[str]:
    """Yield clips that were not published, where the table of hashes could have held them."""
    if not published:
        return
    for clip_id, group in found.clips.items():
        if clip_id not in published and found.corpus.leave_out(group[0].name) is None:
            yield clip_id


def _counts(
    files: Iterable[AudioFile], clips: Iterable[Decoded], labels: LabelSet
) -> dict[str, dict[str | int, int]]:
    counts: dict[str, Counter[str | int]] = {
        column: Counter() for column in (*_OF_THE_NAME, *_OF_THE_FILE)
    }
    for file in files:
        for column in _OF_THE_NAME:
            counts[column][getattr(file.name, column)] += 1
    for clip in clips:
        for column in _OF_THE_FILE:
            counts[column][getattr(clip, column)] += 1

    def place(value: str | int) -> tuple[int, Any]:
        """Sort labels in their own order, and numbers in other names by their value."""
        known = isinstance(value, str) and value in labels
        return (labels.index(str(value)) if known else len(labels)), natural_order(str(value))

    return {
        column: {value: counter[value] for value in sorted(counter, key=place)}
        for column, counter in counts.items()
    }


def _lengths(frames: Sequence[int]) -> Lengths | None:
    if not frames:
        return None
    return Lengths(min(frames), sum(frames) / len(frames), max(frames))


def _identical(clips: Mapping[str, Decoded]) -> tuple[tuple[str, ...], ...]:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for clip_id, clip in sorted(clips.items()):
        groups[clip.pcm_sha256].append(clip_id)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def _near_duplicates(clips: Mapping[str, Decoded]) -> tuple[tuple[str, str], ...]:
    """Return pairs of clips that hold the same take in other samples."""
    ids = sorted(clips)
    pairs = same_takes([np.frombuffer(clips[clip_id].sound, np.uint32) for clip_id in ids])
    found = ((ids[pair.first], ids[pair.second]) for pair in pairs)
    return tuple(
        (one, other) for one, other in found if clips[one].pcm_sha256 != clips[other].pcm_sha256
    )

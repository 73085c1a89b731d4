"""Babble: eight other people of the corpus talking at once.

Speakers are parted into two halves. A clip gets babble of the half that its speaker is not in, so
that nobody talks into their own clip, and two recordings serve the whole corpus.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from serkit.audio import read_audio, write_wav
from serkit.clips import SAMPLE_RATE, natural_order
from serkit.storage.files import write_file
from serkit.store.tables import ClipRow

TALKERS, SECONDS = 8, 30

_VERSION = 1
"""To be raised whenever the same clips give other babble."""

_SPEECH_ABOVE = 0.03
"""Share of a clip's peak below which its ends are silence, which is left out."""

_PEAK = 20_000.0


def halves(speakers: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Part speakers into two halves, two by two in the order of their names.

    Corpora often number men and women in turns; two by two, each half has both.

    Example:
        >>> [sorted(half) for half in halves(["1", "2", "3", "4", "5"])]
        [['1', '2', '5'], ['3', '4']]
    """
    ordered = sorted(set(speakers), key=natural_order)
    first = frozenset(name for place, name in enumerate(ordered) if place // 2 % 2 == 0)
    return first, frozenset(ordered) - first


def babble_file(
    clips: Sequence[ClipRow], beside: Path, channel_of: Callable[[ClipRow], int]
) -> Path:
    """Return a file of babble mixed from clips; made where it is not there yet.

    Args:
        clips: Clips of the people who talk.
        beside: The file lies beside this folder and is named after it and after the samples that
            went in.
        channel_of: The channel of its file that a clip was read from.

    Raises:
        SerkitError: A clip cannot be read, or the disk does not take the file.
    """
    ordered = sorted(clips, key=lambda clip: hashlib.sha256(clip.clip_id.encode()).digest())
    identity = f"{_VERSION} " + " ".join(clip.pcm_sha256 for clip in ordered)
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    path = beside.with_name(f"{beside.name}-babble-{digest}.wav")
    if not path.is_file():
        # named by process: two stress tests may make the same file at the same time
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial.wav")
        partial.parent.mkdir(parents=True, exist_ok=True)
        write_wav(partial, _mixed(ordered, channel_of))
        write_file(path, partial.read_bytes())
        partial.unlink()
    return path


def _mixed(clips: Sequence[ClipRow], channel_of: Callable[[ClipRow], int]) -> npt.NDArray[np.int16]:
    length = SECONDS * SAMPLE_RATE
    mixed = np.zeros(length)
    number = 0
    for _ in range(TALKERS):
        place = 0
        while place < length:
            clip = clips[number % len(clips)]
            number += 1
            spoken = _speech(clip, channel_of(clip))[: length - place]
            mixed[place : place + len(spoken)] += spoken
            place += len(spoken)
    return np.rint(mixed * (_PEAK / max(float(np.abs(mixed).max()), 1e-9))).astype(np.int16)


def _speech(clip: ClipRow, channel: int) -> npt.NDArray[np.float64]:
    """Return a clip without the silence at its ends, with a mean power of 1."""
    samples = read_audio(Path(clip.root) / clip.path, channel=channel).samples.astype(np.float64)
    loud = np.flatnonzero(np.abs(samples) > _SPEECH_ABOVE * np.abs(samples).max())
    if not len(loud):
        return np.zeros(SAMPLE_RATE)
    spoken = samples[loud[0] : loud[-1] + 1]
    return np.asarray(spoken / np.sqrt(np.mean(spoken**2)))

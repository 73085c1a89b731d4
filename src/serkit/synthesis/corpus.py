"""Which clips the synthetic corpus has, and writing them.

The folder is marked as synthetic before its first clip is written, so that not even a half-written
corpus can be taken for recordings of people.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.clips import SAMPLE_RATE
from serkit.compute.cores import available_cores
from serkit.compute.local import run_all
from serkit.corpora.synthetic import CORPUS, MARKER
from serkit.errors import SerkitError, UsageError
from serkit.progress import ProgressCallback
from serkit.shown import Shown
from serkit.storage.files import TEMPORARY, hidden_beside
from serkit.synthesis.prosody import ClipKey, delivery, sounds
from serkit.synthesis.sentences import SENTENCES
from serkit.synthesis.voice import speak

GENERATOR = "serkit synth"

VERSION = 1
"""Raised by hand whenever the samples of any clip change."""

ACTORS = 24
HIGHEST_SEED = 2**32 - 1

STEREO = frozenset(
    {
        "03-01-02-01-01-02-01",
        "03-01-08-01-02-02-01",
        "03-01-02-01-02-02-05",
        "03-01-03-01-02-01-20",
        "03-01-06-01-01-02-20",
    }
)
"""The clips that have two channels, as in RAVDESS."""

_CHUNK = 10
"""Clips that a worker makes between two reports."""

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class SynthReport(Shown):
    """The result of a synthesis.

    Attributes:
        dest: The corpus's folder.
        clips: Files written.
        actors: Actors among them.
        seed: The seed they were made with.
        seconds: How long it took.
    """

    dest: Path
    clips: int
    actors: int
    seed: int
    seconds: float

    def __rich__(self) -> RenderableType:
        """Return how much was spoken."""
        from rich.text import Text

        from serkit.printable import printable

        return Text(
            f"{self.clips:,} clips by {self.actors} synthetic actors in "
            f"{printable(str(self.dest))} ({self.seconds:.1f} s)"
        )


def clip_names(actors: int) -> tuple[str, ...]:
    """Return the ids of the clips of the first actors: 60 each, by actor and then by name.

    Args:
        actors: How many actors, 1 to 24.

    Raises:
        UsageError: There are no so many actors.

    Example:
        >>> clip_names(2)[0], len(clip_names(24))
        ('03-01-01-01-01-01-01', 1440)
    """
    return tuple(key.clip_id for key in _keys(_checked_actors(actors)))


def render(clip_id: str, seed: int) -> npt.NDArray[np.int16]:
    """Return the samples of one clip.

    Args:
        clip_id: Its RAVDESS name, one of :func:`clip_names`.
        seed: The corpus's seed.

    Returns:
        Shape ``(frames,)``, or ``(frames, 2)`` for the ids in :data:`STEREO`, at 48 kHz.
    """
    _, _, emotion, intensity, statement, repetition, actor = map(int, clip_id.split("-"))
    key = ClipKey(actor, emotion, intensity, statement, repetition)
    rng = sounds(key, seed)
    samples = speak(SENTENCES[statement], delivery(key, seed), rng)
    return _second_channel(samples, rng) if clip_id in STEREO else samples


def synthesise(
    dest: str | Path,
    *,
    actors: int = ACTORS,
    seed: int = 0,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
) -> SynthReport:
    """Write a synthetic corpus as ``DEST/Actor_NN/<clip id>.wav``, 48 kHz, 16 bit.

    A clip depends on the seed and on its own name only. Running again writes the same bytes over
    the old ones, and more actors may be added to a folder that has some.

    Args:
        dest: Folder to write to: a new one, an empty one, or one that this function wrote with
            the same seed.
        actors: How many actors, 1 to 24, 60 clips each.
        seed: 0 to 2**32 - 1.
        workers: Processes; by default one for each core. One makes the clips in this process.
        progress: Called as ``progress(done, total)``, in clips.

    Raises:
        UsageError: A number is out of its range, or the folder holds something else.
        SerkitError: The disk did not take a file, or a worker died.
    """
    began = time.perf_counter()
    names = clip_names(actors)
    _check_seed(seed)
    workers = _checked_workers(workers)
    dest = Path(dest)
    try:
        present = _present_actors(dest, seed)
        _prepare(dest, actors=max(actors, present), wanted=actors, seed=seed)
        _make_all(dest, names, seed, workers, progress)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SerkitError(
            f"cannot write the corpus to {dest}: {reason}",
            allowed=f"{len(names)} clips need about {len(names) * 360_000 / 1e6:.0f} MB",
            hint="make room or choose another folder, then run it again",
        ) from error
    return SynthReport(dest, len(names), actors, seed, time.perf_counter() - began)


def _keys(actors: int) -> Iterator[ClipKey]:
    for actor, emotion, intensity, statement, repetition in product(
        range(1, actors + 1), range(1, 9), (1, 2), (1, 2), (1, 2)
    ):
        if (emotion, intensity) != (1, 2):  # neutral has no strong intensity
            yield ClipKey(actor, emotion, intensity, statement, repetition)


def _second_channel(
    samples: npt.NDArray[np.int16], rng: np.random.Generator
) -> npt.NDArray[np.int16]:
    """Add a second channel, as from another microphone: slightly softer, with independent noise."""
    other = 0.97 * samples + 0.8 * rng.standard_normal(len(samples))
    return np.stack([samples, np.rint(other).astype(np.int16)], axis=1)


def _checked_actors(actors: int) -> int:
    if not 1 <= actors <= ACTORS:
        raise UsageError(f"{actors} actors were asked for", allowed=f"1 to {ACTORS} are allowed")
    return actors


def _check_seed(seed: int) -> None:
    if not 0 <= seed <= HIGHEST_SEED:
        raise UsageError(f"the seed is {seed}", allowed=f"0 to {HIGHEST_SEED} are allowed")


def _checked_workers(workers: int | None) -> int:
    if workers is None:
        return available_cores()
    if workers < 1:
        raise UsageError(f"{workers} workers were asked for", allowed="1 or more are allowed")
    return workers


def _present_actors(dest: Path, seed: int) -> int:
    """Return how many actors of this very corpus the folder already has; 0 if it is free.

    Raises:
        UsageError: The folder holds something else, which must not be overwritten.
    """
    if not dest.exists():
        return 0
    if not dest.is_dir():
        raise UsageError(f"{dest} is a file", hint="name a folder to write the corpus to")
    marker = dest / MARKER
    if not marker.exists():
        if any(dest.iterdir()):
            raise UsageError(
                f"{dest} is not empty and is not a synthetic corpus (it has no {MARKER})",
                allowed="nothing was overwritten",
                hint="name a new or an empty folder",
            )
        return 0
    return _marked_actors(marker, seed)


def _marked_actors(marker: Path, seed: int) -> int:
    try:
        found = json.loads(marker.read_text(encoding="utf-8"))
        same = (found["generator"], found["version"], found["seed"]) == (GENERATOR, VERSION, seed)
        settings = f"seed {found['seed']}, version {found['version']}"
        present = int(found["actors"])
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{marker} is not a marker that 'serkit synth' wrote",
            allowed="nothing was overwritten",
            hint="name a new or an empty folder",
        ) from error
    if not same:
        raise UsageError(
            f"{marker.parent} holds another synthetic corpus ({settings})",
            allowed=f"this one has seed {seed}, version {VERSION}; nothing was overwritten",
            hint="name a new folder or delete the old one",
        )
    return present


def _prepare(dest: Path, *, actors: int, wanted: int, seed: int) -> None:
    """Mark the folder as synthetic, then make the actors' folders."""
    dest.mkdir(parents=True, exist_ok=True)
    marker: dict[str, Any] = {
        "generator": GENERATOR,
        "version": VERSION,
        "seed": seed,
        "actors": actors,
        "licence": CORPUS.licence,
    }
    _replace(dest / MARKER, (json.dumps(marker, indent=2) + "\n").encode())
    for actor in range(1, wanted + 1):
        (dest / f"Actor_{actor:02d}").mkdir(exist_ok=True)


def _make_all(
    dest: Path,
    names: tuple[str, ...],
    seed: int,
    workers: int,
    progress: ProgressCallback | None,
) -> None:
    chunks = [names[i : i + _CHUNK] for i in range(0, len(names), _CHUNK)]
    done = 0
    for made in run_all(partial(_make_chunk, dest, seed), chunks, workers):
        done += made
        if progress is not None:
            progress(done, len(names))


def _make_chunk(dest: Path, seed: int, names: tuple[str, ...]) -> int:
    for name in names:
        path = dest / f"Actor_{name[-2:]}" / f"{name}.wav"
        _replace(path, _wav(render(name, seed)))
    return len(names)


def _wav(samples: npt.NDArray[np.int16]) -> bytes:
    import soundfile

    # Encoded in memory: a full disk is then an OSError of the write, not of the codec.
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def _replace(path: Path, content: bytes) -> None:
    """Write a file atomically, through a hidden temporary file next to it."""
    with hidden_beside(path, TEMPORARY) as hidden:
        hidden.write_bytes(content)

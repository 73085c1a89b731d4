"""Unlabelled audio: find files in folders and make clips with unknown emotion."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from serkit.audio import SUFFIXES
from serkit.clips import ClipName
from serkit.errors import CorpusError, NotFoundError, SerkitError, UnreadableAudioError
from serkit.ingest.scan import at_home, is_text, shown
from serkit.ingest.walk import walk_audio
from serkit.labels import UNKNOWN


def unlabelled_name(clip_id: str) -> ClipName:
    """Name a clip of which nothing is known."""
    return ClipName(
        clip_id=clip_id,
        emotion=UNKNOWN,
        speaker=UNKNOWN,
        modality=UNKNOWN,
        vocal_channel=UNKNOWN,
    )


DECODED = SUFFIXES | {".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".au", ".caf", ".w64"}
"""File name extensions that can be predicted: everything libsndfile decodes."""

UNDECODED = frozenset(
    {".m4a", ".aac", ".mp4", ".mov", ".mkv", ".webm", ".wma", ".amr", ".3gp", ".ac3"}
)
"""Endings of audio and video that need another program first."""

CORPUS = "unlabelled"
"""Corpus name of such clips. It is not a plug-in and never recognised in a folder."""


def find_audio(given: Iterable[str | Path]) -> dict[str, Path | SerkitError]:
    """Find the given audio files, and those in given folders.

    Args:
        given: Files, whose names must end as :data:`DECODED` says, and folders, which are
            searched as :func:`serkit.ingest.scan.scan` does.

    Returns:
        The file or an error for each displayed path, in the given order, without duplicates.
        Files are not opened.
    """
    found: dict[str, Path | SerkitError] = {}
    seen: set[str] = set()
    for each in given:
        for name, what in _look(at_home(Path(each))):
            where = os.path.realpath(what) if isinstance(what, Path) else name
            if where not in seen:
                seen.add(where)
                found[name] = what
    return found


def _look(path: Path) -> Iterator[tuple[str, Path | SerkitError]]:
    if not os.path.isdir(path):  # noqa: PTH112 (Path's raises where a name is too long)
        yield shown(path), _wrong(path) or path
        return
    try:
        names = [found.path for found in walk_audio(path, DECODED | UNDECODED)]
    except CorpusError as error:  # a folder in it cannot be read
        yield shown(path), error
        return
    if not names:
        yield (
            shown(path),
            CorpusError(f"no audio file in {shown(path)}", hint="give a folder with some"),
        )
    for name in names:
        yield shown(path / name), _wrong(path / name) or path / name


def _wrong(path: Path) -> SerkitError | None:
    if not is_text(str(path)):
        return UnreadableAudioError(f"the path {shown(path)} is not UTF-8", hint="rename it")
    if not os.path.exists(path):  # noqa: PTH110
        return NotFoundError(f"no file or folder {path}")
    if not path.is_file():
        return UnreadableAudioError(f"{path} is neither a file nor a folder")
    suffix = path.suffix.lower()
    if suffix in UNDECODED:
        return UnreadableAudioError(
            f"{path.name} is in a format that libsndfile cannot decode",
            allowed="WAV, FLAC, OGG, Opus, MP3 and AIFF are decoded",
            hint=f"convert it first: ffmpeg -i {shlex.quote(path.name)} "
            f"{shlex.quote(path.stem + '.wav')}",
        )
    if suffix not in DECODED:
        return UnreadableAudioError(
            f"{path.name} has no audio file extension",
            allowed="names that end in .wav, .flac, .ogg, .opus, .mp3 or .aiff are",
        )
    return None

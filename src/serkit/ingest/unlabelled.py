"""Audio that nobody has labelled: from files and folders to clips whose emotion is unknown."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from serkit.audio import SUFFIXES
from serkit.clips import ClipName
from serkit.errors import CorpusError, NotFoundError, SerkitError, UnreadableAudioError
from serkit.ingest.scan import at_home, is_text, shown, walk_audio
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


CORPUS = "unlabelled"
"""What stands for the corpus of such clips. It is no plug-in: no folder is ever taken for it."""


def find_audio(given: Iterable[str | Path]) -> dict[str, Path | SerkitError]:
    """Find the audio files that are given, or that lie in folders that are.

    Args:
        given: Files, whose names must end in ``.wav`` or ``.flac``, and folders, which are
            searched as :func:`serkit.ingest.scan.scan` does.

    Returns:
        By the path as it is to be shown, in the order given and each file once: the file, or why
        there is none. Files are not opened.
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
        names = sorted(found.path for found in walk_audio(path))
    except CorpusError as error:  # a folder in it cannot be read
        yield shown(path), error
        return
    if not names:
        yield (
            shown(path),
            CorpusError(f"no WAV or FLAC file in {shown(path)}", hint="give a folder with some"),
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
    if path.suffix.lower() not in SUFFIXES:
        return UnreadableAudioError(
            f"{path.name} is not named as audio", allowed="names that end in .wav or .flac are"
        )
    return None

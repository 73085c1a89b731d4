"""Every audio file below a folder, in the order of the paths; names of one folder are held."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from serkit.audio import SUFFIXES
from serkit.errors import CorpusError


class FoundFile(NamedTuple):
    """An audio file in a folder: its relative path, its size, and when it was last changed."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int | None


_Identity = tuple[int, int] | str
"""What tells a folder from all others: its device and inode, or its path without links."""


def walk_audio(root: Path, suffixes: Collection[str] = SUFFIXES) -> Iterator[FoundFile]:
    """Yield every audio file (by its extension) that is not hidden, sorted by path.

    Of several links to one folder the first by path is followed.
    """
    seen: set[_Identity] = set()
    place, open_folders = str(root), [iter(_names(root, "", seen))]
    while open_folders:
        for path in open_folders[-1]:
            if path.endswith("/"):
                open_folders.append(iter(_names(root, path, seen)))
                break
            if os.path.splitext(path)[1].lower() in suffixes:  # noqa: PTH122
                yield _found(place, path)
        else:
            open_folders.pop()


def _names(root: Path, folder: str, seen: set[_Identity]) -> list[str]:
    """Return the paths of what is in a folder, sorted; those of folders end with a slash.

    With it they sort as the paths of the files below them do.

    Args:
        root: Where paths begin.
        folder: The folder's own path, which ends with a slash, or nothing for the root.
        seen: Folders that were listed before; they are listed once.
    """
    place = root / folder
    with _reading(place):
        identity = _identity(place)
        if identity in seen:
            return []
        seen.add(identity)
        with os.scandir(place) as entries:
            return sorted(
                f"{folder}{entry.name}{'/' if _is_folder(entry) else ''}"
                for entry in entries
                if not entry.name.startswith(".")
            )


def _identity(folder: Path) -> _Identity:
    status = folder.stat()
    if status.st_ino:
        return status.st_dev, status.st_ino
    return str(folder.resolve())  # some network drives number no folder: all of them have inode 0


def _found(root: str, path: str) -> FoundFile:
    try:
        info = os.stat(f"{root}/{path}")  # noqa: PTH116 (twice as fast as a Path, for each file)
    except OSError:  # a broken or circular link: reading it reports the error
        return FoundFile(path, -1, 0, None)
    return FoundFile(path, info.st_size, changed_at(info), info.st_ctime_ns)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def changed_at(status: os.stat_result) -> int:
    """Return when a file was last changed, in nanoseconds; after 2262 it counts as of that year.

    File systems hold dates that 64 bits of nanoseconds cannot.
    """
    return max(-(2**63), min(status.st_mtime_ns, 2**63 - 1))


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # Passing over it would lose clips without a word.
        raise CorpusError(
            f"the folder {folder} cannot be read ({error.strerror or error})",
            hint="make it readable, or remove it",
        ) from error

"""Unpack the audio files of a zip file; none is ever half there under its final name.

Each is written as ``.FILE.part``, checked against the zip's CRC, and renamed.
"""

from __future__ import annotations

import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from serkit.errors import DownloadError
from serkit.ingest.download.room import require_room
from serkit.storage.cause import cause
from serkit.storage.files import hidden_beside

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo


def unpack(archive: str | Path, dest: str | Path) -> tuple[Path, ...]:
    """Unpack the ``.wav`` files of a zip file, each under its final name only when it is whole.

    Everything else in it, and what file managers put there (``__MACOSX``, ``._*``), is skipped.
    Existing files with the right size and CRC are kept, others are replaced.

    Args:
        archive: The zip file.
        dest: The folder that the names in it are relative to.

    Returns:
        The files, in the archive's order.

    Raises:
        DownloadError: Not a whole zip file, without any ``.wav``, with a name that leads out of
            the folder (then nothing is unpacked), or there is no room for it.
    """
    from zipfile import ZipFile

    folder = Path(dest)
    with _in_one_sentence(archive, folder):
        folder.mkdir(parents=True, exist_ok=True)
        with ZipFile(archive) as source:
            wanted = {folder / inside(info.filename): info for info in _audio(source)}
            if not wanted:
                raise DownloadError(f"{archive} holds no .wav file")
            missing = {path: info for path, info in wanted.items() if not _is_there(path, info)}
            require_room(folder, {"to unpack": sum(i.file_size for i in missing.values())})
            for path, info in missing.items():
                _write_member(source, info, path)
    return tuple(wanted)


def inside(member: str) -> PurePosixPath:
    """Return an archive member's path if it stays inside the folder it is unpacked into.

    Args:
        member: The name in the archive.

    Raises:
        DownloadError: It is absolute, climbs with ``..``, or names a drive.
    """
    path = PurePosixPath(member)
    if path.is_absolute() or ".." in path.parts or re.search(r"[\\:\0]", member):
        raise DownloadError(
            f"the archive holds {member!r}, which points outside the folder",
            allowed="a relative path without '..', ':' and '\\' is allowed",
            hint="do not trust this archive; nothing was unpacked",
        )
    return path


@contextmanager
def _in_one_sentence(archive: str | Path, folder: Path) -> Iterator[None]:
    """Turn errors of the zip file or the disk into one sentence."""
    from zipfile import BadZipFile

    try:
        yield
    except DownloadError:
        raise  # an OSError, but it has its sentence
    except (BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise DownloadError(
            f"cannot unpack {archive}: {error or type(error).__name__}",
            hint="delete it and download it again",
        ) from error
    except OSError as error:
        raise DownloadError(
            f"cannot unpack {archive} into {folder}: {cause(error)}",
            hint="fix that and run it again: what is already unpacked is kept",
        ) from error


def _audio(source: ZipFile) -> Iterator[ZipInfo]:
    """Yield the members that are audio files, in the archive's order."""
    for info in source.infolist():
        parts = re.split(r"[\\/]", info.filename)
        name = parts[-1]
        if name.lower().endswith(".wav") and name[:2] != "._" and "__MACOSX" not in parts:
            yield info


def _is_there(path: Path, info: ZipInfo) -> bool:
    if not path.is_file() or path.stat().st_size != info.file_size:
        return False
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            crc = zlib.crc32(chunk, crc)
    return crc == info.CRC


def _write_member(source: ZipFile, info: ZipInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # zipfile checks the CRC at the member's end
    with (
        hidden_beside(path, ".part") as hidden,
        source.open(info) as member,
        hidden.open("wb") as file,
    ):
        shutil.copyfileobj(member, file, 1 << 20)

"""Fetch a corpus's published archive and unpack it; after any failure, the next call resumes.

No partial file ever has its final name, not even after a kill:

- pooch fetches, by a downloader of ours: bytes from the net are collected in ``NAME.part``, with
  ``NAME.part.json`` beside it to ask the server for the rest of the same file. Both outlive a
  broken connection.
- pooch compares the checksum in a folder of its own, ``.serkit-download``; only what is the
  published file leaves it for ``NAME``.
- Each unpacked file is written as ``.FILE.part``, checked against the zip's CRC, and renamed.

Every step checks what exists and does the rest, so there is no state to repair.
"""

from __future__ import annotations

import logging
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from serkit.errors import DownloadError, UsageError
from serkit.ingest.archive import Archive
from serkit.ingest.download.fetch import FetchError, Resuming, TooLongError
from serkit.ingest.download.part import PartFile
from serkit.ingest.download.room import require_room
from serkit.ingest.download.unzip import inside, unpack
from serkit.progress import ProgressCallback, silent
from serkit.shown import Shown
from serkit.storage.exclusive import exclusive

__all__ = ["DownloadReport", "download", "inside", "unpack"]

if TYPE_CHECKING:
    from rich.console import RenderableType


_SCRATCH = ".serkit-download"


@dataclass(frozen=True)
class DownloadReport(Shown):
    """The result of a download.

    Attributes:
        dest: The folder, absolute.
        files: Number of audio files of the archive that are now in it.
        bytes: Their size together.
        seconds: Time it took.
        resumed: Part of the archive had already come over an earlier, broken connection.
        reused: The whole archive was already in the folder; nothing was fetched.
    """

    dest: Path
    files: int
    bytes: int
    seconds: float
    resumed: bool
    reused: bool

    def __rich__(self) -> RenderableType:
        """Return the result and the next command."""
        from rich.text import Text

        from serkit.printable import printable
        from serkit.units import byte_size

        return Text(
            printable(
                f"{self.files:,} files ({byte_size(self.bytes)}) in {self.dest}; next: "
                f"serkit extract {self.dest}"
            )
        )


def download(
    archive: Archive,
    dest: str | Path,
    *,
    base_url: str | None = None,
    progress: ProgressCallback | None = None,
    retries: int = 5,
    pause: Callable[[float], None] = time.sleep,
) -> DownloadReport:
    """Fetch a published archive, check it, and unpack its audio files.

    The archive stays in the folder, so that a second call only checks; one that was put there by
    hand is taken as well.

    Args:
        archive: The archive.
        dest: Folder for the archive and the files in it; made if it is not there.
        base_url: A mirror: the URL of the folder with the archive.
        progress: Called as ``progress(done, total)`` in bytes, starting with those of an earlier
            call.
        retries: How often in a row to try again after an attempt that brought nothing new.
        pause: Waits a number of seconds between attempts.

    Returns:
        The folder's content.

    Raises:
        DownloadError: No connection, not there, not the published file, no room on the disk, or
            another process is downloading into the same folder.
        UsageError: ``base_url`` is not a web address.
    """
    started = time.monotonic()
    folder, url = Path(dest).resolve(), _source(archive, base_url)
    job = _Job(archive, folder, url, progress or silent, retries, pause)
    with exclusive(folder):
        reused = _is_published(archive, job.target)
        resumed = False if reused else _obtain(job)
        job.part.forget()
        files = unpack(job.target, folder)
    return DownloadReport(
        dest=folder,
        files=len(files),
        bytes=sum(file.stat().st_size for file in files),
        seconds=time.monotonic() - started,
        resumed=resumed,
        reused=reused,
    )


@dataclass(frozen=True)
class _Job:
    """One download."""

    archive: Archive
    folder: Path
    url: str
    progress: ProgressCallback
    retries: int
    pause: Callable[[float], None]

    @property
    def target(self) -> Path:
        return self.folder / self.archive.file_name

    @property
    def part(self) -> PartFile:
        return PartFile(self.folder / f"{self.archive.file_name}.part")


class _NotPublishedError(DownloadError):
    """The downloaded file is not the published one."""


def _source(archive: Archive, base_url: str | None) -> str:
    if base_url is None:
        return archive.url
    if not re.match(r"https?://[^/]", base_url, re.IGNORECASE):
        raise UsageError(
            f"{base_url!r} is not a mirror's address",
            allowed="http://... and https://... are allowed",
            hint=f"{archive.file_name} must be directly below it",
        )
    return f"{base_url.rstrip('/')}/{quote(archive.file_name)}"


def _obtain(job: _Job) -> bool:
    """Bring the archive to its final name; return whether earlier bytes were used."""
    earlier = job.part.size()
    require_room(
        job.folder,
        {
            "to download": max(0, job.archive.size - earlier),
            "to unpack": job.archive.unpacked_size,
        },
    )
    try:
        return _fetch(job)
    except _NotPublishedError:
        if not earlier:
            raise
        # The bytes of an earlier call may be to blame (another mirror, a damaged disk).
        return _fetch(job)


def _fetch(job: _Job) -> bool:
    """Let pooch fetch and check the archive; return whether earlier bytes were used."""
    import pooch

    archive, part = job.archive, job.part
    downloader = Resuming(part, archive.size, job.progress, job.retries, job.pause)
    with _scratch(job.folder) as folder, _quiet(pooch.get_logger()):
        source = pooch.create(
            path=folder,
            base_url="",
            registry={archive.file_name: f"{archive.algorithm}:{archive.digest}"},
            urls={archive.file_name: job.url},
        )
        try:
            fetched = source.fetch(archive.file_name, downloader=downloader)
        except TooLongError as error:
            raise _not_published(job, str(error)) from error
        except FetchError as error:
            raise _failed(job, str(error)) from error
        except ValueError as error:  # wrong checksum; the partial file caused it
            got = f"{archive.algorithm}:{_digest(archive, part.path)} in {part.size():,} bytes"
            raise _not_published(job, got) from error
        Path(fetched).replace(job.target)
    return downloader.resumed


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Make a folder for unchecked downloads, after removing leftovers of a killed process."""
    path = folder / _SCRATCH
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Silence pooch's messages; serkit has its own."""
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _is_published(archive: Archive, path: Path) -> bool:
    return (
        path.is_file()
        and path.stat().st_size == archive.size
        and _digest(archive, path) == archive.digest
    )


def _digest(archive: Archive, path: Path) -> str:
    import pooch

    return str(pooch.file_hash(path, alg=archive.algorithm))


def _not_published(job: _Job, got: str) -> DownloadError:
    job.part.forget()
    archive = job.archive
    return _NotPublishedError(
        f"{job.url} is not the published {archive.file_name}: got {got}",
        allowed=f"the published file is {archive.checksum.lower()} in {archive.size:,} bytes",
        hint="nothing was kept: try again or name another mirror with --url MIRROR",
    )


def _failed(job: _Job, reason: str) -> DownloadError:
    hint = (
        f"download {job.archive.url} by hand and unpack it into {job.folder}, "
        "or name a mirror with --url MIRROR"
    )
    if kept := job.part.size():
        hint = f"{kept:,} of {job.archive.size:,} bytes are kept: run it again to resume, {hint}"
    return DownloadError(f"cannot download {job.url}: {reason}", hint=hint)

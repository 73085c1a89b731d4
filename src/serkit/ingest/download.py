"""Fetch a corpus's published archive and unpack it; whatever breaks, the next call goes on.

Nothing ever lies half written under its final name, not even after a kill:

- Bytes from the net are collected in ``NAME.part``, with ``NAME.part.json`` beside it to ask the
  server for the rest of the same file. Both outlive a broken connection.
- Pooch checks the sum in a staging folder of ours; only then is the archive renamed to ``NAME``.
- Each unpacked file is written as ``.FILE.part``, checked against the zip's CRC, and renamed.

Every step looks at what is there and does what is missing, so there is no state to repair.
"""

from __future__ import annotations

import os
import re
import shutil
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from serkit.corpora._archive import Archive
from serkit.errors import DownloadError, UsageError

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

    import requests

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes that there will be."""

_CHUNK = 1 << 14
"""Bytes to read at a time: less than this is lost when a connection breaks."""
_TIMEOUT = (10.0, 60.0)
"""Seconds to wait for a connection, and for the next bytes."""
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP answers that another attempt may change."""
_TOO_EARLY = "it ended too early"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 60.0
"""Seconds between attempts."""


@dataclass(frozen=True)
class DownloadReport:
    """What a download left behind.

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


def download(
    archive: Archive,
    dest: str | Path,
    *,
    base_url: str | None = None,
    progress: Progress | None = None,
    retries: int = 5,
    pause: Callable[[float], None] = time.sleep,
) -> DownloadReport:
    """Fetch a published archive, check it, and unpack its audio files.

    The archive stays in the folder, so that a second call only checks; one that was put there by
    hand is taken as well.

    Args:
        archive: What to fetch.
        dest: Folder for the archive and the files in it; made if it is not there.
        base_url: A mirror: a URL below which the archive lies under its own name.
        progress: Called with the bytes had and the bytes in total, first with what an earlier
            call left.
        retries: How often in a row to try again after an attempt that brought nothing new.
        pause: Waits a number of seconds between attempts.

    Returns:
        What is in the folder now.

    Raises:
        DownloadError: No connection, not there, not the published file, no room on the disk, or
            another process is downloading into the same folder.
        UsageError: ``base_url`` is not a web address.
    """
    started = time.monotonic()
    job = _Job(archive, Path(dest).resolve(), _source(archive, base_url))
    with _exclusive(job):
        reused = _is_published(job)
        resumed = False if reused else _obtain(job, progress or _silent, retries, pause)
        job.forget_part()
        files = unpack(job.target, job.folder)
    return DownloadReport(
        dest=job.folder,
        files=len(files),
        bytes=sum(file.stat().st_size for file in files),
        seconds=time.monotonic() - started,
        resumed=resumed,
        reused=reused,
    )


def unpack(archive: str | Path, dest: str | Path) -> tuple[Path, ...]:
    """Unpack the ``.wav`` files of a zip file, each under its final name only when it is whole.

    Everything else in it, and what file managers put there (``__MACOSX``, ``._*``), is left out.
    A file that is already there with the right size and CRC is kept, any other is replaced.

    Args:
        archive: The zip file.
        dest: The folder that the names in it are relative to.

    Returns:
        The files, in the archive's order.

    Raises:
        DownloadError: Not a whole zip file, without any ``.wav``, with a name that leads out of
            the folder (then nothing is unpacked), or there is no room for it.
    """
    from zipfile import BadZipFile, ZipFile

    folder = Path(dest)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ZipFile(archive) as source:
            wanted = {folder / inside(info.filename): info for info in _audio(source)}
            if not wanted:
                raise DownloadError(f"{archive} holds no .wav file")
            missing = {path: info for path, info in wanted.items() if not _is_there(path, info)}
            _require_room(folder, {"to unpack": sum(i.file_size for i in missing.values())})
            for path, info in missing.items():
                _write_member(source, info, path)
    except DownloadError:
        raise
    except (BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise DownloadError(
            f"cannot unpack {archive}: {error or type(error).__name__}",
            hint="delete it and download it again",
        ) from error
    except OSError as error:
        raise DownloadError(
            f"cannot unpack {archive} into {folder}: {_cause(error)}",
            hint="put that right and run it again: what is already unpacked is kept",
        ) from error
    return tuple(wanted)


def inside(member: str) -> PurePosixPath:
    """Return an archive member's path if it stays inside the folder it is unpacked into.

    Args:
        member: The name as it stands in the archive.

    Raises:
        DownloadError: It is absolute, climbs with ``..``, or names a drive.
    """
    path = PurePosixPath(member)
    if path.is_absolute() or ".." in path.parts or re.search(r"[\\:\0]", member):
        raise DownloadError(
            f"the archive holds {member!r}, which leads out of the folder",
            allowed="a relative path without '..', ':' and '\\' is allowed",
            hint="do not trust this archive; nothing was unpacked",
        )
    return path


@dataclass(frozen=True)
class _Job:
    """One download, and the names of the files it uses."""

    archive: Archive
    folder: Path
    url: str

    @property
    def target(self) -> Path:
        return self.folder / self.archive.file_name

    @property
    def part(self) -> Path:
        return self.folder / f"{self.archive.file_name}.part"

    @property
    def sidecar(self) -> Path:
        return self.folder / f"{self.archive.file_name}.part.json"

    @property
    def staging(self) -> Path:
        return self.folder / ".serkit-download"

    def part_size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def forget_part(self) -> None:
        self.part.unlink(missing_ok=True)
        self.sidecar.unlink(missing_ok=True)

    def failed(self, reason: str) -> DownloadError:
        by_hand = (
            f"download {self.archive.url} by hand and unpack it into {self.folder}, "
            "or name a mirror with --url MIRROR"
        )
        kept = self.part_size()
        if kept:
            by_hand = (
                f"{kept:,} of {self.archive.size:,} bytes are kept: run it again to go on, "
                f"{by_hand}"
            )
        return DownloadError(f"cannot download {self.url}: {reason}", hint=by_hand)


class _Interrupted(Exception):
    """An attempt ended before the file did; another one may go on.

    Args:
        reason: Why.
        wait: Seconds that the server asked for.
    """

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class _NotPublishedError(DownloadError):
    """The bytes came, but they are not those of the published file."""


def _silent(_done: int, _total: int) -> None:
    """Report no progress."""


def _source(archive: Archive, base_url: str | None) -> str:
    if base_url is None:
        return archive.url
    if not re.match(r"https?://[^/]", base_url, re.IGNORECASE):
        raise UsageError(
            f"{base_url!r} is not a mirror's address",
            allowed="http://... and https://... are allowed",
            hint=f"{archive.file_name} has to lie directly below it",
        )
    return f"{base_url.rstrip('/')}/{quote(archive.file_name)}"


@contextmanager
def _exclusive(job: _Job) -> Iterator[None]:
    """Make the folders and keep other processes from downloading into the same one."""
    import filelock

    try:
        job.staging.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(job.staging / "lock")
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise DownloadError(
            f"another process is downloading into {job.folder}", hint="wait until it has finished"
        ) from error
    except OSError as error:
        raise DownloadError(
            f"cannot write to {job.folder}: {_cause(error)}", hint="name another with --dest DIR"
        ) from error
    try:
        _sweep(job.staging)  # a killed process may have left pooch's temporary file
        yield
    finally:
        # Emptied while it is still locked; not every system can delete a file that is open.
        _sweep(job.staging)
        with suppress(OSError):
            (job.staging / "lock").unlink()
        lock.release()
        with suppress(OSError):
            job.staging.rmdir()


def _sweep(staging: Path) -> None:
    for file in staging.iterdir():
        if file.name != "lock":
            file.unlink()


def _is_published(job: _Job) -> bool:
    import pooch

    if not job.target.is_file() or job.target.stat().st_size != job.archive.size:
        return False
    return bool(pooch.file_hash(job.target, alg=job.archive.algorithm) == job.archive.digest)


def _obtain(job: _Job, progress: Progress, retries: int, pause: Callable[[float], None]) -> bool:
    """Bring the archive to its final name; return whether earlier bytes were used."""
    earlier = job.part_size()
    _require_room(
        job.folder,
        {
            "to download": max(0, job.archive.size - earlier),
            "to unpack": job.archive.unpacked_size,
        },
    )
    try:
        resumed = _retrieve(job, progress, retries, pause)
    except _NotPublishedError:
        if not earlier:
            raise
        # The bytes of an earlier call may be to blame (another mirror, a damaged disk).
        resumed = _retrieve(job, progress, retries, pause)
    (job.staging / job.archive.file_name).replace(job.target)
    return resumed


def _retrieve(job: _Job, progress: Progress, retries: int, pause: Callable[[float], None]) -> bool:
    """Let pooch download into the staging folder, with our downloader, and check the sum."""
    import pooch

    resumed = False

    def downloader(_url: str, output_file: str, _pooch: object) -> None:
        nonlocal resumed
        resumed = _fetch(job, progress, retries, pause)
        _link(job.part, Path(output_file))

    try:
        with _quiet_pooch():
            pooch.retrieve(
                job.url,
                known_hash=job.archive.checksum,
                fname=job.archive.file_name,
                path=job.staging,
                downloader=downloader,
            )
    except ValueError as error:
        raise _wrong_sum(job) from error
    return resumed


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Keep pooch from telling about the staging folder on standard error."""
    import logging

    import pooch

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _link(part: Path, output: Path) -> None:
    """Give the part file a second name: whatever happens to that one, the bytes stay."""
    output.unlink()
    try:
        os.link(part, output)
    except OSError:  # a file system without hard links
        shutil.copyfile(part, output)


def _wrong_sum(job: _Job) -> DownloadError:
    import pooch

    got = pooch.file_hash(job.part, alg=job.archive.algorithm)
    return _not_published(job, f"{job.archive.algorithm}:{got} in {job.part_size():,} bytes")


def _too_long(job: _Job, size: int) -> DownloadError:
    return _not_published(job, f"{size:,} bytes or more")


def _not_published(job: _Job, got: str) -> DownloadError:
    job.forget_part()
    archive = job.archive
    return _NotPublishedError(
        f"{job.url} is not the published {archive.file_name}: got {got}",
        allowed=f"the published file is {archive.checksum.lower()} in {archive.size:,} bytes",
        hint="nothing of it was kept: try again or name another mirror with --url MIRROR",
    )


def _fetch(job: _Job, progress: Progress, retries: int, pause: Callable[[float], None]) -> bool:
    """Make the part file complete, in as many attempts as it takes; return whether it resumed."""
    import requests

    longest, failures = job.part_size(), 0
    with requests.Session() as session:
        while True:
            try:
                return _attempt(session, job, progress)
            except _Interrupted as broken:
                # An attempt that brought something new shows that it is worth going on.
                grown = job.part_size() > longest
                longest = max(longest, job.part_size())
                failures = 1 if grown else failures + 1
                if failures > retries:
                    raise job.failed(str(broken)) from broken
                pause(min(max(_FIRST_PAUSE * 2 ** (failures - 1), broken.wait), _LONGEST_PAUSE))


def _attempt(session: requests.Session, job: _Job, progress: Progress) -> bool:
    """Ask once for what is missing; return whether the part file went into the result."""
    import requests

    have = job.part_size()
    if have > job.archive.size:
        job.forget_part()
        have = 0
    progress(have, job.archive.size)
    if have == job.archive.size:
        return True
    broken = "no connection"
    try:
        with session.get(
            job.url, headers=_request_headers(job, have), stream=True, timeout=_TIMEOUT
        ) as response:
            broken = "the connection broke"
            if not have or _goes_on(response, have):
                return _receive(response, job, have, progress)
    except requests.exceptions.SSLError as error:
        raise job.failed(_cause(error)) from error
    except (
        requests.ConnectionError,
        requests.Timeout,
        requests.exceptions.ChunkedEncodingError,
    ) as error:
        raise _Interrupted(f"{broken} ({_cause(error)})") from error
    except requests.RequestException as error:
        raise job.failed(_cause(error)) from error
    job.forget_part()
    return _attempt(session, job, progress)


def _request_headers(job: _Job, have: int) -> dict[str, str]:
    # A compressed answer would have other byte positions than the file.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        headers |= _condition(job)
    return headers


def _goes_on(response: requests.Response, have: int) -> bool:
    """Tell whether an answer to a range request can be used; else the part is of no use."""
    if response.status_code == 206:
        return _span(response.headers)[0] == have
    return bool(response.status_code != 416)


def _receive(response: requests.Response, job: _Job, have: int, progress: Progress) -> bool:
    """Write an answer's body to the part file; return whether it was appended."""
    if response.status_code in _TRANSIENT:
        raise _Interrupted(_answer(response), _retry_after(response.headers))
    append = bool(response.status_code == 206)
    start, total = _span(response.headers) if append else (0, _length(response.headers))
    if response.status_code not in (200, 206) or (append and start != have):
        raise job.failed(_answer(response))
    end = job.archive.size if total is None else total
    if end > job.archive.size:
        raise _too_long(job, end)
    _write_body(response, job, start, progress)
    if job.part_size() < end:
        raise _Interrupted(f"the connection broke ({_TOO_EARLY})")
    return append


def _write_body(response: requests.Response, job: _Job, start: int, progress: Progress) -> None:
    """Write a body to the part file, from byte ``start`` on; 0 begins a new one."""
    import requests

    done = start
    try:
        with job.part.open("ab" if start else "wb") as file:
            if not start:
                _remember(job, response.headers)
            for chunk in response.iter_content(_CHUNK):
                file.write(chunk)
                done += len(chunk)
                if done > job.archive.size:
                    raise _too_long(job, done)
                progress(done, job.archive.size)
            file.flush()
            os.fsync(file.fileno())
    except (DownloadError, requests.RequestException):
        raise  # both are OSErrors, but not the disk's
    except OSError as error:
        raise job.failed(f"cannot write {job.part.name}, {_cause(error)}") from error


def _remember(job: _Job, headers: Mapping[str, str]) -> None:
    """Keep what tells this version of the file from others, for a later ``If-Range``."""
    import json

    etag = headers.get("ETag", "")
    # RFC 9110, 13.1.5: a weak tag must not be sent in If-Range.
    validator = etag if etag.startswith('"') else headers.get("Last-Modified", "")
    job.sidecar.write_text(json.dumps({"url": job.url, "validator": validator}))


def _condition(job: _Job) -> dict[str, str]:
    """Return the ``If-Range`` header for the part file, where its server gave us one."""
    import json

    try:
        known = json.loads(job.sidecar.read_text())
        same_server = known["url"] == job.url
        validator = str(known["validator"])
    except (OSError, ValueError, LookupError, TypeError):
        return {}  # without it the checksum alone tells whether the pieces fit
    return {"If-Range": validator} if same_server and validator else {}


def _length(headers: Mapping[str, str]) -> int | None:
    """Return the length of a whole file from its answer's headers, None if they do not say."""
    text = headers.get("Content-Length", "")
    if headers.get("Content-Encoding", "identity") != "identity" or not text.isdecimal():
        return None
    return int(text)


def _span(headers: Mapping[str, str]) -> tuple[int, int | None]:
    """Return first byte and whole length from ``Content-Range``; -1 if there is no first byte."""
    match = re.match(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", ""))
    if match is None:
        return -1, None
    return int(match[1]), None if match[2] == "*" else int(match[2])


def _retry_after(headers: Mapping[str, str]) -> float:
    text = headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 0.0


def _answer(response: requests.Response) -> str:
    return f"the server answered {response.status_code} {response.reason}".rstrip()


def _cause(error: BaseException) -> str:
    """Return the system's own words for what is at the bottom of a chain of errors."""
    from http.client import IncompleteRead

    below = error.__cause__ or error.__context__
    if below is not None:
        return _cause(below)
    if isinstance(error, IncompleteRead):
        return _TOO_EARLY
    if isinstance(error, OSError) and error.strerror:
        return str(error.strerror)
    return str(error) or type(error).__name__


def _require_room(folder: Path, needs: Mapping[str, int]) -> None:
    free = shutil.disk_usage(folder).free
    needed = sum(needs.values())
    if needed > free:
        parts = ", ".join(f"{_mb(size)} {what}" for what, size in needs.items())
        raise DownloadError(
            f"not enough room on the disk of {folder}: {_mb(needed)} needed ({parts}), "
            f"{_mb(free)} free",
            hint="free some or name a folder on another disk with --dest DIR",
        )


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


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
    temporary = path.with_name(f".{path.name}.part")
    try:
        # zipfile compares the CRC when it comes to the member's end.
        with source.open(info) as member, temporary.open("wb") as file:
            shutil.copyfileobj(member, file, 1 << 20)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)

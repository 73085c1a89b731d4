"""Fetch one file over HTTP into a part file, in as many attempts as it takes.

:class:`Resuming` is a downloader for pooch, whose own downloaders start again when a connection
breaks.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serkit.ingest.download import answer
from serkit.ingest.download.part import PartFile
from serkit.progress import ProgressCallback
from serkit.storage.cause import TOO_EARLY, cause

if TYPE_CHECKING:
    import requests


_CHUNK = 1 << 14
"""Bytes to read at a time: less than this is lost when a connection breaks."""
_TIMEOUT = (10.0, 60.0)
"""Seconds to wait for a connection, and for the next bytes."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 60.0
"""Seconds between attempts."""


class FetchError(Exception):
    """The download failed; the message says why."""


class TooLongError(FetchError):
    """The server's file is too long; the message says by how much."""


class _Interrupted(FetchError):
    """The connection ended early; another attempt may resume.

    Args:
        reason: Why.
        wait: Seconds that the server asked to wait.
    """

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass
class Resuming:
    """A downloader as pooch calls it: it resumes where a part file ends.

    Attributes:
        part: The partial file; it stays until it is forgotten.
        size: Bytes that the file has.
        progress: Called with the bytes had and ``size``.
        retries: How often in a row to try again after an attempt that brought nothing new.
        pause: Waits a number of seconds between attempts.
        resumed: Whether bytes that were there before the last attempt are part of the result.
    """

    part: PartFile
    size: int
    progress: ProgressCallback
    retries: int
    pause: Callable[[float], None]
    resumed: bool = False

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        """Make ``output_file`` the file at ``url``.

        Raises:
            FetchError: No connection, a refusal, or the disk does not take it.
            TooLongError: The server has more bytes than ``size``.
        """
        del pooch
        self.resumed = fetch(
            url,
            self.part,
            self.size,
            progress=self.progress,
            retries=self.retries,
            pause=self.pause,
        )
        try:
            _same_file(self.part.path, Path(output_file))
        except OSError as error:
            raise FetchError(f"cannot write {self.part.path.stem}, {cause(error)}") from error


def fetch(
    url: str,
    part: PartFile,
    size: int,
    *,
    progress: ProgressCallback,
    retries: int,
    pause: Callable[[float], None],
) -> bool:
    """Make a part file as complete as the server has it.

    Args:
        url: Where the file is.
        part: The partial file; bytes already there are not requested again.
        size: Bytes that the file has.
        progress: Called with the bytes had and ``size``.
        retries: How often in a row to try again after an attempt that brought nothing new.
        pause: Waits a number of seconds between attempts.

    Returns:
        Whether bytes that were there before the last attempt are part of the result.

    Raises:
        FetchError: No connection, a refusal, or the part file cannot be written.
        TooLongError: The server has more bytes than ``size``.
    """
    import requests

    longest, failures = part.size(), 0
    with requests.Session() as session:
        source = _Source(session, url, part, size, progress)
        while True:
            try:
                return source.attempt()
            except _Interrupted as broken:
                # an attempt with new bytes is a reason to continue
                grown = part.size() > longest
                longest = max(longest, part.size())
                failures = 1 if grown else failures + 1
                if failures > retries:
                    raise
                pause(min(max(_FIRST_PAUSE * 2 ** (failures - 1), broken.wait), _LONGEST_PAUSE))


@dataclass(frozen=True)
class _Source:
    session: requests.Session
    url: str
    part: PartFile
    size: int
    progress: ProgressCallback

    def attempt(self) -> bool:
        """Request the missing bytes once; return whether the partial file was used."""
        if self.part.size() > self.size:
            self.part.forget()
        have = self.part.size()
        self.progress(have, self.size)
        if have == self.size:
            return True
        resumed = self._ask(have)
        if resumed is None:
            self.part.forget()
            return self.attempt()
        return resumed

    def _ask(self, have: int) -> bool | None:
        """Return whether the response continued the partial file; None if it is unusable."""
        import requests

        broken = "no connection"
        try:
            with self.session.get(
                self.url,
                headers=self.part.request_headers(self.url),
                stream=True,
                timeout=_TIMEOUT,
            ) as response:
                broken = "the connection broke"
                return None if have and _disagrees(response, have) else self._receive(response)
        except requests.exceptions.SSLError as error:
            raise FetchError(cause(error)) from error
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
        ) as error:
            raise _Interrupted(f"{broken} ({cause(error)})") from error
        except requests.RequestException as error:
            raise FetchError(cause(error)) from error

    def _receive(self, response: requests.Response) -> bool:
        """Write a response's body to the partial file; return whether it was appended."""
        status = response.status_code
        if status in answer.TRANSIENT:
            wait = answer.retry_after(response.headers)
            raise _Interrupted(answer.described(response), wait)
        start, total = answer.first_and_total(response)
        # a full response starts over; a partial one must begin where ours ends
        if status != answer.WHOLE and (status != answer.PARTIAL or start != self.part.size()):
            raise FetchError(answer.described(response))
        end = self.size if total is None else total
        if end > self.size:
            raise _too_long(end)
        self._write(response, start)
        if self.part.size() < end:
            raise _Interrupted(f"the connection broke ({TOO_EARLY})")
        return bool(status == answer.PARTIAL)

    def _write(self, response: requests.Response, start: int) -> None:
        """Write a body to the part file, from byte ``start`` on; 0 begins a new one."""
        import requests

        done = start
        try:
            with self.part.path.open("ab" if start else "wb") as file:
                if not start:
                    self.part.remember(self.url, response.headers)
                for chunk in response.iter_content(_CHUNK):
                    file.write(chunk)
                    done += len(chunk)
                    if done > self.size:
                        raise _too_long(done)
                    self.progress(done, self.size)
                file.flush()
                os.fsync(file.fileno())
        except requests.RequestException:
            raise  # an OSError, but not the disk's
        except OSError as error:
            raise FetchError(f"cannot write {self.part.path.name}, {cause(error)}") from error


def _same_file(path: Path, other: Path) -> None:
    """Give a file a second name, so that a kill during the check does not lose it."""
    other.unlink(missing_ok=True)
    try:
        os.link(path, other)
    except OSError:  # not every file system has links
        shutil.copyfile(path, other)


def _disagrees(response: requests.Response, have: int) -> bool:
    """Return whether the server cannot continue after our bytes."""
    if response.status_code == answer.PARTIAL:
        return answer.first_and_total(response)[0] != have
    return bool(response.status_code == answer.NO_SUCH_RANGE)


def _too_long(size: int) -> TooLongError:
    return TooLongError(f"{size:,} bytes or more")

"""One download into a folder at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from serkit.errors import DownloadError
from serkit.storage.cause import cause

_LOCK = ".serkit-download.lock"


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Make a folder and keep other processes from downloading into it.

    The system drops the lock of a process that dies; the empty file it may leave is taken over.

    Args:
        folder: The folder.

    Raises:
        DownloadError: Another process has it, or it cannot be written to.
    """
    import filelock

    lock = filelock.FileLock(folder / _LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise DownloadError(
            f"another process is downloading into {folder}", hint="wait until it has finished"
        ) from error
    except OSError as error:
        raise DownloadError(
            f"cannot write to {folder}: {cause(error)}", hint="name another with --dest DIR"
        ) from error
    try:
        yield
    finally:
        # Removed while it is still locked; not every system can delete a file that is open.
        with suppress(OSError):
            (folder / _LOCK).unlink()
        lock.release()

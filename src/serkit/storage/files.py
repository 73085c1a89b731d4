"""Writing files so that a kill or a full disk never leaves a half one under a final name."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from serkit.errors import SerkitError, StoreReadError, StoreWriteError

Buffer = bytes | bytearray | memoryview

TEMPORARY = ".tmp"
"""Extension of files being written; leftovers of killed processes are garbage."""


_LITTLE = 1 << 16
"""Bytes below which a disk counts as full."""


_PIECE = 1 << 20
"""Bytes that are read at a time where a file need not be in memory whole."""


@contextmanager
def hidden_beside(path: Path, ending: str = "") -> Iterator[Path]:
    """Give a hidden name beside a file, under which the file is written first.

    Where the block ends without an error, what lies there gets the file's name; else it is removed.

    Args:
        path: The file's final name.
        ending: Of the hidden name, where the next attempt is to overwrite what a killed process
            left; empty is another one for each process.
    """
    hidden = path.with_name(f".{path.name}{ending or f'.{os.getpid()}{TEMPORARY}'}")
    try:
        yield hidden
        hidden.replace(path)
    except BaseException:
        with suppress(OSError):  # on a read-only disk even this fails
            hidden.unlink()
        raise


def write_file(path: Path, *pieces: Buffer, flush: bool = True) -> None:
    """Write a file whole: to a temporary name, flushed to disk, then renamed.

    Args:
        path: Its final name.
        pieces: Its content, piece after piece.
        flush: Whether to wait for the disk; who does not must call :func:`flush_file` before
            anything that counts refers to the file.

    Raises:
        StoreWriteError: The disk did not take it; nothing is left behind.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with hidden_beside(path) as hidden:
            descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            try:
                for piece in pieces:
                    rest = memoryview(piece).cast("B")
                    while rest:
                        rest = rest[os.write(descriptor, rest) :]
                if flush:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except OSError as error:
        raise _not_taken(path, error) from error


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file of a store for reading.

    Raises:
        FileNotFoundError, NotADirectoryError: It is not there.
        StoreReadError: It is there, but the system does not let it be read: no permission, a
            failing disk, too many open files.
    """
    try:
        file = path.open("rb")
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise not_read(path, error) from error
    with file:
        yield file


def read_file(path: Path) -> bytes:
    """Return a file's content.

    Raises:
        FileNotFoundError: It is not there.
        StoreReadError: It is there, but the system does not let it be read.
    """
    with opened(path) as file:
        try:
            return file.read()
        except OSError as error:
            raise not_read(path, error) from error


def pieces_of(path: Path) -> Iterator[bytes]:
    """Yield a file's content piece after piece.

    Raises:
        FileNotFoundError: It is not there.
        StoreReadError: It is there, but the system does not let it be read.
    """
    with opened(path) as file:
        try:
            while piece := file.read(_PIECE):
                yield piece
        except OSError as error:
            raise not_read(path, error) from error


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file whole, as :func:`write_file` does, through an open file.

    Args:
        path: Its final name, which it gets when the block ends without an error.

    Raises:
        StoreWriteError: The disk did not take it; nothing is left behind.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with hidden_beside(path) as hidden, hidden.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _not_taken(path, error) from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Name the file or folder where a library that writes it runs out of disk.

    Raises:
        StoreWriteError: The disk did not take it.
    """
    try:
        yield
    except SerkitError:
        raise
    except OSError as error:
        raise _not_taken(path, error) from error
    except Exception as error:  # libraries in C have words of their own for it
        with suppress(OSError):
            if shutil.disk_usage(path.parent).free < _LITTLE:
                full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                raise _not_taken(path, full) from error
        raise


def not_read(path: Path, error: OSError) -> StoreReadError:
    """Describe a file that is there and cannot be read."""
    return StoreReadError(
        f"cannot read {path} ({error.strerror or error})",
        hint="the file is there: check its permissions and the disk, then try again",
    )


def _not_taken(path: Path, error: OSError) -> StoreWriteError:
    return StoreWriteError(
        f"cannot write {path} ({error.strerror or error})",
        hint="committed data are kept; make room (or fix the permissions) and run it again",
    )


def flush_file(path: Path) -> None:
    """Wait until a file that was written without flushing is on the disk.

    Raises:
        StoreWriteError: The disk did not take it.
    """
    _flush(path, os.O_RDWR)  # Windows only flushes files that are open for writing


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries, so that renames in it survive a power cut.

    Raises:
        StoreWriteError: The disk did not take it.
    """
    if os.name != "nt":  # Windows cannot open folders, and orders renames itself
        _flush(folder, os.O_RDONLY)


def _flush(path: Path, flags: int) -> None:
    try:
        descriptor = os.open(path, flags)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StoreWriteError(
            f"cannot flush {path} ({error.strerror or error})",
            hint="committed data are kept; run it again",
        ) from error

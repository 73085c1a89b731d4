"""One writer per folder, by a lock that names its holder."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from serkit.errors import SerkitError, StoreLockedError, StoreWriteError

DEFAULT_WAIT = 30.0
"""Default wait of a second writer, in seconds."""

_HOLDER = ".lock.holder"


def holder_of(folder: Path) -> str:
    """Return the recorded lock holder of a folder; empty if it is not locked.

    It differs each time that the lock is taken, by process, machine and time.
    """
    try:
        return (folder / _HOLDER).read_text()
    except (OSError, ValueError):
        return ""


@contextmanager
def writer_lock(
    store: Path, *, wait: float = DEFAULT_WAIT, say: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Hold a store's lock; the operating system lets go of it when the process dies.

    Args:
        store: The store's folder.
        wait: Seconds to wait for another writer.
        say: Called once, before waiting, with the name of the holder.

    Raises:
        StoreLockedError: Another process still holds it; the message names it.
    """

    def waiting(holder: str) -> None:
        if say:
            say(f"waiting for the store {store}: {holder} is writing to it")

    def busy(holder: str) -> SerkitError:
        return StoreLockedError(
            f"the store {store} is locked: {holder} is writing to it",
            hint=f"try again when it is done (waited {wait:g} s; --wait SECONDS waits longer)",
        )

    with folder_lock(store, f"the store {store}", busy, wait=wait, waiting=waiting):
        yield


@contextmanager
def folder_lock(
    folder: Path,
    name: str,
    busy: Callable[[str], SerkitError],
    *,
    wait: float = 0.0,
    waiting: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold a folder's lock; the operating system lets go of it when the process dies.

    Args:
        folder: The folder; it is made if it is missing.
        name: Its name in messages.
        busy: Makes the error for a held lock, from the holder's name.
        wait: Seconds to wait for the holder.
        waiting: Called once, before waiting, with the name of the holder.

    Raises:
        StoreWriteError: It cannot be written to.
    """
    from filelock import FileLock, Timeout

    holder = folder / _HOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if waiting and wait > 0:
                waiting(_describe(holder))
            lock.acquire(timeout=max(wait, 0), poll_interval=0.1)
    except Timeout as error:
        raise busy(_describe(holder)) from error
    except OSError as error:
        raise StoreWriteError(
            f"cannot lock {name} ({error.strerror or error})", hint="is the folder writable?"
        ) from error
    try:
        _sign(holder, name)
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def _sign(holder: Path, name: str) -> None:
    """Write down who holds the lock: for people only, nothing depends on it."""
    facts: dict[str, Any] = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:200],
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    try:
        holder.write_text(json.dumps(facts))
    except OSError as error:
        raise StoreWriteError(
            f"cannot write to {name} ({error.strerror or error})",
            hint="make room (or fix the permissions) and run it again",
        ) from error


def _describe(holder: Path) -> str:
    try:
        facts = json.loads(holder.read_text())
        return (
            f"process {facts['pid']} on {facts['host']} ({facts['command']}, since "
            f"{facts['since']})"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"

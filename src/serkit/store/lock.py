"""One writer a store, by a lock that says who holds it."""

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

from serkit.errors import StoreLockedError, StoreWriteError

DEFAULT_WAIT = 30.0
"""Seconds that a second writer waits unless told otherwise."""


@contextmanager
def writer_lock(
    store: Path, *, wait: float = DEFAULT_WAIT, say: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Hold a store's lock; the operating system lets go of it when the process dies.

    Args:
        store: The store's folder.
        wait: Seconds to wait for another writer.
        say: Told once, before waiting, who is being waited for.

    Raises:
        StoreLockedError: Somebody else still holds it; the message says who.
    """
    from filelock import FileLock, Timeout

    try:
        store.mkdir(parents=True, exist_ok=True)
        lock = FileLock(store / ".lock")
        holder = store / ".lock.holder"
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if say and wait > 0:
                say(f"waiting for the store {store}: {_describe(holder)} is writing to it")
            lock.acquire(timeout=max(wait, 0), poll_interval=0.1)
    except Timeout as error:
        raise StoreLockedError(
            f"the store {store} is locked: {_describe(holder)} is writing to it",
            hint=f"try again when it is done (waited {wait:g} s; --wait SECONDS waits longer)",
        ) from error
    except OSError as error:
        raise StoreWriteError(
            f"cannot lock the store {store} ({error.strerror or error})",
            hint="is the folder writable?",
        ) from error
    try:
        _sign(holder)
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def _sign(holder: Path) -> None:
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
            f"cannot write to the store {holder.parent} ({error.strerror or error})",
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

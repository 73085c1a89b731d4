"""What runs in a worker process: tasks in, results out, and an end when the parent ends."""

from __future__ import annotations

import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from traceback import format_exception
from typing import Any

UNGUARDED = 79
"""Exit code of a worker that runs a script again which starts workers at its top."""

_NOTE_BYTES = 1024
_NOTES: ContextVar[Any] = ContextVar("_NOTES", default=None)
"""This worker's file for :func:`at_work_on`; None in a process that is no worker."""

_END = object()


@dataclass(frozen=True)
class Ready:
    """A worker's first answer.

    Attributes:
        depth: How many tasks it can hold.
    """

    depth: int


class Failed:
    """A task's error, with the worker's traceback as its cause."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
        self.cause = _Traceback("".join(format_exception(error)))


class _Traceback(Exception):
    """A worker's traceback, as text."""

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""'


def serve(
    function: Callable[[Any], Any],
    tasks: Connection,
    answers: Connection,
    note: Path | None,
    parent: int,
    inherited: Iterable[Connection],
) -> None:
    """Run a function over the tasks that come, until no more do.

    Args:
        function: What to run.
        tasks: Where they come from.
        answers: Where each result goes to.
        note: Where :func:`at_work_on` writes; None for nowhere.
        parent: The parent's process id.
        inherited: Connections of the parent's, to be closed.
    """
    for each in inherited:
        each.close()
    with suppress(BrokenPipeError, ConnectionResetError):  # the parent wants nothing any more
        try:
            _begin(parent)
            if note:
                with suppress(OSError):
                    _NOTES.set(note.open("wb", buffering=0))
            queue = _Queue(tasks)
            answers.send(Ready(queue.depth))
            while (task := queue.get()) is not _END:
                if isinstance(task, _Unreadable):
                    raise task.error
                _answer(answers, function(task))
        except Exception as error:
            _answer(answers, Failed(error))


def at_work_on(name: str) -> None:
    """Note what this worker is at, for its parent to tell where it dies of that; else do nothing.

    Args:
        name: Such as a file's.
    """
    note = _NOTES.get()
    if note is not None:
        with suppress(OSError):  # a full disk
            note.seek(0)
            note.write(name.encode(errors="surrogateescape")[:_NOTE_BYTES].ljust(_NOTE_BYTES))


def whereabouts(note: Path | None) -> str:
    """Return what a worker noted last; empty where it noted nothing."""
    try:
        return note.read_bytes().decode(errors="backslashreplace").strip() if note else ""
    except OSError:
        return ""


class _Queue:
    """Tasks, read ahead in a thread so that the next is there when one is done."""

    def __init__(self, tasks: Connection) -> None:
        self._tasks = tasks
        self._ahead: SimpleQueue[Any] = SimpleQueue()
        self._closed = False
        self.depth = 2
        try:
            threading.Thread(target=self._read, daemon=True).start()
        except RuntimeError:  # a limit on threads: without reading ahead, then
            self.depth = 1

    def get(self) -> Any:
        """Return the next task, or ``_END``: also where some are left that nobody wants now."""
        task = self._ahead.get() if self.depth > 1 else self._next()
        return _END if self._closed else task

    def _read(self) -> None:
        while (task := self._next()) is not _END:
            self._ahead.put(task)
        self._closed = True
        self._ahead.put(_END)

    def _next(self) -> Any:
        try:
            return self._tasks.recv()
        except (EOFError, OSError):
            return _END
        except Exception as error:  # a task that cannot be unpickled here
            return _Unreadable(error)


class _Unreadable:
    """A task that could not be unpickled."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _answer(answers: Connection, answer: Any) -> None:
    """Send an answer; in place of one that cannot be pickled, why not."""
    try:
        answers.send(answer)
    except OSError:
        raise
    except Exception as error:
        answers.send(Failed(RuntimeError(f"a result cannot be sent: {error}")))


def _begin(parent: int) -> None:
    """Prepare a worker: no interrupts of its own, one thread, and an end when the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt means
    _limit_threads()
    _keep_memory()
    if not _die_with_parent():
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _limit_threads() -> None:
    # A worker a core: more threads in each would only fight for the cores.
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def _keep_memory() -> None:
    """Ask glibc to keep freed memory: a clip's arrays are mapped and unmapped again otherwise.

    Each new page costs a fault; without them a clip takes 5 to 10 % less time.
    """
    if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        return
    import ctypes

    m_trim_threshold, m_mmap_threshold = -1, -3
    libc: Any = ctypes.CDLL(None)
    libc.mallopt(m_mmap_threshold, 1 << 28)
    libc.mallopt(m_trim_threshold, 1 << 29)


def _die_with_parent() -> bool:
    """Ask Linux to kill this process when its parent dies, however that dies."""
    if sys.platform != "linux":
        return False
    import ctypes

    pr_set_pdeathsig = 1
    libc: Any = ctypes.CDLL(None)
    return bool(libc.prctl(pr_set_pdeathsig, signal.SIGKILL) == 0)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)

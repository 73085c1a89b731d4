"""A worker process: tasks in, results out; it ends with its parent."""

from __future__ import annotations

import gc
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
from pathlib import Path
from queue import SimpleQueue
from traceback import format_exception
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

UNGUARDED = 79
"""Exit code of a worker that runs a script again which starts workers at its top."""

_NOTE_BYTES = 1024
_NOTES: ContextVar[Any] = ContextVar("_NOTES", default=None)
"""This worker's file for :func:`at_work_on`; None in a process that is no worker."""

_END = object()


@dataclass(frozen=True)
class Ready:
    """A worker's first message.

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
        function: The function to run.
        tasks: Where they come from.
        answers: The pipe for results.
        note: Where :func:`at_work_on` writes; None for nowhere.
        parent: The parent's process id.
        inherited: Connections of the parent's, to be closed.
    """
    for each in inherited:
        each.close()
    with suppress(BrokenPipeError, ConnectionResetError):  # the parent has closed the pipe
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
    """Record this worker's current task, so that its parent can report it after a crash.

    Args:
        name: Such as a file's.
    """
    note = _NOTES.get()
    if note is not None:
        with suppress(OSError):  # a full disk
            note.seek(0)
            note.write(name.encode(errors="surrogateescape")[:_NOTE_BYTES].ljust(_NOTE_BYTES))


def whereabouts(note: Path | None) -> str:
    """Return a worker's last recorded task; empty if none."""
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
        """Return the next task, or ``_END``, also if remaining tasks were cancelled."""
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
    """Send a result, or an error if it cannot be pickled."""
    try:
        answers.send(answer)
    except OSError:
        raise
    except Exception as error:
        answers.send(Failed(RuntimeError(f"a result cannot be sent: {error}")))


def _begin(parent: int) -> None:
    """Prepare a worker: ignore interrupts, use one thread, and end with the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles interrupts
    _limit_threads()
    _keep_memory()
    gc.freeze()  # what was there before lives on: searching it for garbage would copy its pages
    if not _die_with_parent():
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _limit_threads() -> None:
    # one worker per core: more threads would only compete for cores
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def _keep_memory() -> None:
    """Make glibc keep freed memory instead of mapping each clip's arrays again.

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

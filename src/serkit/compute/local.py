"""Worker processes: one thread each, and none outlives its parent."""

from __future__ import annotations

import multiprocessing
import os
import platform
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from multiprocessing.context import BaseContext
from typing import Any, TypeVar

from serkit.errors import StoreError, UsageError

Task = TypeVar("Task")
Result = TypeVar("Result")

_FORK_BREAKS = ("torch", "tensorflow", "jax")
"""Libraries that start threads of their own, which a forked child would lack."""

_GUARD = "put the call under `if __name__ == '__main__':`, or use workers=1"


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_all(
    function: Callable[[Task], Result], tasks: Iterable[Task], workers: int
) -> Generator[Result, None, None]:
    """Run a function over tasks in processes and yield results as they come.

    Args:
        function: Importable by name; its argument and result are pickled.
        tasks: Drawn as they are needed, so they need not all exist at once.
        workers: Most processes, and no more than tasks; 1 runs everything here.

    Raises:
        UsageError: A worker runs a script again that has no main guard.
        StoreError: A worker died (killed, out of memory, crashed in native code).
    """
    if workers <= 1:
        yield from map(function, tasks)
        return
    remaining = iter(tasks)
    first = list(islice(remaining, 2 * workers))
    remaining = chain(first, remaining)
    workers = min(workers, len(first))
    if workers <= 1:
        yield from map(function, remaining)
        return
    refuse_in_worker()
    context = _context()
    executor = ProcessPoolExecutor(
        workers, mp_context=context, initializer=_begin, initargs=(os.getpid(),)
    )
    pending: set[Future[Result]] = set()
    try:
        while True:
            # Two tasks a worker: one at work, one waiting, so that none idles.
            while len(pending) < 2 * workers and (task := next(remaining, None)) is not None:
                pending.add(executor.submit(function, task))
            if not pending:
                return
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    except BrokenProcessPool as error:
        hint = "what was committed stays; run it again, with fewer --workers if memory is short"
        if context.get_start_method() == "spawn":
            hint += f"; in a script, {_GUARD}"
        raise StoreError(
            "a worker process died (killed, out of memory, or a crash in native code)", hint=hint
        ) from error
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def worker_number() -> int:
    """Return this worker's number, such that those of one pool follow each other; else 0."""
    process = multiprocessing.current_process()
    number = re.search(r"\d+$", process.name)  # multiprocessing counts its children there
    return int(number[0]) if number and multiprocessing.parent_process() else 0


def refuse_in_worker() -> None:
    """Refuse to start workers while this process is being started as one.

    A worker that is spawned runs the parent's script again. Where the call that started it stands
    at the top of that script, it would start workers in turn.
    """
    # The mark by which multiprocessing itself knows that the script is being run again. A process
    # that is past that, whoever started it, may have workers.
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise UsageError("worker processes cannot be started from a worker process", hint=_GUARD)


def _context() -> BaseContext:
    """Choose how workers start: forking spares them half a second of imports each."""
    safe = (
        sys.platform == "linux"
        and threading.active_count() == 1
        and not any(name in sys.modules for name in _FORK_BREAKS)
    )
    return multiprocessing.get_context("fork" if safe else "spawn")


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

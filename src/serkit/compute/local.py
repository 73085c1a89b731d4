"""Worker processes: one thread each, and none outlives its parent.

Workers communicate with their parent only through pipes, without shared memory or semaphores. The
parent knows each worker's current task and exit status.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import re
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any, ClassVar, TypeVar

from serkit.compute.cores import available_cores
from serkit.compute.worker import UNGUARDED, Failed, Ready, serve, whereabouts
from serkit.errors import EngineError, UsageError

Task = TypeVar("Task")
Result = TypeVar("Result")

_FORK_BREAKS = ("torch", "tensorflow", "jax")
"""Libraries that start threads of their own, which a forked child would lack."""

_NAME = "serkit-"
"""How the names of workers' processes begin."""

_TICK = 1.0
"""Seconds between two calls of ``idle``."""

_NESTED = "worker processes cannot be started from a worker process"
_GUARD = "put the call under `if __name__ == '__main__':`, or use workers=1"


@dataclass(frozen=True)
class LocalEngine:
    """Processes of this machine; see :class:`serkit.compute.engine.Engine`.

    Attributes:
        workers: How many; None is one a core.
    """

    workers: int | None = None
    name: ClassVar[str] = "local"
    remote: ClassVar[bool] = False

    def capacity(self) -> int:
        """Return how many workers it would start."""
        return self.workers or available_cores()

    def run(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        workers: int,
        idle: Callable[[], None] | None = None,
    ) -> Generator[Result, None, None]:
        """See :meth:`serkit.compute.engine.Engine.run`."""
        return run_all(function, tasks, workers, idle)


@contextmanager
def open_local(_scheduler: str | None, workers: int | None) -> Iterator[LocalEngine]:
    """Return the engine of this machine; there is nothing to open or to close."""
    yield LocalEngine(workers)


def run_all(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    workers: int,
    idle: Callable[[], None] | None = None,
) -> Generator[Result, None, None]:
    """Run a function over tasks in processes and yield results as they come.

    If the system allows fewer processes than requested, those that start do the work; if none
    start, this process does.

    Args:
        function: Importable by name; its argument and result are pickled.
        tasks: Drawn as they are needed, so they need not all exist at once.
        workers: Most processes, and no more than tasks; 1 runs everything here.
        idle: Called about once a second while workers work and no result arrives.

    Raises:
        UsageError: A worker runs a script again that has no main guard.
        EngineError: A worker died (killed, out of memory, crashed in native code).
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
    with _notes() as notes:
        crew = _start(function, workers, notes)
        if not crew:
            yield from map(function, remaining)
            return
        # even if this generator is never closed: Python would wait for the workers at exit
        leave = partial(_dismiss, crew)
        atexit.register(leave)
        try:
            yield from _work(crew, remaining, idle)
        finally:
            atexit.unregister(leave)
            leave()


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
    process = multiprocessing.current_process()
    if getattr(process, "_inheriting", False):
        if process.name.startswith(_NAME):
            raise SystemExit(UNGUARDED)  # a code reaches the parent whatever becomes of stderr
        raise UsageError(_NESTED, hint=_GUARD)


class _Worker:
    """The parent's view of a worker process.

    Attributes:
        results: Where its results come from.
        depth: Most tasks it may hold, the one in hand included; 0 until it has said so.
        held: How many tasks it holds.
    """

    def __init__(
        self,
        context: BaseContext,
        function: Callable[[Any], Any],
        note: Path | None,
        others: Iterable[_Worker],
    ) -> None:
        self.depth = self.held = 0
        self._note = note
        theirs, self._tasks = context.Pipe(duplex=False)
        self.results, answers = context.Pipe(duplex=False)
        # A forked child inherits the parent's ends of all pipes: while it held them, no other
        # worker would learn that the parent has closed them.
        mine: tuple[Connection, ...] = ()
        if context.get_start_method() == "fork":
            mine = (self._tasks, self.results, *chain.from_iterable(w.ends for w in others))
        made: Any = context
        self.process: BaseProcess = made.Process(
            target=serve, args=(function, theirs, answers, note, os.getpid(), mine)
        )
        self.process.name = _NAME + self.process.name
        try:
            self.process.start()
        except BaseException:
            self.close()
            self.results.close()
            raise
        finally:
            theirs.close()
            answers.close()

    @property
    def ends(self) -> tuple[Connection, Connection]:
        """The parent's ends of its pipes."""
        return self._tasks, self.results

    def give(self, task: object) -> None:
        """Send it a task; if it has died, reading its results reports that."""
        self.held += 1
        with suppress(OSError):
            self._tasks.send(task)

    def close(self) -> None:
        """Hand it no more tasks, and let it drop those that it has not begun."""
        self._tasks.close()

    def death(self) -> EngineError | UsageError:
        """Describe how it died and during which task."""
        self.process.join()
        code = self.process.exitcode or 0
        if code == UNGUARDED:
            return UsageError(_NESTED, hint=_GUARD)
        at = f" while it worked on {name}" if (name := whereabouts(self._note)) else ""
        return EngineError(
            f"a worker process died ({_cause(code)}){at}",
            hint="committed data are kept; run it again, with fewer --workers if memory is short",
        )


def _start(function: Callable[[Any], Any], count: int, notes: Path | None) -> list[_Worker]:
    """Start as many workers as the system allows."""
    context = _context()
    crew: list[_Worker] = []
    apart = nullcontext() if _is_of_main(function) else apart_from_main(context)
    with apart:
        for number in range(count):
            note = notes / str(number) if notes else None
            try:
                crew.append(_Worker(context, function, note, crew))
            except (OSError, MemoryError, RuntimeError):  # no more processes, memory, or files
                break
    return crew


def _work(
    crew: list[_Worker], tasks: Iterator[Any], idle: Callable[[], None] | None
) -> Iterator[Any]:
    """Give tasks to workers as they become free, and yield results as they come."""
    by_end = {worker.results: worker for worker in crew}
    more = True
    while more or any(worker.held for worker in crew):
        arrived: deque[Any] = deque()
        ends = wait(list(by_end), _TICK if idle else None)
        if idle and not ends:
            idle()
        for end in ends:
            worker = by_end[end]  # type: ignore[index]
            try:
                answer = worker.results.recv()
            except (EOFError, OSError) as error:
                raise worker.death() from error
            if isinstance(answer, Failed):
                raise answer.error from answer.cause
            if isinstance(answer, Ready):
                worker.depth = answer.depth
            else:
                worker.held -= 1
                arrived.append(answer)
            # At once, before the results are dealt with, so that no worker waits for that.
            while more and worker.held < worker.depth:
                task = next(tasks, by_end)
                if task is by_end:
                    more = False
                else:
                    worker.give(task)
            if not (more or worker.held):
                worker.close()  # it ends while the last results are dealt with
                del by_end[worker.results]
        yield from arrived


def _dismiss(crew: list[_Worker]) -> None:
    """Wait until every worker has ended; each finishes the task in hand and no other."""
    for worker in crew:
        worker.close()
    for worker in crew:
        # Read on: one that cannot get rid of its result would never end.
        with suppress(EOFError, OSError):
            while True:
                worker.results.recv_bytes()
        worker.process.join()
        worker.results.close()


def _cause(code: int) -> str:
    """Describe how a process ended."""
    import signal

    if code == -9:
        return "killed, as the system does where memory runs out"
    if code < 0:
        with suppress(ValueError):
            return f"a crash in native code, {signal.Signals(-code).name}"
    return f"it left with exit code {code}"


@contextmanager
def _notes() -> Iterator[Path | None]:
    """Create a folder for the workers' current tasks; None if it cannot be written."""
    try:
        folder = TemporaryDirectory(prefix="serkit-workers-", ignore_cleanup_errors=True)
    except OSError:
        yield None
        return
    with folder as name:
        yield Path(name)


def forks() -> bool:
    """Return whether workers would be forked from this process."""
    return (
        sys.platform == "linux"
        and threading.active_count() == 1
        and not any(name in sys.modules for name in _FORK_BREAKS)
    )


def _context() -> BaseContext:
    """Choose how workers start: forking spares them half a second of imports each."""
    return multiprocessing.get_context("fork" if forks() else "spawn")


@contextmanager
def apart_from_main(context: BaseContext) -> Iterator[None]:
    """Spare spawned workers the user's script, which they would run again.

    That takes as long as whatever it imports, and breaks where it has no main guard. Only a
    function that the script itself defines needs it.
    """
    if context.get_start_method() == "fork":
        yield
        return
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")  # neither a file nor a module to run
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _is_of_main(function: Callable[[Any], Any]) -> bool:
    while isinstance(function, partial):
        if any(type(each).__module__ == "__main__" for each in function.args):
            return True
        function = function.func
    return getattr(function, "__module__", None) == "__main__"

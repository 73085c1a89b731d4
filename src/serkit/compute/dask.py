"""Run work on a dask cluster, started here or with a running scheduler.

A worker that dies loses the task in hand, which another one then takes over, and a result that was
still on its way from there. A task that kills one worker after another ends the work.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from concurrent.futures import Future as Outcome
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from serkit.compute.cores import available_cores
from serkit.compute.local import apart_from_main, refuse_in_worker
from serkit.errors import EngineError, UsageError
from serkit.extras import require

Task = TypeVar("Task")
Result = TypeVar("Result")

_DEPTH = 2
"""Tasks that each worker holds, the one in hand included: the next is there when one is done."""

_PATIENCE = 60.0
"""Seconds without a single worker, or without the scheduler, after which the work ends."""

_TICK = 1.0
"""Seconds between two looks at whether workers and scheduler are still there."""

_STAYS = "committed data are kept; run it again"


@contextmanager
def open_dask(scheduler: str | None, workers: int | None) -> Iterator[DaskEngine]:
    """Connect to a scheduler, or start a cluster of processes on this machine.

    Raises:
        MissingDependencyError: dask.distributed is not installed.
        UsageError: No scheduler answers at that address.
    """
    require("distributed", extra="dask")
    import distributed

    if scheduler is None:
        with _own_cluster(distributed, workers) as address, _connected(distributed, address) as own:
            yield own
    else:
        with _connected(distributed, scheduler) as engine:
            yield engine


@contextmanager
def _own_cluster(distributed: Any, workers: int | None) -> Iterator[str]:
    refuse_in_worker()
    with apart_from_main(multiprocessing.get_context("spawn")):
        cluster = distributed.LocalCluster(
            n_workers=workers or available_cores(),
            threads_per_worker=1,
            memory_limit=0,
            dashboard_address=":0",  # any free port; None tries a fixed one and complains
            silence_logs=logging.CRITICAL,
        )
    with cluster:
        yield cluster.scheduler_address


@contextmanager
def _connected(distributed: Any, address: str) -> Iterator[DaskEngine]:
    try:
        client = distributed.Client(address, timeout=10, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise UsageError(
            f"no dask scheduler answers at {address}",
            hint="start one with 'dask scheduler', and name the address that it prints",
        ) from error
    try:
        yield DaskEngine(client, address)
    finally:
        client.close(timeout=5)


class DaskEngine:
    """A dask cluster; see :class:`serkit.compute.engine.Engine`.

    Args:
        client: A connection to its scheduler.
        address: The scheduler's address, for messages.
        patience: Seconds to wait for a first or another worker, or for the scheduler.
    """

    name = "dask"
    remote = True

    def __init__(self, client: Any, address: str, patience: float = _PATIENCE) -> None:
        self.client = client
        self._address = address
        self._patience = patience

    def capacity(self) -> int:
        """Return how many workers there are now; 1 where the first is still to come."""
        return max(1, self._workers())

    def run(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        workers: int,
        idle: Callable[[], None] | None = None,
    ) -> Generator[Result, None, None]:
        """See :meth:`serkit.compute.engine.Engine.run`."""
        call = partial(call_on_worker, function, version("serkit"))
        remaining = iter(tasks)
        running: dict[Outcome[Result], tuple[Any, Task]] = {}
        done: SimpleQueue[Outcome[Result]] = SimpleQueue()
        try:
            while True:
                # counted each time: workers come and go during the work
                room = _DEPTH * min(workers, self.capacity()) - len(running)
                for task in islice(remaining, max(room, 0 if running else 1)):
                    future = self.client.submit(call, task, pure=False)
                    outcome = asyncio.run_coroutine_threadsafe(
                        _fetched(future), self.client.loop.asyncio_loop
                    )
                    running[outcome] = (future, task)
                    outcome.add_done_callback(done.put)
                if not running:
                    return
                outcome = self._next(done, idle)
                yield self._result(outcome, running.pop(outcome)[1])
        finally:
            self.client.cancel([future for future, _task in running.values()], force=True)

    def _next(
        self, done: SimpleQueue[Outcome[Result]], idle: Callable[[], None] | None
    ) -> Outcome[Result]:
        """Wait for the next result, as long as there are workers."""
        alone_since: float | None = None
        while True:
            try:
                return done.get(timeout=_TICK)
            except Empty:
                pass
            if idle:
                idle()
            now = time.monotonic()
            if self._workers():
                alone_since = None
            elif now - (alone_since := alone_since or now) > self._patience:
                raise EngineError(
                    f"no worker has been connected to the scheduler {self._address} for "
                    f"{self._patience:.0f} s",
                    hint=f"start some with 'dask worker {self._address} --nthreads 1'; {_STAYS}",
                )

    def _workers(self) -> int:
        if self.client.status != "running":
            raise EngineError(f"the scheduler {self._address} is gone", hint=_STAYS)
        try:
            return len(self.client.nthreads())
        except (OSError, TimeoutError) as error:
            raise EngineError(f"the scheduler {self._address} is gone", hint=_STAYS) from error

    def _result(self, outcome: Outcome[Result], task: object) -> Result:
        from distributed.scheduler import KilledWorker

        try:
            return outcome.result()
        except KilledWorker as error:
            raise EngineError(
                f"{error.allowed_failures + 1} workers died one after another on {task}",
                hint=f"look for the cause in their logs (memory?); {_STAYS}",
            ) from error
        except (CancelledError, OSError) as error:
            if isinstance(error, OSError) and self.client.status == "running":
                raise  # the task's own
            raise EngineError(
                f"the scheduler {self._address} has dropped the work", hint=_STAYS
            ) from error
        except ModuleNotFoundError as error:
            raise EngineError(
                f"a worker of {self._address} lacks the module {error.name}",
                hint="install the same packages for all workers as here",
            ) from error


async def _fetched(future: Any) -> Any:
    """Fetch a result as soon as it is there, also while the results before are dealt with.

    Until then it lies on its worker alone, and dask would repeat the task if that worker died.
    """
    try:
        return await future.client.gather(future, asynchronous=True)
    finally:
        future.release()


def call_on_worker(function: Callable[[Task], Result], wanted: str, task: Task) -> Result:
    """Run a task on a worker as a worker of this machine would: one thread, the same serkit.

    Raises:
        EngineError: The worker runs several tasks at a time, or another version of serkit.
    """
    from distributed import get_worker
    from threadpoolctl import threadpool_limits

    worker = get_worker()
    if (found := version("serkit")) != wanted:
        raise EngineError(
            f"the worker {worker.address} has serkit {found}, but {wanted} is required",
            hint="install the same version for all",
        )
    if (threads := worker.state.nthreads) > 1:
        raise EngineError(
            f"the worker {worker.address} runs {threads} tasks at a time",
            allowed="one is allowed, since not all libraries for features can share a process",
            hint="start it with --nthreads 1, and more of them with --nworkers",
        )
    with threadpool_limits(1):
        return function(task)

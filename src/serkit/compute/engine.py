"""Where work runs: one small interface, and the engines behind it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Protocol, TypeVar, cast

from serkit.errors import UsageError, unknown_name

Task = TypeVar("Task")
Result = TypeVar("Result")

LOCAL = "local"

ENGINES = {
    LOCAL: "serkit.compute.local:open_local",
    "dask": "serkit.compute.dask:open_dask",
}
"""Engines by name, each with the function that opens it."""


class Engine(Protocol):
    """Runs one function over many tasks on workers."""

    @property
    def name(self) -> str:
        """Its name among :data:`ENGINES`."""

    @property
    def remote(self) -> bool:
        """Whether workers may be on other machines.

        They access files by absolute paths in a folder that all machines share, and must flush what
        they write.
        """

    def capacity(self) -> int:
        """Return how many workers there are now."""

    def run(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        workers: int,
        idle: Callable[[], None] | None = None,
    ) -> Generator[Result, None, None]:
        """Run a function over tasks and yield results as they come, in any order.

        Close the generator to stop: no task is begun after that.

        Args:
            function: Importable by name; its argument and result are pickled.
            tasks: Drawn as they are needed, so they need not all exist at once.
            workers: Most workers to use at a time.
            idle: Called about once a second while waiting for results; an exception stops the work.

        Raises:
            EngineError: Workers are gone and the work cannot be finished.
        """


def open_engine(
    name: str = LOCAL, *, scheduler: str | None = None, workers: int | None = None
) -> AbstractContextManager[Engine]:
    """Open an engine by its name; it is closed at the end of the ``with`` block.

    Args:
        name: ``local`` or ``dask``.
        scheduler: Address of a scheduler that runs already, for ``dask``.
        workers: How many workers to start, where the engine starts them; None is one a core.

    Raises:
        UnknownNameError: There is no such engine.
        UsageError: The engine has no scheduler, or none answers there.
        MissingDependencyError: The engine's package is not installed.

    Example:
        >>> with open_engine("local", workers=1) as engine:
        ...     sorted(engine.run(abs, [-2, -1], 1))
        [1, 2]
    """
    if name not in ENGINES:
        raise unknown_name("engine", name, ENGINES)
    if scheduler is not None and name == LOCAL:
        raise UsageError(
            f"scheduler {scheduler} beside the engine {LOCAL}, which has none",
            hint="add --engine dask",
        )
    module, _, attribute = ENGINES[name].partition(":")
    opener = getattr(import_module(module), attribute)
    return cast(AbstractContextManager[Engine], opener(scheduler, workers))

"""Processes that extract, are killed, hold locks and write while others read.

Apart from the tests, so that the processes can import what they run.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import storekit as kit
from serkit.errors import StoreError
from serkit.features import FeatureSpec
from serkit.storage.lock import writer_lock
from serkit.store.gc import gc

# Starting, watching


# Processes that have serkit but none of this one's threads: they are forked from a small server,
# in a tenth of a second each instead of a second of imports. Said here and not when the first one
# is started, because somebody else may start the server before that.
CLEAN = multiprocessing.get_context("forkserver")
CLEAN.set_forkserver_preload(
    [
        "pandas",
        "pytest",
        "serkit.extraction.repair",
        "serkit.extractors.change_deviation",
        "serkit.extractors.mel",
        "serkit.extractors.raw",
        "soundfile",
        "threadpoolctl",
        "h5py",
    ]
)


def started(function: Callable[..., Any], *arguments: Any) -> Any:
    """Start a function in a process of its own."""
    process = CLEAN.Process(target=function, args=arguments)
    process.start()
    return process


def run_process(function: Callable[..., None], *arguments: Any) -> int:
    """Run a function in a process of its own and return the exit code; -9 is SIGKILL."""
    process = started(function, *arguments)
    process.join(60)
    if process.is_alive():  # pragma: no cover
        process.kill()
        raise AssertionError("the process hangs")
    return int(process.exitcode)


FILE_OPERATIONS = ("open", "write", "fsync", "replace", "rename", "unlink", "mkdir")
"""What the store does to files; Python's pathlib calls these too."""


class OperationCounter:
    """Counts the file operations of this process, and acts at one of them.

    Args:
        at: The operation, counted from 1, at which to act; 0 is never.
        act: What to do before it; told the operation's name, function and arguments.
    """

    def __init__(self, at: int, act: Callable[..., None]) -> None:
        self.count = 0
        self._at = at
        self._act = act
        self._real = {name: getattr(os, name) for name in FILE_OPERATIONS}

    def __enter__(self) -> OperationCounter:
        for name, real in self._real.items():
            setattr(os, name, self._counting(name, real))
        return self

    def __exit__(self, *_: object) -> None:
        for name, real in self._real.items():
            setattr(os, name, real)

    def _counting(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            self.count += 1
            if self.count == self._at:
                self._act(name, real, arguments)
            return real(*arguments, **options)

        return counted


def die(name: str, real: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Die before a file operation; a write has half of its bytes on disk by then."""
    if name == "write":
        descriptor, data = arguments
        real(descriptor, memoryview(data)[: len(data) // 2])
    os.kill(os.getpid(), signal.SIGKILL)


def commit_always() -> None:
    """Make the extraction of this process commit after every task."""
    from serkit.extraction import recorder as module

    class Hurried:
        """A clock that runs faster with every look: a commit is always long overdue."""

        now = 1

        @classmethod
        def monotonic(cls) -> int:
            cls.now *= 100
            return cls.now

    module.time = Hurried  # type: ignore[assignment]


def wait_until(condition: Callable[[], Any], seconds: float = 30) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.002)


# What they do


def small_recipes() -> tuple[FeatureSpec, ...]:
    """Return one array and one table: every kind of file the store writes, as few as possible."""
    return kit.raw(), kit.deviation()


def other_recipes() -> tuple[FeatureSpec, ...]:
    """Return the same features with another array recipe."""
    return kit.raw(pad_to=kit.PAD_TO + 100), kit.deviation()


def fill_and_die(folder: Path, store: Path, specs: tuple[FeatureSpec, ...], at: int) -> None:
    """Extract, and be killed at the n-th file operation; who survives notes how many there were."""
    commit_always()
    with OperationCounter(at, die) as counter:
        kit.fill(folder, store, specs)
    (store.parent / f"{store.name}.operations").write_text(str(counter.count))


def fill_slowly(folder: Path, store: Path, workers: int, began: Path | None = None) -> None:
    """Extract with workers that take their time over each clip."""
    from serkit.extraction import worker

    commit_always()
    real = worker.read_audio

    def read_audio(path: Path, **options: Any) -> Any:
        if began:
            began.touch()
        time.sleep(0.02)
        return real(path, **options)

    worker.read_audio = read_audio
    kit.fill(folder, store, small_recipes(), workers=workers)


def fill_and_tell(folder: Path, store: Path) -> None:
    """Extract slowly with two workers, and write down how it ends."""
    _telling(store, lambda: fill_slowly(folder, store, 2))


def fill_with_small_files(folder: Path, store: Path, limit: int) -> None:
    """Extract where no file may be larger than so many bytes, and write down how it ends."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    _telling(store, lambda: kit.fill(folder, store))


def _telling(store: Path, act: Callable[[], object]) -> None:
    end = "done"
    try:
        act()
    except StoreError as error:
        end = f"{type(error).__name__}: {error}"
    (store.parent / "end").write_text(end)


def hold(store: Path, held: Path, release: Path) -> None:
    """Hold a store's lock until told to let go."""
    with writer_lock(store):
        held.touch()
        wait_until(release.exists)


def change_again_and_again(folder: Path, store: Path, done: Path) -> None:
    """Write for as long as somebody reads: new samples, other recipes, gc; many small commits."""
    commit_always()
    for turn in range(1, 1000):
        kit.add_clip(folder, 0, seed=turn % 2)
        kit.fill(folder, store, [kit.raw(), kit.deviation(), kit.mel(n_mels=8 + turn % 2)])
        if turn % 3 == 0:
            gc(store)
        if done.exists():
            return

"""Where results and messages go: stdout carries the result, stderr all else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from serkit.plainjson import dumps

if TYPE_CHECKING:
    from rich.console import RenderableType

    from serkit.store.manifest import Failure

MOST_LISTED = 20
"""Lines of one kind that are shown; the rest are counted."""

_REDRAW_SECONDS = 0.1

_WIDTH_OF_PIPES = 320
"""Columns of tables that are not written to a terminal: wide enough that nothing is cut."""


class Update(Protocol):
    """A progress bar, told how far it is."""

    def __call__(self, done: int, total: int, what: str = "") -> None:
        """Show that ``done`` of ``total`` are done."""


def print_json(data: Any) -> None:
    """Write a result as JSON."""
    print(dumps(data))


def print_rich(*renderables: RenderableType) -> None:
    """Write tables and text, strings as they stand: a path may look like Rich's markup."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else _WIDTH_OF_PIPES
    console = Console(width=width, markup=False, emoji=False)
    for renderable in renderables:
        console.print(renderable)


def say(message: str) -> None:
    """Write a message to stderr, on one line."""
    print("serkit: " + " ".join(message.split()), file=sys.stderr)


def say_failures(failures: Sequence[Failure]) -> None:
    """Say which clips failed and why; a long list is cut and counted."""
    for failure in failures[:MOST_LISTED]:
        say(f"{failure.path} failed: {failure.error}: {failure.message}")
    if len(failures) > MOST_LISTED:
        say(f"{len(failures) - MOST_LISTED:,} further failures (--json lists all)")


def size(count: float) -> str:
    """Render bytes for people."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:,.0f} {unit}" if unit == "B" else f"{count:,.1f} {unit}"
        count /= 1000
    raise AssertionError  # the loop returns


def _silent(done: int, total: int, what: str = "") -> None:
    """Show nothing."""
    del done, total, what


@contextmanager
def progress(title: str, unit: str) -> Iterator[Update]:
    """Show a progress bar on stderr: how far, how fast, how long still.

    Silent where stderr is not a terminal.
    """
    if not sys.stderr.isatty():
        yield _silent
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{unit}, {{task.fields[rate]}}/s, left"),
        TimeRemainingColumn(),
        console=Console(stderr=True, markup=False, emoji=False),
        transient=True,
        auto_refresh=False,  # that would take a thread, and with threads workers cannot be forked
    )
    with bar:
        task = bar.add_task(title, total=None, rate="-")
        drawn = 0.0

        def update(done: int, total: int, what: str = "") -> None:
            nonlocal drawn
            speed = bar.tasks[0].speed
            rate = f"{speed:,.0f}" if speed and speed >= 10 else f"{speed or 0:.1f}"
            label = f"{title} {what}".rstrip()
            if bar.tasks[0].description != label and done <= 1:
                bar.reset(task, total=total)
            bar.update(task, description=label, completed=done, total=total, rate=rate)
            if done >= total or time.monotonic() - drawn > _REDRAW_SECONDS:
                bar.refresh()
                drawn = time.monotonic()

        yield update


@contextmanager
def training(model: str) -> Iterator[Callable[[str, int, int, str], None]]:
    """Show a progress bar of :func:`serkit.api.train`; yield what that is to be given."""
    with progress(f"training {model}", "steps") as update:

        def report(fold: str, done: int, total: int, what: str) -> None:
            update(done, total, f"fold {fold}, {what}")

        yield report

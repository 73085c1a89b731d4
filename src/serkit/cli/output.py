"""Where results and messages go: stdout carries the result, stderr all else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from serkit.plainjson import dumps

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import Progress as Bars
    from rich.progress import ProgressColumn

    from serkit.experiments.progress import Progress as Step
    from serkit.store.manifest import Failure

MOST_LISTED = 20
"""Lines of one kind that are shown; the rest are counted."""

_REDRAW_SECONDS = 0.1

_WIDTH_OF_PIPES = 320
"""Columns of tables that are not written to a terminal: wide enough that nothing is cut."""


_WIDTH_OF_BARS = 90
"""Columns below which a bar is left out, and below half of that also what it is about."""


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

    from serkit.printable import printable

    width = None if sys.stdout.isatty() else _WIDTH_OF_PIPES
    console = Console(width=width, markup=False, emoji=False)
    for renderable in renderables:
        console.print(printable(renderable) if isinstance(renderable, str) else renderable)


def say(message: str) -> None:
    """Write a message to stderr, on one line."""
    from serkit.printable import printable

    print("serkit: " + printable(" ".join(message.split())), file=sys.stderr)


def say_some(messages: Iterable[str], what: str) -> None:
    """Write messages to stderr; a long list is cut and counted."""
    listed = list(messages)
    for message in listed[:MOST_LISTED]:
        say(message)
    if len(listed) > MOST_LISTED:
        say(f"{len(listed) - MOST_LISTED:,} further {what} (--json lists all)")


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
    from rich.progress import TextColumn

    rate = TextColumn(f"{unit}, {{task.fields[rate]}}/s, left")
    with _bars(rate) as (bar, redraw):
        task = bar.add_task(title, total=None, rate="-")

        def update(done: int, total: int, what: str = "") -> None:
            speed = bar.tasks[0].speed
            rate = f"{speed:,.0f}" if speed and speed >= 10 else f"{speed or 0:.1f}"
            label = f"{title} {what}".rstrip()
            if bar.tasks[0].description != label and done <= 1:
                bar.reset(task, total=total)
            bar.update(task, description=label, completed=done, total=total, rate=rate)
            redraw(done >= total)

        yield update


@contextmanager
def training(what: str) -> Iterator[Callable[[Step], None]]:
    """Show bars of :func:`serkit.api.train` on stderr; yield what that is to be given.

    One bar counts a fold's steps (epochs, where it is trained in epochs), one below an epoch's
    batches. Silent where stderr is not a terminal.
    """
    if not sys.stderr.isatty():
        yield lambda _step: None
        return
    from rich.progress import TextColumn

    title = f"training {what}"
    with _bars(TextColumn("left")) as (bar, redraw):
        steps = bar.add_task(title, total=None)
        batches = bar.add_task("", total=None, visible=False)
        fold = epoch = 0

        def update(step: Step) -> None:
            nonlocal fold, epoch
            if step.number != fold:  # how fast the last one was says nothing of this one
                fold, epoch = step.number, 0
                bar.reset(steps, total=step.total)
            if not step.batches:
                label = f"{title}, fold {step.number} of {step.folds}, {step.what}"
                bar.update(steps, description=label, completed=step.done, total=step.total)
                bar.update(batches, visible=False)
            else:
                if step.done + 1 != epoch:
                    epoch = step.done + 1
                    bar.reset(batches, total=step.batches)
                bar.update(
                    batches,
                    description=step.what,
                    completed=step.batch,
                    total=step.batches,
                    visible=True,
                )
            redraw(step.done >= step.total)

        yield update


@contextmanager
def _bars(*columns: ProgressColumn) -> Iterator[tuple[Bars, Callable[[bool], None]]]:
    """Yield bars on stderr with further columns, and what redraws them, now or every so often."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True, markup=False, emoji=False)
    what, count = TextColumn("{task.description}", markup=False), MofNCompleteColumn()
    shown: list[ProgressColumn] = [what, BarColumn(), count, *columns, TimeRemainingColumn()]
    if console.width < _WIDTH_OF_BARS:
        shown = [what, count] if console.width >= _WIDTH_OF_BARS // 2 else [count]
    bars = Progress(
        *shown,
        console=console,
        transient=True,
        auto_refresh=False,  # that would take a thread, and with threads workers cannot be forked
    )
    drawn = 0.0

    def redraw(now: bool) -> None:
        nonlocal drawn
        if now or time.monotonic() - drawn > _REDRAW_SECONDS:
            bars.refresh()
            drawn = time.monotonic()

    with bars:
        yield bars, redraw

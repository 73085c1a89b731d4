"""Output: results go to stdout, everything else to stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from serkit.plainjson import dumps
from serkit.progress import ProgressCallback, silent
from serkit.units import MOST_LISTED

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.progress import Progress as Bars
    from rich.progress import ProgressColumn
    from rich.segment import Segment

    from serkit.api import Failure
    from serkit.api import Progress as Step

_REDRAW_SECONDS = 0.1

_WIDTH_OF_TABLES = 100
"""Line width of piped tables, so that they fit into mails and issues."""

_WIDTH_OF_PIPES = 10_000
"""Line width of piped sentences: each stays on one line, for ``grep`` and the like."""

_WIDTH_OF_BARS = 76
"""Terminal width below which the bar is omitted, and below half of it also its title."""

_WIDTH_OF_TRAINING_BARS = 110
"""The same for training, whose bars have more columns."""


def print_json(data: Any) -> None:
    """Write a result as JSON."""
    print(dumps(data))


def print_rich(*renderables: RenderableType) -> None:
    """Write tables and text; strings are printed literally, as paths may look like Rich's markup.

    Piped tables are narrow, piped sentences are not wrapped.

    Args:
        renderables: Tables and text to write.
    """
    from serkit.printable import printable

    console = _console()
    for renderable in renderables:
        console.print(printable(renderable) if isinstance(renderable, str) else renderable)


def _console() -> Console:
    """Return a console for stdout."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table

    if sys.stdout.isatty():
        return Console(markup=False, emoji=False)

    class Piped(Console):
        """A console without a terminal: tables, and notes set under them, are narrow."""

        def render(
            self, renderable: RenderableType, options: ConsoleOptions | None = None
        ) -> Iterable[Segment]:
            room = options or self.options
            if isinstance(renderable, Table | Padding):
                room = room.update(max_width=min(room.max_width, _WIDTH_OF_TABLES))
            return super().render(renderable, room)

    return Piped(width=_WIDTH_OF_PIPES, markup=False, emoji=False)


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
    """List failed clips with reasons; a long list is cut and counted."""
    for failure in failures[:MOST_LISTED]:
        say(f"{failure.path} failed: {failure.error}: {failure.message}")
    if len(failures) > MOST_LISTED:
        say(f"{len(failures) - MOST_LISTED:,} further failures (--json lists all)")


@contextmanager
def progress(title: str, unit: str) -> Iterator[ProgressCallback]:
    """Show a progress bar on stderr with speed and remaining time.

    Silent where stderr is not a terminal.
    """
    if not sys.stderr.isatty():
        yield silent
        return
    from rich.progress import TextColumn

    rate = TextColumn(f"{unit}, {{task.fields[rate]}}/s, left")
    with _bars(_WIDTH_OF_BARS, rate) as (bar, redraw):
        task = bar.add_task(title, total=None, rate="-")

        def update(done: int, total: int, what: str = "", /) -> None:
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
    """Show training progress on stderr; yield the callback for :func:`serkit.api.train`.

    One bar counts a fold's steps (epochs, where it is trained in epochs), one below an epoch's
    batches. Silent where stderr is not a terminal.
    """
    if not sys.stderr.isatty():
        yield silent
        return
    from rich.progress import TextColumn

    title = f"training {what}"
    with _bars(_WIDTH_OF_TRAINING_BARS, TextColumn("left")) as (bar, redraw):
        steps = bar.add_task(title, total=None)
        batches = bar.add_task("", total=None, visible=False)
        fold = epoch = 0

        def update(step: Step) -> None:
            nonlocal fold, epoch
            if step.number != fold:  # the last one's speed does not predict this one's
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
def _bars(least: int, *columns: ProgressColumn) -> Iterator[tuple[Bars, Callable[[bool], None]]]:
    """Yield bars on stderr with extra columns, and a function that redraws them.

    In a terminal of fewer than ``least`` columns only the figures are shown.
    """
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
    bar = BarColumn(max(10, min(40, console.width - least + 10)))
    shown: list[ProgressColumn] = [what, bar, count, *columns, TimeRemainingColumn()]
    if console.width < least:
        shown = [what, count] if console.width >= least // 2 else [count]
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

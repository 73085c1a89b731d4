"""Ctrl-C during training: stop between steps instead of anywhere."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from serkit.cli.output import training

if TYPE_CHECKING:
    from serkit.api import Progress

_SAID = b"serkit: stopping as soon as this step is done; Ctrl-C again stops at once\n"


@contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    """Defer a first Ctrl-C until the block checks for it; a second one interrupts immediately.

    Python raises KeyboardInterrupt at any place, also inside a callback of a library's garbage
    collection, where it is lost, or while native code compiles, which may end in a crash (JAX
    does both). What the block gets is to be called between steps, and raises it there.

    Where processes train together all of them are interrupted at the same time, and none may go on
    to wait for the others: there, and where interrupts are ignored, nothing is changed.
    """
    from serkit.api import process_count

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or process_count() > 1:
        yield lambda: None
        return
    pressed = False

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True
        # not with print, which may itself have been interrupted; below the bars if there are any
        os.write(2, (b"\n" if os.isatty(2) else b"") + _SAID)

    def stop_if_asked() -> None:
        if pressed:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, note)
    try:
        yield stop_if_asked
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def watched(what: str) -> Iterator[Callable[[Progress], None]]:
    """Show training progress; a first Ctrl-C stops between two steps."""
    with stoppable() as stop_if_asked, training(what) as report:

        def step(progress: Progress) -> None:
            stop_if_asked()
            report(progress)

        yield step

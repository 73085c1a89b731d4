"""Garbage collection of a command: seldom while it starts, and not when it ends."""

from __future__ import annotations

import atexit
import gc

_OBJECTS = 50_000
"""New objects before the youngest are searched for garbage; Python's own number is 700."""


def collect_seldom() -> None:
    """Spare a command the search for garbage where next to none can be.

    Imports make a hundred thousand objects that all live on; searching them takes a tenth of a
    start. When Python ends it searches everything once more, 0.05 s, before the system takes the
    memory back anyway: frozen objects are not searched.
    """
    gc.set_threshold(_OBJECTS)
    atexit.register(gc.freeze)

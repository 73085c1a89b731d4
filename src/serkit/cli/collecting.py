"""Garbage collection of a command: not while it starts, and not when it ends."""

from __future__ import annotations

import atexit
import gc
import os

_OBJECTS = 100_000
"""New objects before a command searches for garbage for the first time."""

_USUAL = gc.get_threshold()


def collect_seldom() -> None:
    """Spare a command the search for garbage where next to none can be.

    Imports make some 50,000 objects that all live on; to search them again and again takes a tenth
    of a start. From the first search on, and in workers, Python's own numbers hold: few objects
    that refer to each other can keep much memory. When Python ends it searches everything once
    more, 0.05 s, before the system takes the memory back anyway: frozen objects are not searched.
    """
    gc.set_threshold(_OBJECTS, *_USUAL[1:])
    gc.callbacks.append(_first)
    atexit.register(gc.freeze)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_as_usual)


def _first(phase: str, _info: object) -> None:
    if phase == "stop":
        gc.callbacks.remove(_first)
        _as_usual()


def _as_usual() -> None:
    gc.set_threshold(*_USUAL)

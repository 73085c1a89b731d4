"""Progress of long work: what callers are called with, and what calls nobody."""

from __future__ import annotations

from collections.abc import Callable

Count = Callable[[int, int], None]
"""Called as ``progress(done, total)``."""

Steps = Callable[[int, int, str], None]
"""Called as ``progress(done, total, what)``, with what is going on."""


def silent(_done: int, _total: int, _what: str = "") -> None:
    """Show no progress.

    Example:
        >>> silent(1, 10, "reading")
    """

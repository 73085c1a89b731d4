"""Progress of long work: the one type of callback, and the one that shows nothing."""

from __future__ import annotations

from typing import Protocol


class ProgressCallback(Protocol):
    """A function that shows the progress of long work.

    Called as ``progress(done, total)``, and where there is more to say as
    ``progress(done, total, what)``.
    """

    def __call__(self, done: int, total: int, what: str = "", /) -> None:
        """Show that ``done`` of ``total`` are done, and what is happening."""


def silent(*_progress: object) -> None:
    """Show no progress.

    Example:
        >>> silent(1, 10, "reading")
    """

"""Reports that terminals and notebooks show as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType


class Shown:
    """A report with ``__rich__``: ``rich.print`` and the command line show it, notebooks too.

    Subclasses define ``__rich__`` and import Rich inside it, so that reports cost nothing until
    they are shown.
    """

    def __rich__(self) -> RenderableType:
        """Return the report's tables and lines."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        """Return HTML for notebooks."""
        from serkit.tables import to_html

        return to_html(self)

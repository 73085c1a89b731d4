"""Tables for people: plain text in, no markup.

Paths, names and titles come from outside and may hold square brackets; Rich would read those as
its markup. Every text of these tables is taken as it stands, whatever console prints it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from serkit.printable import printable

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.style import StyleType


class PlainTable(Table):
    """A Rich table that takes strings as they stand."""

    def add_row(
        self,
        *renderables: RenderableType | None,
        style: StyleType | None = None,
        end_section: bool = False,
    ) -> None:
        """Add a row; what is not a string (a styled ``Text``) is left as it is."""
        cells = (Text(printable(cell)) if isinstance(cell, str) else cell for cell in renderables)
        super().add_row(*cells, style=style, end_section=end_section)


def table(title: str, columns: Mapping[str, str]) -> PlainTable:
    """Begin a table.

    Args:
        title: Its title.
        columns: Justification (``left`` or ``right``) by heading.
    """
    made = PlainTable(
        title=Text(printable(title), style="bold"),
        title_justify="left",
        box=SIMPLE_HEAD,
        min_width=len(title),
    )
    for heading, justify in columns.items():
        made.add_column(Text(heading), justify="right" if justify == "right" else "left")
    return made

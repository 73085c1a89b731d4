"""Tables for people: plain text in, no markup.

Paths, names and titles may contain square brackets, which Rich would interpret as markup. These
tables print every text literally.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.table import Column, Table
from rich.text import Text

from serkit.printable import printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.style import StyleType

_LEAST_TEXT = 16
"""Longer words may be broken to keep a column."""


class PlainTable(Table):
    """A Rich table that prints strings literally and never cuts a number.

    In narrow terminals text wraps, then long words are broken, and finally columns are dropped
    from the right and named below. Right-justified and no-wrap columns never wrap.
    """

    def add_row(
        self,
        *renderables: RenderableType | None,
        style: StyleType | None = None,
        end_section: bool = False,
    ) -> None:
        """Add a row; non-strings (styled ``Text``) are added unchanged."""
        cells = (Text(printable(cell)) if isinstance(cell, str) else cell for cell in renderables)
        super().add_row(*cells, style=style, end_section=end_section)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the title and the table, or as much of it as there is room for."""
        if self.title:
            yield self._heading(options)
        widths = fit([_extent(column) for column in self.columns], options.max_width)
        if widths is None or any(column.width is not None for column in self.columns):
            untitled = copy(self)
            untitled.title = None
            yield from Table.__rich_console__(untitled, console, options)
            return
        yield self._narrowed(widths, options.max_width)
        gone = [str(column.header) or "a column" for column in self.columns[len(widths) :]]
        if gone:
            text = f"no room for {', '.join(gone)}: widen the terminal, or ask for --json"
            yield Text(text, style="dim", overflow="fold")

    def _heading(self, options: ConsoleOptions) -> Text:
        """Return the title, which may be wider than the table: piped, it is one line for grep."""
        title = Text(str(self.title), style="bold", overflow="fold")
        if not options.is_terminal:
            title.no_wrap, title.overflow = True, "ignore"
        return title

    def _narrowed(self, widths: Sequence[int], room: int) -> Table:
        """Return this table's first columns with the given widths, without its title."""
        made = Table(box=self.box)
        made.min_width = min(len(str(self.title)), room)
        for column, width in zip(self.columns, widths, strict=False):
            made.add_column(column.header, justify=column.justify, width=width, overflow="fold")
        cells = [list(column.cells) for column in self.columns[: len(widths)]]
        for row, shown in zip(self.rows, zip(*cells, strict=True), strict=True):
            made.add_row(*shown, style=row.style, end_section=row.end_section)
        return made


@dataclass(frozen=True)
class Extent:
    """How wide a column may be.

    Attributes:
        least: The narrowest possible, with long words broken.
        full: As wide as its longest line.
        whole: As wide as its longest word; 0 for the same as ``least``.
    """

    least: int
    full: int
    whole: int = 0


def fit(columns: Sequence[Extent], room: int) -> list[int] | None:
    """Share a terminal's width among a table's columns: short ones stay whole, long ones wrap.

    Args:
        columns: How wide each may be, from left to right.
        room: Characters in a line of the terminal.

    Returns:
        The widths of as many of the first columns as there is room for, one at least; None if
        every column can have its full width.

    Example:
        >>> fit([Extent(5, 20), Extent(3, 3), Extent(3, 3)], 80) is None
        True
        >>> fit([Extent(5, 20), Extent(3, 3), Extent(3, 3)], 30)
        [14, 3, 3]
        >>> fit([Extent(5, 20), Extent(3, 3), Extent(3, 3)], 16)
        [6, 3]
        >>> fit([Extent(5, 9), Extent(5, 90), Extent(5, 60)], 60)
        [9, 21, 20]
    """
    if sum(column.full for column in columns) + _spaces(len(columns)) <= room:
        return None
    count = len(columns)
    while count > 1 and sum(c.least for c in columns[:count]) + _spaces(count) > room:
        count -= 1
    kept = columns[:count]
    spare = room - _spaces(count) - sum(column.least for column in kept)
    if spare < 0:
        return [max(1, kept[0].least + spare)]
    if sum(max(c.least, c.whole) for c in kept) + _spaces(count) <= room:
        kept = [replace(column, least=max(column.least, column.whole)) for column in kept]
    return levelled(kept, room - _spaces(count))


def levelled(columns: Sequence[Extent], room: int) -> list[int]:
    """Return widths with one common limit: no column is narrowed for the sake of a wider one.

    Args:
        columns: How wide each may be.
        room: What they may take together, at least the sum of what they need.

    Example:
        >>> levelled([Extent(1, 5), Extent(1, 30), Extent(1, 40)], 45)
        [5, 20, 20]
    """

    def widths(limit: int) -> list[int]:
        return [min(c.full, max(c.least, limit)) for c in columns]

    limit = max((i for i in range(room + 1) if sum(widths(i)) <= room), default=0)
    found = widths(limit)
    for position, column in enumerate(columns):
        if found[position] == limit < column.full and sum(found) < room:
            found[position] += 1
    return found


def _spaces(columns: int) -> int:
    """Return the width of padding, separators and edges."""
    return 3 * columns + 1


def _extent(column: Column) -> Extent:
    lines = [line for cell in (column.header, *column.cells) for line in str(cell).split("\n")]
    full = max(map(cell_len, lines))
    if column.justify == "right" or column.no_wrap:
        return Extent(full, full)
    word = max((cell_len(word) for line in lines for word in line.split()), default=0)
    return Extent(max(1, min(word, _LEAST_TEXT)), full, word)


def to_html(renderable: RenderableType, width: int = 110) -> str:
    """Return a report as HTML for notebooks, with its terminal text.

    Args:
        renderable: The report.
        width: Characters in a line.

    Returns:
        One styled ``<pre>`` element with escaped text.
    """
    from io import StringIO

    from rich.console import Console

    console = Console(record=True, file=StringIO(), width=width, markup=False, emoji=False)
    console.print(renderable)
    return console.export_html(
        inline_styles=True,
        code_format='<pre style="font-family: monospace; line-height: 1.3">{code}</pre>',
    )


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

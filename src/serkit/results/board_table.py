"""The leaderboard as tables that fit narrow terminals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Group as Stack
from rich.padding import Padding
from rich.text import Text

from serkit.results.wording import (
    difference,
    interval,
    name_of,
    percent,
    rate_of,
    resolution,
    stamps,
    versus,
)
from serkit.tables import Extent, levelled, table

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.table import Table

    from serkit.results.entries import Entry, Group


def render_board(
    groups: Sequence[Group], problems: Sequence[str], protocol: str | None
) -> RenderableType:
    """Render a leaderboard: one table per group, with notes below.

    Args:
        groups: The groups, in order.
        problems: Sentences about runs that could not be ranked.
        protocol: The requested protocol; None for all.
    """
    parts: list[RenderableType] = []
    for group in groups:
        parts.append(Padding(Ranking(group), 0, expand=False))
        if shown := resolution(group):
            parts.append(_indented(shown, "dim"))
        parts += [*(_note(note) for note in group.notes), Text()]
    parts.append(Padding(_legend(groups), 0) if groups else Text(_nothing(protocol)))
    parts += [_note(problem) for problem in problems]
    return Stack(*parts)


def _nothing(protocol: str | None) -> str:
    if protocol is None:
        return "no runs yet: make one with 'serkit train MODEL'"
    command = f"serkit train MODEL --protocol {protocol}"
    return f"no runs of {protocol} yet: make one with '{command}'"


def _legend(groups: Sequence[Group]) -> Text:
    text = (
        "CI: t interval over test speakers. vs best: max-T sign-flip test over speakers, and the "
        "difference in points with an interval that holds for all rows at once."
    )
    if any(entry.seed_spread is not None for group in groups for entry in group.entries):
        text += " +-: standard deviation over seeds."
    if any(entry.optimism_gap is not None for group in groups for entry in group.entries):
        text += " gap: UAR points the same model gains on random splits."
    return Text(text, style="dim")


def _note(text: str) -> Padding:
    return _indented(f"note: {text}", "yellow")


def _indented(text: str, style: str) -> Padding:
    return Padding(Text(text, style=style), (0, 0, 0, 2))


@dataclass(frozen=True)
class _Column:
    """A column: how it is read from a row.

    Attributes:
        heading: Above it.
        cell: Its text for a row.
        justify: ``left`` or ``right``.
        words: Whether it may be broken between words.
    """

    heading: str
    cell: Callable[[Entry], str]
    justify: str = "right"
    words: bool = False


def _train_seconds(entry: Entry) -> str:
    return "" if entry.train_seconds is None else f"{entry.train_seconds:,.1f}"


def _parameters(entry: Entry) -> str:
    return "" if entry.parameters is None else f"{entry.parameters:,}"


def _gap(entry: Entry) -> str:
    return "" if entry.optimism_gap is None else f"{100 * entry.optimism_gap:+.1f}"


def _standing(entry: Entry) -> str:
    return "\n".join(filter(None, (versus(entry), difference(entry))))


def _run(entry: Entry) -> str:
    more = f" and {len(entry.runs) - 1} more" if len(entry.runs) > 1 else ""
    return f"{entry.run}{more}" if entry.run else entry.source


_UNDER = ("stamps", "run")
"""Columns that can go below the model's name."""

_COLUMNS = (
    _Column("model", name_of, "left", words=True),
    _Column("UAR %", rate_of),
    _Column("95 % CI", lambda entry: interval(entry.uar_low, entry.uar_high)),
    _Column("acc %", lambda entry: percent(entry.accuracy)),
    _Column("F1 %", lambda entry: percent(entry.macro_f1)),
    _Column("vs best", _standing, "left", words=True),
    _Column("gap", _gap),
    _Column("train s", _train_seconds),
    _Column("params", _parameters),
    _Column("stamps", lambda entry: stamps(vars(entry)), "left", words=True),
    _Column("run", _run, "left", words=True),
)

_LEAST_NAME = 8
"""The narrowest that the column of models becomes."""

_DIFFERENCE = "difference"
"""The second line of the column of verdicts."""

_VERDICT = _Column("vs best", versus, "left", words=True)
"""Shorter content of that column."""

_DISPENSABLE = ("F1 %", "params", "train s", "gap", "acc %", _DIFFERENCE)
"""Columns to drop in narrow terminals, in this order; ``--json`` has all of them."""


@dataclass(frozen=True)
class Ranking:
    """A group's rows. In a narrow terminal columns are dropped and named below, never truncated."""

    group: Group

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the fullest table for which there is room, the lowest one of those."""
        room = options.max_width
        for gone in _shortages(self.group):
            layouts = [_Layout(self.group, gone, under) for under in ((), _UNDER)]
            fitting = [layout for layout in layouts if layout.least <= room]
            chosen = min(fitting, key=lambda each: each.height(room), default=layouts[-1])
            if fitting:
                break
        yield chosen.table(room)
        if chosen.gone:
            text = f"no room for {', '.join(chosen.gone)}: widen the terminal, or ask for --json"
            yield _indented(text, "dim")


def _filled(group: Group) -> list[_Column]:
    """Return the columns that are not empty."""
    return [c for c in _COLUMNS if any(c.cell(entry) for entry in group.entries)]


def _shortages(group: Group) -> Iterator[tuple[str, ...]]:
    """Yield sets of columns to drop, from none to all optional ones."""
    filled = {column.heading for column in _filled(group)}
    filled |= {_DIFFERENCE} if any(map(difference, group.entries)) else set()
    spare = [heading for heading in _DISPENSABLE if heading in filled]
    return (tuple(spare[:count]) for count in range(len(spare) + 1))


@dataclass(frozen=True)
class _Layout:
    """One way of showing a group.

    Attributes:
        group: Its rows.
        gone: Headings of dropped columns.
        under: Headings of columns that go below the model's name.
    """

    group: Group
    gone: tuple[str, ...]
    under: tuple[str, ...]

    @cached_property
    def columns(self) -> tuple[_Column, ...]:
        """The columns that are shown."""
        columns = [c for c in _filled(self.group) if c.heading not in (*self.gone, *self.under)]
        if _DIFFERENCE in self.gone:
            columns = [_VERDICT if c.heading == _VERDICT.heading else c for c in columns]
        return tuple(columns)

    @cached_property
    def cells(self) -> list[list[str]]:
        """The texts, one list per row, rank first."""
        below = [c for c in _COLUMNS if c.heading in self.under]
        rows, rank = [], 0
        for entry in self.group.entries:
            rank += not entry.published
            first, *rest = (column.cell(entry) for column in self.columns)
            more = [text for column in below if (text := column.cell(entry))]
            place = "" if entry.published else str(rank)
            rows.append([place, "\n".join([first, *more]), *rest])
        return rows

    @cached_property
    def _widths(self) -> tuple[list[int], list[int]]:
        """The least and the full width of each column."""
        heads = ["", *(column.heading for column in self.columns)]
        words = [False, *(column.words for column in self.columns)]
        columns = list(zip(heads, *self.cells, strict=True))
        full = [  # published results have no rank: where there are no others, no cell has a width
            max(1, *(cell_len(x) for cell in cells for x in cell.split("\n"))) for cells in columns
        ]
        least = [
            max(cell_len(x) for cell in cells for x in cell.split()) if wordy else width
            for cells, wordy, width in zip(columns, words, full, strict=True)
        ]
        return least, full

    @property
    def least(self) -> int:
        """The width below which words would be broken."""
        least, _ = self._widths
        return sum(least) + self._spaces

    def height(self, room: int) -> int:
        """Return the number of lines within the available width."""
        widths = self._shared(room)
        return sum(
            max(
                sum(max(1, len(wrap(line, width))) for line in cell.split("\n"))
                for cell, width in zip(row, widths, strict=True)
            )
            for row in self.cells
        )

    @property
    def _spaces(self) -> int:
        """Width of padding, separators and edges."""
        return 3 * (1 + len(self.columns)) + 1

    def table(self, room: int) -> Table:
        """Return the table, as wide as its content within the available width."""
        digest = f" {self.group.corpus_digest[:8]}" if self.group.corpus_digest else ""
        made = table(
            f"{self.group.title}{digest}",
            {"": "right", **{column.heading: column.justify for column in self.columns}},
        )
        for column, width in zip(made.columns, self._shared(room), strict=True):
            column.width = width
            column.overflow = "fold"  # run names must be complete, to be copied
        for entry, cells in zip(self.group.entries, self.cells, strict=True):
            made.add_row(*cells, style="dim" if entry.published else "")
        return made

    def _shared(self, room: int) -> list[int]:
        """Share the available width among the columns; names are broken if need be."""
        least, full = self._widths
        spare = room - self.least
        if spare < 0:  # numbers are never wrapped, only names
            return [least[0], max(_LEAST_NAME, least[1] + spare), *least[2:]]
        return levelled(
            [Extent(*each) for each in zip(least, full, strict=True)], room - self._spaces
        )

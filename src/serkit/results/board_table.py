"""The leaderboard as tables that keep what matters where the terminal is narrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Group as Stack
from rich.text import Text

from serkit.results.wording import interval, name_of, percent, stamps, versus
from serkit.tables import table

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.table import Table

    from serkit.results.entries import Entry, Group


def render_board(
    groups: Sequence[Group], problems: Sequence[str], protocol: str | None
) -> RenderableType:
    """Render a leaderboard: one table for each group, and what it means below.

    Args:
        groups: The groups, in order.
        problems: Sentences about runs that could not be ranked.
        protocol: The protocol that was asked for; None for all.
    """
    parts: list[RenderableType] = []
    for group in groups:
        parts += [Ranking(group), *(_note(note) for note in group.notes), Text()]
    parts.append(_legend(groups) if groups else Text(_nothing(protocol)))
    parts += [_note(problem) for problem in problems]
    return Stack(*parts)


def _nothing(protocol: str | None) -> str:
    if protocol is None:
        return "no runs yet: make one with 'serkit train MODEL'"
    command = f"serkit train MODEL --protocol {protocol}"
    return f"no runs of {protocol} yet: make one with '{command}'"


def _legend(groups: Sequence[Group]) -> Text:
    text = "CI: bootstrap over test actors. vs best: paired bootstrap over actors, Holm-corrected."
    if any(entry.optimism_gap is not None for group in groups for entry in group.entries):
        text += " gap: UAR points the same model gains on random splits."
    return Text(text, style="dim")


def _note(text: str) -> Text:
    return Text(f"  note: {text}", style="yellow")


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


_UNDER = ("stamps", "run")
"""Columns that can go below the model's name."""

_COLUMNS = (
    _Column("model", name_of, "left", words=True),
    _Column("UAR %", lambda entry: percent(entry.uar)),
    _Column("95 % CI", lambda entry: interval(entry.uar_low, entry.uar_high)),
    _Column("acc %", lambda entry: percent(entry.accuracy)),
    _Column("F1 %", lambda entry: percent(entry.macro_f1)),
    _Column("vs best", versus, "left", words=True),
    _Column("gap", _gap),
    _Column("train s", _train_seconds),
    _Column("params", _parameters),
    _Column("stamps", lambda entry: stamps(vars(entry)), "left", words=True),
    _Column("run", lambda entry: entry.run or entry.source, "left", words=True),
)

_LEAST_NAME = 8
"""The narrowest that the column of models becomes."""

_DISPENSABLE = ("F1 %", "params", "train s", "gap", "acc %")
"""What goes first where there is no room, in this order; all of it is in ``--json``."""


@dataclass(frozen=True)
class Ranking:
    """A group's rows; in a narrow terminal columns are left out, and named below, never cut."""

    group: Group

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the fullest table for which there is room."""
        layouts = [
            _Layout(self.group, gone, under) for under in ((), _UNDER) for gone in _shortages()
        ]
        fitting = (layout for layout in layouts if layout.least <= options.max_width)
        chosen = next(fitting, layouts[-1])
        yield chosen.table(options.max_width)
        if chosen.gone:
            text = f"  no room for {', '.join(chosen.gone)}: widen the terminal, or ask for --json"
            yield Text(text, style="dim")


def _shortages() -> Iterator[tuple[str, ...]]:
    return (_DISPENSABLE[:count] for count in range(len(_DISPENSABLE) + 1))


@dataclass(frozen=True)
class _Layout:
    """One way of showing a group.

    Attributes:
        group: Its rows.
        gone: Headings of columns that are left out.
        under: Headings of columns that go below the model's name.
    """

    group: Group
    gone: tuple[str, ...]
    under: tuple[str, ...]

    @cached_property
    def columns(self) -> tuple[_Column, ...]:
        """The columns that are shown."""
        return tuple(c for c in _COLUMNS if c.heading not in (*self.gone, *self.under))

    @cached_property
    def cells(self) -> list[list[str]]:
        """The texts, a list a row, rank first."""
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
        full = [max(cell_len(x) for cell in cells for x in cell.split("\n")) for cells in columns]
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

    @property
    def _spaces(self) -> int:
        """What the box adds: a space on either side of a cell, one between cells, two edges."""
        return 3 * (1 + len(self.columns)) + 1

    def table(self, room: int) -> Table:
        """Return the table, as wide as it likes to be within the room that there is."""
        digest = f" {self.group.corpus_digest[:8]}" if self.group.corpus_digest else ""
        made = table(
            f"{self.group.protocol} on {self.group.corpus}{digest}",
            {"": "right", **{column.heading: column.justify for column in self.columns}},
        )
        for column, width in zip(made.columns, self._shared(room), strict=True):
            column.width = width
            column.overflow = "fold"  # a run's name is to be copied, never guessed
        for entry, cells in zip(self.group.entries, self.cells, strict=True):
            made.add_row(*cells, style="dim" if entry.published else "")
        return made

    def _shared(self, room: int) -> list[int]:
        """Share what room there is beyond the least by what each column would like."""
        least, full = self._widths
        spare = room - self.least
        if spare < 0:  # figures are never broken: what is long are names
            return [least[0], max(_LEAST_NAME, least[1] + spare), *least[2:]]
        wish = sum(full) - sum(least)
        if wish <= spare:
            return full
        return [low + (high - low) * spare // wish for low, high in zip(least, full, strict=True)]

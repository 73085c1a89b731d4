"""Leaderboards as Markdown, for READMEs and papers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from serkit.results.board import Board
from serkit.results.entries import Entry
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

_HEAD = (
    *("", "model", "UAR %", "95 % CI", "acc %", "vs best", "to best", "train s", "parameters"),
    "stamps",
)


def board_to_markdown(board: Board) -> str:
    """Return a board as Markdown: a heading and a table for each group, notes below."""
    parts = []
    for group in board.groups:
        parts.append(f"### {group.title}\n")
        parts.append(to_markdown(_HEAD, _rows(group.entries)))
        shown = resolution(group)
        parts += [f"\n- {note}" for note in (shown, *group.notes) if note]
        parts.append("")
    return "\n".join(parts).rstrip()


def to_markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [_line(head), _line(["---"] * len(head)), *(_line(row) for row in rows)]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _rows(entries: Iterable[Entry]) -> Iterable[Sequence[str]]:
    rank = 0
    for entry in entries:
        rank += not entry.published
        yield (
            "" if entry.published else str(rank),
            name_of(entry),
            rate_of(entry),
            interval(entry.uar_low, entry.uar_high),
            percent(entry.accuracy),
            versus(entry),
            difference(entry),
            "" if entry.train_seconds is None else f"{entry.train_seconds:.1f}",
            "" if entry.parameters is None else f"{entry.parameters:,}",
            stamps(vars(entry)),
        )

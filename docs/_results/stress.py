"""The stress tables of the record: a row for each condition, a column for each run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from serkit.reports.markdown import to_markdown
from serkit.results.stress import StressRow, StressTable


def stress_section(tables: Mapping[str, StressTable]) -> Iterator[str]:
    """Yield the section on runs under stress; nothing where no run was stressed.

    Args:
        tables: The tables, by the model's display name.
    """
    if not tables:
        return
    yield "## Under stress\n"
    yield (
        "`serkit stress RUN` ([what is done to the clips](howto/stress.md)): UAR in percent of the "
        "same test clips, perturbed, each predicted by the fold that had not seen its speaker. In "
        "brackets the change in points against the clips as recorded, with its 95 % interval by a "
        "paired bootstrap over speakers; **bold** where UAR falls beyond chance. A number of clips "
        "in brackets: this condition was tried on fewer of them, and its change is theirs.\n"
    )
    yield "\n".join(f"- {name}: {_looked_at(table)}" for name, table in tables.items()) + "\n"
    rows = [("as recorded", *(f"{100 * table.uar:.1f}" for table in tables.values()))]
    rows += [
        (title, *(_cell(table, condition) for table in tables.values()))
        for condition, title in _conditions(tables.values()).items()
    ]
    yield to_markdown(("condition", *tables), rows) + "\n"


def _conditions(tables: Iterable[StressTable]) -> dict[str, str]:
    """Return the title of every condition that was tried, in the order of the tables."""
    return {row.condition: row.title for table in tables for row in table.rows}


def _looked_at(table: StressTable) -> str:
    notes = "".join(f"; {note}" for note in table.notes)
    return f"{table.clips:,} test clips of {table.speakers} speakers{notes}"


def _cell(table: StressTable, condition: str) -> str:
    found: Sequence[StressRow] = [row for row in table.rows if row.condition == condition]
    if not found:
        return ""
    row = found[0]
    change = f"{100 * row.change:+z.1f}"
    if row.change_low is not None and row.change_high is not None:
        change += f", {100 * row.change_low:+z.1f} to {100 * row.change_high:+z.1f}"
    if row.clips + row.unread != table.clips:
        change += f"; {row.clips:,} clips"
    text = f"{100 * row.uar:.1f} ({change})"
    return f"**{text}**" if row.falls else text

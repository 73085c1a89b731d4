"""Stress: how much UAR models lose on perturbed test clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from serkit.reports.html import Column, Section, details, table
from serkit.reports.markup import Child, Markup, join, tag
from serkit.reports.overview.models import Model
from serkit.results.entries import Group
from serkit.results.stress import StressRow, StressTable
from serkit.results.wording import interval, percent

_COLUMNS = (
    Column("condition", text=True),
    Column("UAR %"),
    Column("95 % CI"),
    Column("change"),
    Column("clips"),
)


def section(main: tuple[Group, Sequence[Model]]) -> Section | None:
    """Return the stress tables of the main group's models; None if there are none."""
    found = list(_tables(main[1]))
    if not found:
        return None
    text = (
        "UAR of the test clips under each perturbation, with the model that did not hear the "
        "speaker. Change is against the same clips as recorded, in points; an asterisk marks a "
        "fall that is larger than chance explains."
    )
    (name, first), *others = found
    folded = [details(each, _table(each, measured)) for each, measured in others]
    body = (tag("p", text), _table(name, first), *folded)
    return Section("stress", "Stress tests", join(body))


def _tables(models: Sequence[Model]) -> Iterator[tuple[str, StressTable]]:
    for model in models:
        measured = next((run.stress for run in model.runs if run.stress), None)
        if measured is not None:
            yield model.name, measured


def _table(name: str, measured: StressTable) -> Markup:
    caption = f"{name}: {percent(measured.uar)} % on {measured.clips:,} clips as recorded"
    return table(caption, _COLUMNS, (_row(each) for each in measured.rows))


def _row(row: StressRow) -> tuple[Child, ...]:
    return (
        row.title,
        percent(row.uar),
        interval(row.uar_low, row.uar_high),
        f"{100 * row.change:+.1f}" + ("*" if row.falls else ""),
        f"{row.clips:,}",
    )

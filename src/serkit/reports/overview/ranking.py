"""The leaderboard, seeds of one model joined, with intervals drawn to scale."""

from __future__ import annotations

from collections.abc import Sequence

from serkit.reports.html import Column, Section, details, table
from serkit.reports.markup import Child, Markup, join, tag
from serkit.reports.overview.models import Model, best_of
from serkit.results.entries import Group
from serkit.results.wording import interval, percent, stamps, versus

_COLUMNS = (
    Column("model", text=True, wrap=True),
    Column("UAR %"),
    Column("95 % CI"),
    Column("0 to 100 %", text=True),
    Column("seeds"),
    Column("accuracy %"),
    Column("against the best", text=True, wrap=False),
    Column("train s"),
    Column("parameters"),
)


def section(joined: Sequence[tuple[Group, Sequence[Model]]]) -> Section:
    """Return the leaderboard of the first protocol, and folded away those of the others."""
    legend = (
        "CI: over test speakers. With several seeds all figures are means, and ± is the standard "
        "deviation over seeds. Against the best: paired test over speakers, corrected for the "
        "number of models. Only what stands in one table was tested on the same clips."
    )
    (group, models), *others = joined
    shown = (tag("h3", _title(group)), _ranking(group, models))
    folded = (details(_summary(*pair), _ranking(*pair)) for pair in others)
    heading = tag("h3", "Other protocols") if others else None
    body = (tag("p", legend), shown, heading, folded)
    return Section("leaderboard", "Leaderboard", join(body))


def _ranking(group: Group, models: Sequence[Model]) -> Markup:
    notes = (tag("p", note, class_="note") for note in group.notes)
    made = table(f"Models by {group.protocol}", _COLUMNS, map(_row, models))
    return join((notes, made))


def _title(group: Group) -> str:
    return group.title


def _summary(group: Group, models: Sequence[Model]) -> str:
    """Summarise a collapsed ranking."""
    if not any(model.runs for model in models):
        return _title(group)
    best = best_of(models)
    return f"{_title(group)}: {best.name}, {percent(best.uar)} %"


def _row(model: Model) -> tuple[Child, ...]:
    entry = model.entry
    source = entry.source if entry.published else ""
    under = ", ".join(text for text in (stamps(vars(entry)), source) if text)
    name = (model.name, tag("br"), tag("span", under, class_="quiet")) if under else model.name
    spread = "" if entry.seed_spread is None else f" ± {percent(entry.seed_spread)}"
    return (
        name,
        f"{percent(entry.uar)}{spread}",
        interval(entry.uar_low, entry.uar_high),
        _track(model),
        len(entry.seeds) or None,
        percent(entry.accuracy),
        versus(entry),
        "" if entry.train_seconds is None else f"{entry.train_seconds:,.0f}",
        "" if entry.parameters is None else f"{entry.parameters:,}",
    )


def _track(model: Model) -> Markup:
    """Draw the interval and the seeds on a line from 0 to 100 %; the columns have the numbers."""
    low, high = model.entry.uar_low, model.entry.uar_high
    parts: list[Markup] = []
    if low is not None and high is not None:
        parts.append(tag("i", style=f"left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%"))
    uars = [run.uar for run in model.runs] or ([model.uar] if model.uar else [])
    parts += [tag("b", style=f"left:{100 * uar:.1f}%") for uar in uars]
    return tag("span", parts, class_="track", aria_hidden="true")

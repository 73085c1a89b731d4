"""The optimism gap: how much higher random splits score."""

from __future__ import annotations

from collections.abc import Sequence

from serkit.reports.html import Column, Section, table
from serkit.reports.markup import Child, Markup, join, tag
from serkit.reports.overview.models import Model
from serkit.results.entries import Group
from serkit.results.wording import percent

_COLUMNS = (
    Column("model", text=True),
    Column("protocol", text=True),
    Column("new speakers %"),
    Column("random split %"),
    Column("gap"),
    Column("0 to 100 %", text=True),
)


def section(joined: Sequence[tuple[Group, Sequence[Model]]]) -> Section | None:
    """Return the gap of every model that was tested both ways; None where none was."""
    rows = [
        (model, group)
        for group, models in joined
        for model in models
        if model.entry.optimism_gap is not None
    ]
    if not rows:
        return None
    text = (
        "The same model, tested on new speakers and on a random split, where every test speaker is "
        "also a training speaker. The difference is no skill: the model knows the speakers."
    )
    made = table("UAR on new speakers and on random splits", _COLUMNS, (_row(*row) for row in rows))
    return Section("gap", "The optimism gap", join((tag("p", text), made)))


def _row(model: Model, group: Group) -> tuple[Child, ...]:
    honest, gap = model.uar, model.entry.optimism_gap or 0.0
    return (
        model.name,
        group.protocol,
        percent(honest),
        percent(honest + gap),
        f"{100 * gap:+.1f}",
        _track(honest, honest + gap),
    )


def _track(honest: float, random: float) -> Markup:
    low, high = sorted((honest, random))
    return tag(
        "span",
        tag("i", style=f"left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%"),
        tag("b", style=f"left:{100 * honest:.1f}%"),
        tag("b", class_="hollow", style=f"left:{100 * random:.1f}%"),
        class_="track",
        aria_hidden="true",
    )

"""Confusion matrices as shaded tables, accessible to screen readers."""

from __future__ import annotations

from collections.abc import Sequence

from serkit.reports.html import Section, details, scrolling
from serkit.reports.markup import Child, Markup, join, tag
from serkit.reports.overview.models import Model
from serkit.results.analysis.evidence import evidence
from serkit.results.entries import Group
from serkit.results.run import Run

_OPEN = 2
"""Number of matrices shown expanded."""

_DARK = 0.8
"""Cells from this depth on have light text where the page is light, and dark where it is dark."""


def section(main: tuple[Group, Sequence[Model]]) -> Section:
    """Return the matrix of each model's best seed."""
    group, models = main
    trained = [model for model in models if model.runs]
    text = (
        f"Each model's best seed on {group.protocol}. Rows are true emotions; a cell is the share "
        "of the row's clips in percent, so the diagonal is the recall."
    )
    shown = tag("div", (matrix(m.runs[0], m.name) for m in trained[:_OPEN]), class_="panels wide")
    rest: Child = None
    if trained[_OPEN:]:
        folded = tag(
            "div", (matrix(m.runs[0], m.name) for m in trained[_OPEN:]), class_="panels wide"
        )
        rest = details(f"{len(trained) - _OPEN} further models", folded)
    return Section("confusion", "Confusion matrices", join((tag("p", text), shown, rest)))


def matrix(run: Run, name: str) -> Markup:
    """Return one run's matrix."""
    labels = evidence(run).labels
    counts = run.record["confusion"]
    head = tag(
        "tr",
        tag("th", "true", scope="col", class_="text"),
        (tag("th", tag("span", label), scope="col", class_="turned") for label in labels),
    )
    rows = (
        tag(
            "tr",
            tag("th", label, scope="row"),
            (
                heat(count / total if total else None, strong=place == column)
                for column, count in enumerate(row)
            ),
        )
        for place, (label, row) in enumerate(zip(labels, counts, strict=True))
        for total in (sum(row),)
    )
    caption = tag("caption", f"{name}: UAR {100 * run.uar:.1f} %")
    made = tag("table", caption, tag("thead", head), tag("tbody", rows), class_="heat")
    return scrolling(made, f"Confusion matrix of {name}", class_="panel")


def heat(share: float | None, *, strong: bool = False) -> Markup:
    """Return a cell that is darker the greater its share; None is an empty one."""
    if share is None:
        return tag("td")
    text = "<1" if 0 < share < 0.005 else f"{100 * share:.0f}"
    shown: Child = tag("b", text) if strong else text
    # Steps of a tenth: text of the one ink or the other keeps a contrast of 4.5 on each of them.
    depth = round(share, 1)
    return tag(
        "td",
        shown if share else "\N{MIDDLE DOT}",
        class_="high" if depth >= _DARK else None,
        style=f"background:rgba(var(--heat),{depth})",
    )

"""Where the best model errs: recall by group, and whether its probabilities can be believed."""

from __future__ import annotations

from collections.abc import Sequence

from serkit.reports.charts import Dot, Line, chart, share_axis
from serkit.reports.html import Column, Section, details, scrolling, table
from serkit.reports.markup import Markup, join, tag
from serkit.reports.overview.confusion import heat
from serkit.reports.overview.models import Model, best_of
from serkit.results.analysis.errors import ErrorAnalysis, analyse_errors
from serkit.results.analysis.seeds import same_but_seed
from serkit.results.entries import Group
from serkit.results.wording import percent

_HARDEST = 12


def section(main: tuple[Group, Sequence[Model]]) -> Section:
    """Return the error analysis of the best model's best seed."""
    _, models = main
    best = best_of(models)
    found = analyse_errors(best.runs[0], seeds=same_but_seed(best.runs[0], best.runs))
    body = (
        tag("p", f"{best.name}, best seed. Darker is better; empty cells have no clips."),
        _recall(found),
        tag("h3", "Do probabilities mean what they say?"),
        _calibration(found),
        details("The hardest clips", _hardest(found)),
    )
    return Section("errors", "Where the best model errs", join(body))


def _recall(found: ErrorAnalysis) -> Markup:
    head = tag(
        "tr",
        tag("th", "group", scope="col", class_="text"),
        (
            tag("th", tag("span", label), scope="col", class_="turned")
            for label in (*found.labels, "UAR")
        ),
    )
    rows = []
    before = ""
    for row in found.recall:
        if row.column != before:
            before = row.column
            width = len(found.labels) + 2
            rows.append(
                tag("tr", tag("th", before, scope="colgroup", colspan=width, class_="text"))
            )
        cells = (*map(heat, row.recall), heat(row.uar, strong=True))
        rows.append(tag("tr", tag("th", row.group, scope="row"), cells))
    caption = tag("caption", "Recall by emotion and group, %")
    made = tag("table", caption, tag("thead", head), tag("tbody", rows), class_="heat")
    return scrolling(made, "Recall by emotion and group")


def _calibration(found: ErrorAnalysis) -> Markup:
    points = [(each.confidence, each.accuracy) for each in found.calibration]
    drawn = chart(
        share_axis("probability of the answer, %"),
        share_axis("right, %"),
        "Accuracy against the probability of the answer; the table below holds the numbers",
        lines=[
            Line([(0, 0), (1, 1)], "var(--quiet)", 1, dashed=True),
            Line(points, "var(--series)"),
        ],
        dots=[Dot(x, y, "var(--series)") for x, y in points],
    )
    columns = (Column("probability"), Column("clips"), Column("mean %"), Column("right %"))
    rows = (
        (
            f"{each.low:.1f}\N{EN DASH}{each.high:.1f}",
            f"{each.clips:,}",
            percent(each.confidence),
            percent(each.accuracy),
        )
        for each in found.calibration
    )
    caption = "On the dashed line 70 % sure means right 70 % of the time; below it, overconfident."
    numbers = details("The numbers", table("Calibration", columns, rows))
    return tag("figure", drawn, tag("figcaption", caption), numbers)


def _hardest(found: ErrorAnalysis) -> Markup:
    columns = (
        Column("clip", text=True),
        Column("true", text=True),
        Column("p %"),
        Column("taken for", text=True),
        Column("p %"),
    )
    rows = (
        (c.clip_id, c.true, percent(c.p_true), c.predicted, percent(c.p_predicted))
        for c in found.hardest[:_HARDEST]
    )
    return table("Wrong, and surest of it", columns, rows)

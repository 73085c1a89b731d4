"""How nets were trained: curves over the epochs, and which emotion is learned when."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from serkit.reports.charts import Line, chart, count_axis, share_axis
from serkit.reports.html import Column, Section, table
from serkit.reports.markup import Markup, join, tag
from serkit.reports.overview.models import Model
from serkit.results.entries import Group
from serkit.results.learning import learned
from serkit.results.run import Run

if TYPE_CHECKING:
    import pandas as pd

_POINTS = 60
"""Epochs that a line is drawn through; of more, every second, third, ... is taken."""

_SIDES = (("train", "var(--series)", True), ("validation", "var(--second)", False))


def curves(main: tuple[Group, Sequence[Model]]) -> Section | None:
    """Return accuracy over the epochs of each net's best seed; None without nets."""
    trained = _nets(main[1])
    if not trained:
        return None
    panels = (_panel(model.name, model.runs[0]) for model in trained)
    text = (
        "Accuracy over the epochs, best seed of each net: mean over folds, as long as half of them "
        "were still being trained. Where training rises and validation does not, a net memorises "
        "its speakers."
    )
    legend = tag(
        "p",
        tag("span", "validation", class_="key second"),
        tag("span", "training", class_="key first"),
        class_="quiet",
    )
    return Section(
        "curves", "Training", join((tag("p", text), legend, tag("div", panels, class_="panels")))
    )


def learning_order(main: tuple[Group, Sequence[Model]]) -> Section | None:
    """Return in which epoch each emotion was learned; None without nets."""
    trained = [model for model in _nets(main[1]) if _validated(model.runs[0])]
    if not trained:
        return None
    found = [(model.name, _median_epochs(model.runs[0])) for model in trained]
    labels = list(found[0][1])
    columns = [Column("model", text=True), *map(Column, labels), Column("first to last", text=True)]
    rows = (
        (name, *(_epoch(epochs[label]) for label in labels), _order(epochs))
        for name, epochs in found
    )
    text = (
        "The epoch in which the recall of an emotion on validation clips first passed a half, "
        "median over folds; a dash where most folds never got there."
    )
    made = table("Epoch in which each emotion was learned", columns, rows)
    return Section("learning", "Which emotion is learned first", join((tag("p", text), made)))


def _nets(models: Sequence[Model]) -> list[Model]:
    return [model for model in models if model.runs and model.runs[0].history is not None]


def _validated(run: Run) -> bool:
    return run.history is not None and "validation_uar" in run.history.columns


def _panel(name: str, run: Run) -> Markup:
    history = run.history
    assert history is not None
    lines = [
        Line(points, colour, dashed=dashed)
        for side, colour, dashed in _SIDES
        if (points := _mean_curve(history, f"{side}_accuracy"))
    ]
    most = max((int(line.points[-1][0]) for line in lines), default=2)
    ends = ", ".join(
        f"{side} ends at {100 * line.points[-1][1]:.0f} %"
        for (side, *_), line in zip(_SIDES, lines, strict=False)
    )
    drawn = chart(
        count_axis("epoch", most),
        share_axis("accuracy, %"),
        f"Accuracy of {name} over {most} epochs: {ends}",
        lines=lines,
        height=210,
    )
    return tag("figure", tag("figcaption", name), drawn, class_="panel")


def _mean_curve(history: pd.DataFrame, column: str) -> list[tuple[float, float]]:
    """Return the mean over folds of each epoch that at least half of them reached."""
    if column not in history:
        return []
    folds = history["fold"].nunique()
    by_epoch = history.groupby("epoch")[column].agg(["mean", "size"])
    kept = by_epoch[by_epoch["size"] * 2 >= folds].dropna()
    step = -(-len(kept) // _POINTS) or 1
    return list(zip(kept.index.tolist(), kept["mean"].tolist(), strict=True))[::step]


def _median_epochs(run: Run) -> dict[str, float | None]:
    """Return, by emotion, the median epoch over folds; None where most never learned it."""
    folds: list[dict[str, Any]] = learned(run)
    found: dict[str, float | None] = {}
    for label in folds[0]["learned"]:
        epochs = [fold["learned"][label] for fold in folds]
        middle = median(float("inf") if epoch is None else epoch for epoch in epochs)
        found[label] = None if middle == float("inf") else float(middle)
    return found


def _order(epochs: dict[str, float | None]) -> str:
    known = {label: epoch for label, epoch in epochs.items() if epoch is not None}
    return ", ".join(sorted(known, key=lambda label: known[label])) or "none"


def _epoch(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"

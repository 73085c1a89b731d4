"""How a run was trained, as figures: curves over the epochs, and which emotion is learned when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from serkit.reports.figures.style import (
    INK,
    PAPER,
    QUIET,
    TRAIN,
    VALIDATION,
    epoch_axis,
    new_figure,
    percent_axis,
    plain,
)
from serkit.results.learning import LEARNED, history_of, learned

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.gridspec import SubplotSpec

    from serkit.results.run import Run

_MOST_COLUMNS = 5
_LOG_FROM = 50.0
"""Losses that span more than this factor are drawn on a logarithmic axis."""

_SIDES = (("train", TRAIN, "--"), ("validation", VALIDATION, "-"))


def curves_figure(run: Run) -> Figure:
    """Draw accuracy and loss over the epochs, train and validation, one panel for each fold.

    The epoch that was kept is marked. Losses that span orders of magnitude get a logarithmic axis.

    Raises:
        UsageError: The run was not trained in epochs.
    """
    history = history_of(run)
    folds = [(str(name), rows) for name, rows in history.groupby("fold", sort=False)]
    columns = min(_MOST_COLUMNS, len(folds))
    blocks = -(-len(folds) // columns)
    width = 0.9 + 2.3 * columns
    figure = new_figure(run, "Accuracy and loss over the epochs", width, 0.9 + 3.6 * blocks)
    grid = figure.add_gridspec(2 * blocks, columns)
    epochs, losses = int(history["epoch"].max()), _losses(history)
    for number, (name, rows) in enumerate(folds):
        block, column = divmod(number, columns)
        upper = _panel(figure, grid[2 * block, column], rows, "accuracy", epochs)
        lower = _panel(figure, grid[2 * block + 1, column], rows, "loss", epochs)
        upper.set_title(_heading(name, rows), fontsize=9, color=INK, loc="left", parse_math=False)
        percent_axis(upper)
        upper.tick_params(labelbottom=False)
        _loss_axis(lower, losses)
        for axes in (upper, lower):
            axes.tick_params(labelleft=column == 0)
        if column == 0:
            upper.set_ylabel("accuracy", fontsize=9, color=INK)
            lower.set_ylabel("loss", fontsize=9, color=INK)
        if number + columns >= len(folds):
            lower.set_xlabel("epoch", fontsize=9, color=INK)
    figure.align_ylabels()
    _legend(figure, figure.axes[0])
    return figure


def learning_figure(run: Run) -> Figure:
    """Draw the recall of each emotion on validation clips over the epochs, one panel for each fold.

    Emotions are in the order in which they were learned, first on top. A dot marks the first epoch
    with a recall above one half, a line the selected epoch.

    Raises:
        UsageError: The run was not trained in epochs, or had no validation clips.
    """
    folds = learned(run)
    order = _learning_order(folds)
    history = history_of(run)
    columns = min(3, len(folds))
    rows_of_panels = -(-len(folds) // columns)
    width, height = 1.7 + 2.9 * columns, 1.4 + 2.2 * rows_of_panels
    figure = new_figure(
        run, "Recall on validation clips over the epochs: what is learned when", width, height
    )
    grid = figure.add_gridspec(rows_of_panels, columns)
    image: Any = None
    for number, fold in enumerate(folds):
        axes = figure.add_subplot(grid[number // columns, number % columns])
        rows = history[history["fold"].astype(str) == fold["fold"]]
        image = _recalls(axes, rows, order)
        _mark_learned(axes, fold, order)
        epoch_axis(axes, max(each["epochs"] for each in folds))
        axes.set_title(
            f"fold {fold['fold']}: UAR {100 * fold['uar']:.0f} % in epoch {fold['best_epoch']}",
            fontsize=9,
            color=INK,
            loc="left",
            parse_math=False,
        )
        axes.tick_params(labelleft=number % columns == 0)
        if number + columns >= len(folds):
            axes.set_xlabel("epoch", fontsize=9, color=INK)
    _recall_bar(figure, image, rows_of_panels)
    _learning_legend(figure)
    return figure


def _panel(figure: Figure, place: SubplotSpec, rows: pd.DataFrame, what: str, epochs: int) -> Axes:
    axes = figure.add_subplot(place)
    plain(axes)
    epoch_axis(axes, epochs)
    best = rows[rows["best"]]
    for side, colour, style in _SIDES:
        column = f"{side}_{what}"
        if column not in rows:
            continue
        axes.plot(rows["epoch"], rows[column], style, color=colour, linewidth=1.4, label=side)
        if side == "validation" and len(best):
            axes.plot(
                best["epoch"],
                best[column],
                "o",
                color=colour,
                markersize=5.5,
                markeredgecolor=INK,
                markeredgewidth=0.8,
                label="best epoch, which was kept",
                linestyle="none",
            )
    for epoch in best["epoch"]:
        axes.axvline(epoch, color=QUIET, linewidth=0.9, linestyle=":", zorder=1)
    return axes


def _heading(name: str, rows: pd.DataFrame) -> str:
    best = rows[rows["best"]]
    if best.empty:
        return f"fold {name}"
    column = "validation_accuracy" if "validation_accuracy" in rows else "train_accuracy"
    value = f"{100 * float(best[column].iloc[0]):.0f} % in " if column in rows else ""
    return f"fold {name}: {value}epoch {int(best['epoch'].iloc[0])}"


def _losses(history: pd.DataFrame) -> tuple[float, float]:
    """Return the least and the greatest loss of the run."""
    names = [f"{side}_loss" for side, *_ in _SIDES if f"{side}_loss" in history]
    values = history[names].to_numpy(np.float64)
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)


def _loss_axis(axes: Axes, losses: tuple[float, float]) -> None:
    """Give every panel the same axis."""
    least, greatest = losses
    if least > 0 and greatest / least >= _LOG_FROM:
        axes.set_yscale("log")
        axes.set_ylim(least / 1.5, greatest * 1.5)
    else:
        axes.set_ylim(min(0.0, least), (greatest or 1.0) * 1.05)


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=3, frameon=False, fontsize=8.5)


def _learning_order(folds: Sequence[dict[str, Any]]) -> list[str]:
    """Return the emotions, those learned first in most folds first."""

    def key(emotion: str) -> tuple[float, float]:
        never = max(fold["epochs"] for fold in folds) + 1
        firsts = [fold["learned"][emotion] or never for fold in folds]
        recalls = [fold["recall"][emotion] or 0.0 for fold in folds]
        return median(firsts), -sum(recalls)

    return sorted(folds[0]["learned"], key=key)


def _recalls(axes: Axes, rows: pd.DataFrame, order: Sequence[str]) -> Any:
    from matplotlib import colormaps

    names = [f"validation_recall_{name}" for name in order]
    epochs = rows["epoch"].to_numpy()
    image = axes.imshow(
        rows[names].to_numpy(np.float64).T,
        cmap=colormaps["Blues"].with_extremes(bad="#DDDDDD"),  # no clip has the emotion
        vmin=0,
        vmax=1,
        aspect="auto",
        interpolation="nearest",
        extent=(epochs.min() - 0.5, epochs.max() + 0.5, len(order) - 0.5, -0.5),
    )
    axes.set_yticks(range(len(order)), order)
    axes.tick_params(labelsize=8, length=0, colors=INK)
    axes.spines[:].set_color(QUIET)
    for row in range(1, len(order)):
        axes.axhline(row - 0.5, color=PAPER, linewidth=1.5)
    return image


def _mark_learned(axes: Axes, fold: dict[str, Any], order: Sequence[str]) -> None:
    places = [(fold["learned"][name], row) for row, name in enumerate(order)]
    known = [(epoch, row) for epoch, row in places if epoch is not None]
    axes.plot(
        [epoch for epoch, _ in known],
        [row for _, row in known],
        "o",
        color="white",
        markeredgecolor="black",
        markersize=5,
        linestyle="none",
        zorder=3,
    )
    axes.axvline(fold["best_epoch"], color=VALIDATION, linewidth=1.4, linestyle="--")


def _recall_bar(figure: Figure, image: Any, rows_of_panels: int) -> None:
    from matplotlib.ticker import PercentFormatter

    # As high as one panel, however many there are.
    bar = figure.colorbar(
        image, ax=figure.axes, shrink=0.8 / rows_of_panels, aspect=20, pad=0.015, anchor=(0, 1)
    )
    bar.set_label("recall", fontsize=9, color=INK)
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    bar.ax.tick_params(labelsize=8, colors=INK)
    bar.outline.set_visible(False)


def _learning_legend(figure: Figure) -> None:
    figure.legend(
        list(_learning_handles()),
        [f"first epoch with a recall over {100 * LEARNED:.0f} %", "best epoch, which was kept"],
        loc="outside lower left",
        ncols=2,
        frameon=False,
        fontsize=8.5,
    )


def _learning_handles() -> Iterator[Any]:
    from matplotlib.lines import Line2D

    yield Line2D(
        [], [], marker="o", color="white", markeredgecolor="black", markersize=5, linestyle="none"
    )
    yield Line2D([], [], color=VALIDATION, linewidth=1.4, linestyle="--")

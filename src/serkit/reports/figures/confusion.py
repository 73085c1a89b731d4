"""The confusion matrix of a run as a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from serkit.reports.figures.style import INK, PAPER, QUIET, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from serkit.results.run import Run

_DARK = 0.55
"""Cells of this share or more are so dark that their text is white."""


def confusion_figure(run: Run) -> Figure:
    """Draw the confusion matrix of all test clips.

    Rows are true emotions. A cell is the share of a row's clips, in percent; the diagonal is the
    recall. Cells without clips stay empty, but for the diagonal.
    """
    counts = np.asarray(run.record["confusion"], np.int64)
    support = counts.sum(axis=1)
    shares = counts / np.maximum(support, 1)[:, None]
    figure = new_figure(run, "Confusion of the test clips, % of each true emotion", 7.0, 6.2)
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        if counts[row, column] or (row == column and support[row]):
            axes.text(
                column,
                row,
                _percent(float(share)),
                ha="center",
                va="center",
                fontsize=9,
                color=PAPER if share >= _DARK else INK,
                weight="bold" if row == column else "normal",
            )
    axes.set_xticks(range(len(run.labels)), list(run.labels), rotation=35, ha="right")
    labels = [f"{name} ({n:,})" for name, n in zip(run.labels, support, strict=True)]
    axes.set_yticks(range(len(run.labels)), labels)
    axes.set_xlabel("predicted", fontsize=9, color=INK)
    axes.set_ylabel("true (clips)", fontsize=9, color=INK)
    axes.tick_params(labelsize=9, length=0, colors=INK)
    edges = np.arange(len(run.labels) + 1) - 0.5
    axes.set_xticks(edges, minor=True)
    axes.set_yticks(edges, minor=True)
    axes.grid(which="minor", color=PAPER, linewidth=1.5)
    axes.tick_params(which="minor", length=0)
    for spine in axes.spines.values():
        spine.set_color(QUIET)
    return figure


def _percent(share: float) -> str:
    """Render a share in percent; a single clip of many is no zero."""
    return "<1" if 0 < share < 0.005 else f"{100 * share:.0f}"

"""Where a run errs, as figures: recall by class and group, and the calibration curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from serkit.reports.figures.canvas import canvas, heading, panels, row_margin
from serkit.reports.figures.style import INK, PAPER, QUIET, VALIDATION
from serkit.results.analysis.errors import ErrorAnalysis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DARK = 0.55
"""Cells of this share or more are so dark that their text is white."""

_ROW = 0.23
"""Inches of a row."""


def recall_figure(found: ErrorAnalysis) -> Figure:
    """Draw recall by class and group: a block of rows for each column, darker is better."""
    blocks: dict[str, list[Any]] = {}
    for row in found.recall:
        blocks.setdefault(row.column, []).append(row)
    rows = len(found.recall)
    made = canvas(
        "Recall by class and group, %",
        f"{found.run}; empty cells have no clips",
        0.35 + _ROW * rows + 0.3 * len(blocks),
    )
    _, height = made.get_size_inches()
    left = max(row_margin([row.group for row in found.recall]), 0.9)
    top = height - 0.95
    for place, (column, members) in enumerate(blocks.items()):
        size = _ROW * len(members)
        axes = made.add_axes((left / 8, (top - size) / height, (8 - left - 0.2) / 8, size / height))
        _block(axes, found, members, named=place == 0)
        axes.set_ylabel("")
        made.text(0.1 / 8, (top + 0.04) / height, column, fontsize=9, weight="bold", color=INK)
        top -= size + 0.3
    return made


def calibration_figure(found: ErrorAnalysis) -> Figure:
    """Draw accuracy against probability; on the diagonal the model is calibrated."""
    made = canvas("Calibration of the test clips", found.run, 3.6)
    axes, below = panels(made, 2, 2, left=0.75, gap=(0.7, 0.4), share_y=False)
    confidence = [each.confidence for each in found.calibration]
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle=":")
    axes.plot(confidence, [each.accuracy for each in found.calibration], "o-", color=VALIDATION)
    heading(axes, "accuracy against probability")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    below.bar(
        [(each.low + each.high) / 2 for each in found.calibration],
        [each.clips for each in found.calibration],
        width=0.09,
        color=VALIDATION,
    )
    heading(below, "clips")
    below.set_xlim(0, 1)
    for panel in (axes, below):
        panel.set_xlabel("probability of the answer", fontsize=9, color=INK)
    return made


def _block(axes: Axes, found: ErrorAnalysis, rows: list[Any], *, named: bool) -> None:
    values = np.array(
        [[np.nan if v is None else v for v in (*row.recall, row.uar)] for row in rows], float
    )
    axes.imshow(values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            axes.text(
                column,
                row,
                f"{100 * value:.0f}",
                ha="center",
                va="center",
                fontsize=8,
                color=PAPER if value >= _DARK else INK,
            )
    axes.set_yticks(range(len(rows)), [row.group for row in rows])
    axes.set_xticks(range(len(found.labels) + 1), [*found.labels, "UAR"] if named else [])
    axes.xaxis.tick_top()
    axes.tick_params(labelsize=8, length=0, colors=INK)
    for label in (*axes.get_yticklabels(), *axes.get_xticklabels()):
        label.set_parse_math(False)
    axes.axvline(len(found.labels) - 0.5, color=PAPER, linewidth=4)
    for spine in axes.spines.values():
        spine.set_visible(False)

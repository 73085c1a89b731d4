"""Stress test figure: UAR in each condition compared with the original recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from serkit.reports.figures.canvas import WIDTH, canvas
from serkit.reports.figures.style import INK, QUIET, TRAIN, VALIDATION, plain
from serkit.reports.palette import GRID

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from serkit.results.stress import StressTable

_ROW = 0.19
"""Inches of a row."""

_GAP = 0.5
"""Rows between two groups."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 2.5, 0.9, 0.7, 0.65


def stress_figure(table: StressTable) -> Figure:
    """Draw each condition's UAR with its interval, and the line of the clips as recorded.

    Args:
        table: The run's stress table.
    """
    places = _places([row.group for row in table.rows])
    inches = _ROW * (places[-1] + 1 if len(places) else 1)
    about = (
        f"{table.run}: {table.clips:,} test clips of {table.speakers} speakers, "
        f"UAR {100 * table.uar:.1f} % as recorded"
    )
    figure = canvas("UAR of perturbed test clips", about, inches + _TOP + _BOTTOM - 0.62)
    whole = inches + _TOP + _BOTTOM
    axes = figure.add_axes(
        (_LEFT / WIDTH, _BOTTOM / whole, 1 - (_LEFT + _RIGHT) / WIDTH, inches / whole)
    )
    axes.axvline(100 * table.uar, color=QUIET, linewidth=1, linestyle="--")
    for place, row in zip(places, table.rows, strict=True):
        colour = VALIDATION if row.falls else TRAIN
        ends = [100 * (row.uar if each is None else each) for each in (row.uar_low, row.uar_high)]
        axes.plot(ends, [place, place], color=colour, linewidth=1.2)
        marker = "o" if row.falls else "s"
        axes.plot([100 * row.uar], [place], marker, color=colour, markersize=4)
        axes.annotate(
            f"{100 * row.change:+z.1f}",
            (1.02, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8,
            color=colour,
        )
    plain(axes)
    axes.set_yticks(places, [row.title for row in table.rows])
    axes.set_ylim((places[-1] if len(places) else 0) + 0.7, -0.7)
    axes.set_xlim(0, 100)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x", color=GRID, linewidth=0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(
        "UAR in % with 95 % interval over speakers; circles: falls beyond chance\n"
        "at the right: change in points against the clips as recorded",
        fontsize=9,
        color=INK,
    )
    return figure


def _places(groups: list[str]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the height of each row, with space between groups."""
    place, places = 0.0, []
    for number, group in enumerate(groups):
        if number and group != groups[number - 1]:
            place += _GAP
        places.append(place)
        place += 1.0
    return np.array(places)

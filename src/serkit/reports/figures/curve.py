"""A learning curve over speakers, as a figure."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from serkit.reports.figures.canvas import WIDTH, canvas
from serkit.reports.figures.style import INK, QUIET, VALIDATION, percent_axis, plain
from serkit.reports.files import write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from serkit.results.curve import Curve

_HEIGHT = 3.6


def write_curve(curve: Curve, folder: Path) -> None:
    """Write ``curve.json`` and ``curve.png``.

    Raises:
        ReportError: They cannot be written.
    """
    write(folder / "curve.json", json.dumps(curve.to_json(), indent=1).encode())
    drawn = BytesIO()
    curve_figure(curve).savefig(drawn, format="png")
    write(folder / "curve.png", drawn.getvalue())


def curve_figure(curve: Curve) -> Figure:
    """Draw UAR against training speakers with its intervals, and where ten more would lead."""
    about = f"{curve.model} ({curve.preset}) on {curve.protocol}, seed {curve.seed}"
    figure = canvas("UAR against the number of training speakers", about, _HEIGHT)
    whole = _HEIGHT + 0.62
    axes = figure.add_axes((0.7 / WIDTH, 0.5 / whole, 1 - 0.9 / WIDTH, (_HEIGHT - 0.6) / whole))
    speakers = np.array([point.speakers for point in curve.points])
    found = np.array([point.uar for point in curve.points])
    ends = np.array([(point.uar_low, point.uar_high) for point in curve.points]).T
    axes.errorbar(speakers, found, yerr=np.abs(ends - found), fmt="o", color=VALIDATION, capsize=3)
    ahead = np.linspace(speakers[0], speakers[-1] + 10, 100)
    line = [curve.expected(each) for each in ahead]
    axes.plot(ahead, line, "--", color=QUIET, linewidth=1)
    axes.annotate(
        f"ten more: {100 * curve.ten_more:+.1f} points",
        (ahead[-1], line[-1]),
        ha="right",
        va="bottom",
        fontsize=8,
        color=INK,
    )
    axes.set_xlabel("training speakers", fontsize=9, color=INK)
    percent_axis(axes)
    plain(axes)
    return figure

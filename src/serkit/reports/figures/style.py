"""Shared style of run figures: colours, titles, percent axes, panel grids.

Colours are Okabe and Ito's (2008), distinguishable for colour-blind readers, and lines differ in
more than colour. matplotlib's global state (``pyplot``, ``rcParams``) is not touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serkit.results.wording import percent, stamps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from serkit.results.run import Run

INK = "#222222"
QUIET = "#767676"
TRAIN = "#0072B2"
VALIDATION = "#D55E00"
PAPER = "#FFFFFF"

NARROWEST = 7.0
"""Inches that a title needs."""

DOTS_PER_INCH = 150
"""Of PNG files."""


def new_figure(run: Run, title: str, width: float, height: float) -> Figure:
    """Create a figure with title, run name and stamps.

    Args:
        run: The run.
        title: What is shown.
        width: Width in inches; at least what the title needs.
        height: In inches, with the title.
    """
    from matplotlib.figure import Figure

    figure = Figure(
        figsize=(max(width, NARROWEST), height), dpi=DOTS_PER_INCH, layout="constrained"
    )
    figure.set_facecolor(PAPER)
    # Names come from outside: a dollar sign in them is no mathematics.
    figure.suptitle(
        f"{title}\n{_about(run)}", x=0.01, ha="left", fontsize=10, color=INK, parse_math=False
    )
    return figure


def percent_axis(axes: Axes) -> None:
    """Let the y axis of fractions run from 0 to 100 %."""
    from matplotlib.ticker import PercentFormatter

    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))


def epoch_axis(axes: Axes, epochs: int) -> None:
    """Let the x axis show whole epochs, all of them."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(0.5, epochs + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))


def plain(axes: Axes) -> None:
    """Remove unused axes."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(QUIET)
    axes.tick_params(labelsize=8, colors=INK, length=3)
    axes.grid(axis="y", color="#E4E4E4", linewidth=0.6)
    axes.set_axisbelow(True)


def _about(run: Run) -> str:
    """Write the run's name and, below it, its stamps."""
    record = run.record
    text = (
        f"{record['model']} ({record['preset']}) on {record['corpus']}, {record['protocol']}, "
        f"seed {record['seed']}: UAR {percent(run.uar)} %"
    )
    stamped = stamps(record)
    return f"{text}\nstamped: {stamped}" if stamped else text

"""Shared drawing code: a canvas measured in inches, panels, and plain axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from serkit.reports.figures.style import DOTS_PER_INCH, INK, PAPER, plain
from serkit.reports.palette import GRID

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 8.0
"""Inches of every figure."""

_TITLE = 0.62
"""Inches for the title and the line below it."""


def canvas(title: str, about: str, height: float) -> Figure:
    """Create a figure of :data:`WIDTH` inches with title and subtitle.

    Args:
        title: What is shown.
        about: A second, quieter line.
        height: In inches, without the title.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height + _TITLE), dpi=DOTS_PER_INCH)
    figure.set_facecolor(PAPER)
    # Names come from outside: a dollar sign in them is no mathematics.
    whole = height + _TITLE
    for text, place, size, weight in ((title, 0.12, 11, "bold"), (about, 0.36, 9, "normal")):
        figure.text(
            0.012,
            1 - place / whole,
            text,
            fontsize=size,
            color=INK,
            weight=weight,
            va="top",
            parse_math=False,
        )
    return figure


def panels(
    figure: Figure,
    count: int,
    columns: int,
    *,
    left: float = 0.65,
    right: float = 0.15,
    bottom: float = 0.5,
    gap: tuple[float, float] = (0.12, 0.38),
    share_y: bool = True,
) -> list[Axes]:
    """Lay panels out in a grid, row by row, with margins in inches.

    Args:
        figure: From :func:`canvas`.
        count: Panels.
        columns: Panels in a row.
        left: Inches for the labels of the y axis.
        right: Inches to the right.
        bottom: Inches for those of the x axis.
        gap: Inches between panels, across and down; panel titles use the latter.
        share_y: Whether only the first panel of a row labels its y axis.
    """
    width, height = figure.get_size_inches()
    rows = -(-count // columns)
    panel_width = (width - left - right - gap[0] * (columns - 1)) / columns
    panel_height = (height - _TITLE - bottom - gap[1] * (rows - 1) - 0.2) / rows
    made: list[Axes] = []
    for number in range(count):
        row, column = divmod(number, columns)
        x = left + column * (panel_width + gap[0])
        y = height - _TITLE - 0.2 - panel_height - row * (panel_height + gap[1])
        axes = figure.add_axes((x / width, y / height, panel_width / width, panel_height / height))
        plain(axes)
        axes.tick_params(
            labelleft=column == 0 or not share_y, labelbottom=number + columns >= count
        )
        made.append(axes)
    return made


def heading(axes: Axes, text: str) -> None:
    """Put a title above a panel, at its left."""
    axes.set_title(text, fontsize=9, color=INK, loc="left", pad=3, parse_math=False)


def share(value: float) -> str:
    """Render a share as percent."""
    return f"{100 * value:.0f} %"


def amplitude_axis(axes: Axes) -> None:
    """Label amplitudes in thousands, at few places."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, symmetric=True))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value / 1000:g}k" if abs(value) >= 1000 else f"{value:g}")
    )


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the rows of a panel, the first at the top."""
    axes.set_yticks(range(len(names)), [_short(name) for name in names])
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x", color=GRID, linewidth=0.6)
    axes.tick_params(axis="y", length=0, labelsize=8)


def row_margin(names: Sequence[str]) -> float:
    """Return the inches that the names of rows need."""
    return 0.3 + 0.068 * max(len(_short(name)) for name in names)


def _short(name: str, most: int = 30) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"

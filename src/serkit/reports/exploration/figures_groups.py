"""Figures that compare groups of clips: lengths, amplitudes, change deviation, voice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.reports.exploration import amplitudes
from serkit.reports.exploration.grouping import Grouping
from serkit.reports.exploration.measure import CHANGE, LENGTH, LOUDNESS, PITCH, RATE, Measurements
from serkit.reports.figures.canvas import (
    amplitude_axis,
    canvas,
    heading,
    name_rows,
    panels,
    row_margin,
)
from serkit.reports.figures.style import INK, QUIET, TRAIN
from serkit.reports.palette import class_colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 30
"""Groups that get a histogram each; of more, only bars and boxes are drawn."""

_LENGTH_BINS = 20


def length_histograms(measured: Measurements, grouping: Grouping) -> Figure:
    """Draw a histogram of clip length for each group, all on the same axes."""
    seconds = measured.clips[LENGTH.column].to_numpy()
    edges = np.histogram_bin_edges(seconds, bins=_LENGTH_BINS)
    made, axes = _grid(f"Clip length by {grouping.column}", _clips(measured), len(grouping))
    most = 0
    for panel, name, colour, own in zip(
        axes, grouping.names, _colours(grouping), grouping.members(seconds), strict=True
    ):
        counts, _ = np.histogram(own, bins=edges)
        panel.stairs(counts, edges, fill=True, color=colour)
        panel.axvline(float(own.mean()), color=INK, linewidth=0.9, linestyle=":")
        heading(panel, f"{name}: {own.mean():.2f} s")
        most = max(most, int(counts.max()))
    for panel in axes:
        panel.set_ylim(0, 1.05 * most)
        panel.set_xlim(edges[0], edges[-1])
    _label_grid(made, axes, "length in s, the dotted line is the mean", "clips")
    return made


def length_bars(measured: Measurements, grouping: Grouping) -> Figure:
    """Draw the mean length of each group's clips with one standard deviation."""
    return _bars(
        measured,
        grouping,
        LENGTH.column,
        "Mean clip length",
        "s, ± one standard deviation",
        spread=True,
    )


def change_bars(measured: Measurements, grouping: Grouping) -> Figure:
    """Draw the mean change deviation of each group's clips."""
    return _bars(
        measured,
        grouping,
        CHANGE.column,
        "Mean change deviation",
        "amplitude, deviation of the change from block to block",
    )


def amplitude_boxes(measured: Measurements, grouping: Grouping) -> Figure:
    """Draw box plots of each group's amplitudes, without outliers and without silence."""
    counts = amplitudes.without_silence(measured.counts[grouping.column])
    made, axes = _rows(
        f"Amplitudes by {grouping.column}",
        f"{_samples(counts)}; without -{amplitudes.SILENCE} to {amplitudes.SILENCE} and outliers",
        grouping,
    )
    boxes = [amplitudes.box(row) for row in counts]
    shown = [(place, box) for place, box in enumerate(boxes) if box]
    drawn = [
        {
            "whislo": box.low,
            "q1": box.lower_quartile,
            "med": box.median,
            "q3": box.upper_quartile,
            "whishi": box.high,
        }
        for _, box in shown
    ]
    _draw_boxes(axes, drawn, [place for place, _ in shown], _colours(grouping))
    amplitude_axis(axes)
    axes.set_xlabel("amplitude (16 bit)", fontsize=9, color=INK)
    return made


def amplitude_histograms(measured: Measurements, grouping: Grouping) -> Figure:
    """Draw each group's amplitudes in 100 bins, without silence, on a logarithmic axis."""
    counts = amplitudes.without_silence(measured.counts[grouping.column])
    edges = amplitudes.bin_edges(counts)
    about = (
        f"{_samples(counts)}; without -{amplitudes.SILENCE} to {amplitudes.SILENCE}, "
        f"{amplitudes.BINS} bins, logarithmic"
    )
    made, axes = _grid(f"Amplitudes by {grouping.column}", about, len(grouping))
    least = 1.0
    for panel, name, colour, own in zip(
        axes, grouping.names, _colours(grouping), counts, strict=True
    ):
        shares = amplitudes.histogram(own, edges)
        panel.stairs(shares, edges, fill=True, color=colour, baseline=1e-12)
        heading(panel, name)
        least = min([least, *shares[shares > 0].tolist()])
    for panel in axes:
        panel.set_yscale("log")
        panel.set_ylim(max(least, 1e-8), 1)
        panel.set_xlim(edges[0], edges[-1])
        panel.minorticks_off()
        amplitude_axis(panel)
    _label_grid(made, axes, "amplitude (16 bit)", "share of samples")
    return made


def voice_boxes(measured: Measurements, grouping: Grouping) -> Figure:
    """Draw loudness, pitch and speaking rate of each group's clips."""
    quantities = [each for each in (LOUDNESS, PITCH, RATE) if each.column in measured.clips]
    made = canvas(
        f"Loudness, pitch and speaking rate by {grouping.column}",
        f"{_clips(measured)}; without outliers",
        1.0 + _row_height(len(grouping)),
    )
    axes = panels(
        made, len(quantities), 3, left=row_margin(grouping.names), bottom=0.55, gap=(0.2, 0.4)
    )
    for panel, quantity in zip(axes, quantities, strict=True):
        name_rows(panel, grouping.names)
        values = grouping.members(measured.clips[quantity.column].to_numpy())
        shown = [(place, own[np.isfinite(own)]) for place, own in enumerate(values)]
        shown = [(place, own) for place, own in shown if len(own)]
        _draw_boxes(
            panel, [_five(own) for _, own in shown], [p for p, _ in shown], _colours(grouping)
        )
        panel.set_xlabel(quantity.label, fontsize=9, color=INK)
    return made


def _colours(grouping: Grouping) -> list[str]:
    """Return a colour for each group: the labels' own, and one for all groups of other columns."""
    if grouping.is_label:
        return [class_colour(place) for place in range(len(grouping))]
    return [TRAIN] * len(grouping)


def _five(values: npt.NDArray[np.float64]) -> dict[str, float]:
    """Return the statistics of a box without outliers."""
    lower, median, upper = np.percentile(values, (25, 50, 75))
    reach = 1.5 * (upper - lower)
    inside = values[(values >= lower - reach) & (values <= upper + reach)]
    return {
        "whislo": float(inside.min()),
        "q1": float(lower),
        "med": float(median),
        "q3": float(upper),
        "whishi": float(inside.max()),
    }


def _draw_boxes(
    axes: Axes, boxes: list[dict[str, float]], places: list[int], shades: list[str]
) -> None:
    drawn = axes.bxp(
        [dict(box) for box in boxes],
        positions=places,
        widths=0.6,
        orientation="horizontal",
        showfliers=False,
        patch_artist=True,
        manage_ticks=False,
        medianprops={"color": INK, "linewidth": 1.6},
        whiskerprops={"color": QUIET, "linewidth": 0.9},
        capprops={"color": QUIET, "linewidth": 0.9},
    )
    for patch, place in zip(drawn["boxes"], places, strict=True):
        patch.set(facecolor=shades[place], edgecolor="none", alpha=0.75)


def _bars(
    measured: Measurements,
    grouping: Grouping,
    column: str,
    title: str,
    unit: str,
    *,
    spread: bool = False,
) -> Figure:
    made, axes = _rows(f"{title} by {grouping.column}", _clips(measured), grouping)
    groups = [own[np.isfinite(own)] for own in grouping.members(measured.clips[column].to_numpy())]
    means = [float(own.mean()) if len(own) else 0.0 for own in groups]
    whiskers: dict[str, Any] = {}
    if spread:
        deviations = [float(own.std(ddof=1)) if len(own) > 1 else 0.0 for own in groups]
        whiskers = {"xerr": deviations, "error_kw": {"ecolor": INK, "capsize": 3, "lw": 1}}
    axes.barh(range(len(means)), means, color=_colours(grouping), height=0.68, **whiskers)
    for place, mean in enumerate(means):
        axes.annotate(
            f"{mean:,.2f}",
            (1, place),
            (-2, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=8,
            color=INK,
        )
    axes.set_xlim(0, 1.12 * axes.get_xlim()[1])
    axes.set_xlabel(unit, fontsize=9, color=INK)
    return made


def _rows(title: str, about: str, grouping: Grouping) -> tuple[Figure, Axes]:
    """Create a figure with one panel whose rows are the groups."""
    made = canvas(title, about, 0.8 + _row_height(len(grouping)))
    (axes,) = panels(made, 1, 1, left=row_margin(grouping.names), bottom=0.55)
    name_rows(axes, grouping.names)
    return made, axes


def _row_height(rows: int) -> float:
    return rows * (0.3 if rows <= 12 else 0.19)


def _grid(title: str, about: str, count: int) -> tuple[Figure, list[Axes]]:
    columns = min(4 if count <= 12 else 6, count)
    rows = -(-count // columns)
    made = canvas(title, about, 0.7 + rows * (1.55 if count <= 12 else 1.15))
    return made, panels(made, count, columns)


def _label_grid(figure: Figure, axes: list[Axes], across: str, up: str) -> None:
    """Name both axes once for the whole grid."""
    figure.text(0.5, 0.012, across, ha="center", va="bottom", fontsize=9, color=INK)
    middle = (axes[0].get_position().y1 + axes[-1].get_position().y0) / 2
    figure.text(0.008, middle, up, rotation=90, va="center", ha="left", fontsize=9, color=INK)


def _clips(measured: Measurements) -> str:
    corpora = " and ".join(sorted(set(measured.clips["corpus"].astype(str))))
    return f"{len(measured.clips):,} clips of {corpora}"


def _samples(counts: npt.NDArray[np.int64]) -> str:
    return f"{int(counts.sum()):,} samples"

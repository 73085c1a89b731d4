"""Figures of the classes in feature space: discriminative features and map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from serkit.reports.exploration.clip_map import ClipMap
from serkit.reports.exploration.effects import Effects
from serkit.reports.exploration.grouping import LABEL, Grouping
from serkit.reports.figures.canvas import canvas, heading, name_rows, panels, share
from serkit.reports.figures.style import INK, QUIET
from serkit.reports.palette import class_colour, class_marker

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHOWN = 5
"""Columns that are shown of each class."""

_SPEAKER_MAP = "tab20"


def effect_figure(found: Effects) -> Figure:
    """Draw which functionals mark each class, one panel each, with intervals by speaker."""
    rows = -(-len(found.classes) // 2)
    made = canvas(
        "What marks each class: effect sizes of the functionals",
        f"difference from the other classes within {found.speakers} speakers, in standard "
        "deviations; lines are 95 % intervals by speaker",
        0.6 + 1.5 * rows,
    )
    axes = panels(made, len(found.classes), 2, left=2.1, gap=(2.15, 0.42), share_y=False)
    reach = 0.5
    for place, (panel, name) in enumerate(zip(axes, found.classes, strict=True)):
        chosen = found.strongest(name, _SHOWN)
        heading(panel, name)
        if not chosen:
            panel.text(0.5, 0.5, "nothing for certain", transform=panel.transAxes, ha="center")
            panel.set_yticks([])
            continue
        name_rows(panel, [found.columns[column] for column in chosen])
        sizes = found.sizes[place, chosen]
        ends = np.stack((found.low[place, chosen], found.high[place, chosen]))
        panel.hlines(range(len(chosen)), *ends, color=class_colour(place), linewidth=2.2)
        panel.plot(
            sizes,
            range(len(chosen)),
            class_marker(place),
            color=class_colour(place),
            markeredgecolor=INK,
            markeredgewidth=0.6,
            markersize=6,
            linestyle="none",
        )
        reach = max(reach, float(np.nanmax(np.abs([sizes, *ends]))))
    for panel in axes:
        panel.set_xlim(-1.08 * reach, 1.08 * reach)
        panel.axvline(0, color=QUIET, linewidth=0.9)
        panel.tick_params(labelbottom=True)
    return made


def map_figure(where: ClipMap, label: Grouping, speaker: Grouping | None) -> Figure:
    """Draw the clips on two principal components, by class and by speaker side by side.

    Classes overlap, while speakers form clusters. A random split tests on speakers from the
    training data, which causes the optimism gap.
    """
    made = canvas(
        "A map of the clips: principal components of the functionals",
        _map_text(where, speaker),
        4.9,
    )
    across, up = (
        f"component {n}: {share(part)} of the variance"
        for n, part in zip((1, 2), where.explained, strict=True)
    )
    axes = panels(made, 2 if speaker else 1, 2, bottom=1.25, gap=(0.25, 0.4))
    _scatter_classes(axes[0], where, label)
    if speaker:
        _scatter_speakers(axes[1], where, speaker)
    for panel in axes:
        panel.grid(visible=False)
        panel.set_xlabel(across, fontsize=9, color=INK)
    axes[0].set_ylabel(up, fontsize=9, color=INK)
    return made


def _scatter_classes(axes: Axes, where: ClipMap, label: Grouping) -> None:
    heading(axes, f"by {label.column}")
    for place, name in enumerate(label.names):
        own = where.points[label.codes == place]
        axes.scatter(
            own[:, 0],
            own[:, 1],
            s=13,
            marker=class_marker(place),
            label=name,
            color=class_colour(place),
            alpha=0.75,
            linewidths=0,
            rasterized=True,
        )
    legend = axes.legend(
        loc="upper left",
        bbox_to_anchor=(-0.02, -0.17),
        ncols=4,
        fontsize=8,
        frameon=False,
        handletextpad=0.1,
        columnspacing=1.0,
        markerscale=1.4,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _scatter_speakers(axes: Axes, where: ClipMap, speaker: Grouping) -> None:
    from matplotlib import colormaps

    heading(axes, f"by {speaker.column}: a colour each, named at its middle")
    shades = colormaps[_SPEAKER_MAP]
    for place, name in enumerate(speaker.names):
        own = where.points[speaker.codes == place]
        colour = shades(place % shades.N)
        axes.scatter(
            own[:, 0], own[:, 1], s=11, color=colour, alpha=0.6, linewidths=0, rasterized=True
        )
        middle = np.median(own, axis=0)
        axes.text(
            float(middle[0]),
            float(middle[1]),
            name,
            fontsize=8,
            weight="bold",
            ha="center",
            va="center",
            color=INK,
            parse_math=False,
            bbox={"boxstyle": "round,pad=0.15", "fc": "#FFFFFF", "ec": "none", "alpha": 0.8},
        )


def _map_text(where: ClipMap, speaker: Grouping | None) -> str:
    """Describe how often nearest neighbours agree, overall and among other speakers."""
    if LABEL not in where.same:
        return "each point is a clip"
    same = {column: share(each.share) for column, each in where.same.items()}
    text = f"nearest clip: same {LABEL} {same[LABEL]}"
    if speaker and speaker.column in same:
        text += f", same {speaker.column} {same[speaker.column]}"
    if LABEL in where.same_elsewhere:
        elsewhere = share(where.same_elsewhere[LABEL].share)
        text += f"; nearest clip of another speaker: same {LABEL} {elsewhere}"
    return text

"""Small charts drawn as SVG by hand: sharp at any size, a few kilobytes, in the page's colours.

Text is sized for a width of :data:`WIDTH` units, readable on a phone; every chart comes with a
table of its numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from serkit.reports.markup import Markup, tag

WIDTH = 400
"""Units across a chart; pixels on a small phone."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 42, 16, 10, 34

_CHARACTER, _LINE_HEIGHT = 6.6, 13
"""Units that a name takes: a character across, a line down."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a chart.

    Attributes:
        low: Value where it begins.
        high: Value where it ends.
        ticks: Values that are labelled.
        label: Axis label.
        text: Renders a tick.
        logarithmic: Whether equal steps are equal factors.
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    label: str
    text: Callable[[float], str] = "{:g}".format
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Return a value's position, 0 to 1."""
        low, high, here = self.low, self.high, value
        if self.logarithmic:
            low, high, here = log10(low), log10(high), log10(max(here, 1e-12))
        return (here - low) / ((high - low) or 1.0)


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points.

    Attributes:
        points: Pairs of x and y, in the order of x.
        colour: Its colour, as CSS.
        width: In units.
        dashed: Whether it is.
    """

    points: Sequence[tuple[float, float]]
    colour: str
    width: float = 2.0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    """A point with an optional name beside it.

    Attributes:
        x: Where.
        y: Where.
        colour: Its colour, as CSS.
        name: Label, and tooltip text.
        hollow: Whether only its edge is drawn.
        named: Whether to show the name as a label.
    """

    x: float
    y: float
    colour: str
    name: str = ""
    hollow: bool = False
    named: bool = False


def share_axis(label: str, low: float = 0.0, high: float = 1.0) -> Axis:
    """Return an axis of shares in percent between two multiples of ten."""
    low, high = floor(10 * low) / 10, max(ceil(10 * high) / 10, floor(10 * low) / 10 + 0.1)
    step = 0.1 if high - low <= 0.5 else 0.2
    count = floor((high - low) / step + 1e-9)
    ticks = tuple(low + step * place for place in range(count + 1))
    return Axis(low, high, ticks, label, lambda value: f"{100 * value:.0f}")


def count_axis(label: str, most: int) -> Axis:
    """Return an axis of whole numbers from 1."""
    step = max(1, ceil((most - 1) / 5))
    ticks = tuple(float(value) for value in range(1, most + 1, step))
    return Axis(1.0, float(max(most, 2)), ticks, label, "{:.0f}".format)


def chart(
    x: Axis,
    y: Axis,
    description: str,
    *,
    lines: Sequence[Line] = (),
    dots: Sequence[Dot] = (),
    height: int = 240,
) -> Markup:
    """Draw lines and dots between two axes.

    Args:
        x: The axis across.
        y: The axis up.
        description: Alternative text for screen readers.
        lines: Drawn first.
        dots: Drawn over them.
        height: In units.
    """

    def at(px: float, py: float) -> tuple[float, float]:
        across = _LEFT + x.place(px) * (WIDTH - _LEFT - _RIGHT)
        return across, height - _BOTTOM - y.place(py) * (height - _BOTTOM - _TOP)

    parts = [*_grid(x, y, at, height)]
    for line in lines:
        path = " ".join("{:.1f},{:.1f}".format(*at(*point)) for point in line.points)
        dashes = "4 3" if line.dashed else None
        style = f"fill:none;stroke:{line.colour};stroke-width:{line.width}"
        parts.append(tag("polyline", points=path, style=style, stroke_dasharray=dashes))
    parts += [_dot(dot, *at(dot.x, dot.y)) for dot in dots]
    parts += _names([(dot.name, *at(dot.x, dot.y)) for dot in dots if dot.named])
    return tag(
        "svg",
        parts,
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
        aria_label=description,
        class_="chart",
    )


def _grid(
    x: Axis, y: Axis, at: Callable[[float, float], tuple[float, float]], height: int
) -> list[Markup]:
    parts = []
    for tick in y.ticks:
        _, here = at(x.low, tick)
        parts.append(
            tag(
                "line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=_fixed(here), y2=_fixed(here), class_="grid"
            )
        )
        parts.append(tag("text", y.text(tick), x=_LEFT - 5, y=_fixed(here + 4), text_anchor="end"))
    for tick in x.ticks:
        here, _ = at(tick, y.low)
        bottom = height - _BOTTOM
        parts.append(
            tag("line", x1=_fixed(here), x2=_fixed(here), y1=bottom, y2=bottom + 4, class_="tick")
        )
        parts.append(tag("text", x.text(tick), x=_fixed(here), y=bottom + 16, text_anchor="middle"))
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    parts.append(tag("text", x.label, x=_fixed(middle), y=height - 3, text_anchor="middle"))
    turned = f"translate(11 {(_TOP + height - _BOTTOM) / 2:.0f}) rotate(-90)"
    parts.append(tag("text", y.label, transform=turned, text_anchor="middle"))
    return parts


def _dot(dot: Dot, across: float, up: float) -> Markup:
    return tag(
        "circle",
        tag("title", dot.name) if dot.name else None,
        cx=_fixed(across),
        cy=_fixed(up),
        r=4.5,
        style=f"fill:{'var(--paper)' if dot.hollow else dot.colour};stroke:{dot.colour}",
        stroke_width=2,
    )


def _names(placed: list[tuple[str, float, float]]) -> list[Markup]:
    """Label dots, moving each label down until it overlaps none above."""
    written: list[tuple[float, float, float]] = []
    parts = []
    for name, across, up in sorted(placed, key=lambda each: each[2]):
        width = _CHARACTER * len(name)
        right = across + 9 + width < WIDTH
        left = across + 9 if right else across - 9 - width
        while any(
            left < end and begin < left + width and abs(up - other) < _LINE_HEIGHT
            for begin, end, other in written
        ):
            up += 2
        written.append((left, left + width, up))
        anchor = "start" if right else "end"
        x = left if right else left + width
        parts.append(tag("text", name, x=_fixed(x), y=_fixed(up + 4), text_anchor=anchor))
    return parts


def _fixed(value: float) -> str:
    return f"{value:.1f}"

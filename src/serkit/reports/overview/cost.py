"""Cost: training time against UAR, with the Pareto-optimal models."""

from __future__ import annotations

from collections.abc import Sequence

from serkit.reports.charts import Axis, Dot, Line, chart, share_axis
from serkit.reports.html import Section
from serkit.reports.markup import join, tag
from serkit.reports.overview.models import Model, pareto_front
from serkit.results.entries import Group

_TIMES = (0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3_600.0, 36_000.0, 360_000.0, 3_600_000.0)
"""Seconds that the axis of times is labelled at."""

_LONGEST_NAME = 24
"""Characters of a name beside a dot."""


def section(main: tuple[Group, Sequence[Model]]) -> Section | None:
    """Return the scatter of the main group's models; None with fewer than two."""
    group, models = main
    timed = [m for m in models if m.runs and m.uar and m.seconds]
    if len(timed) < 2:
        return None
    front = pareto_front(timed)
    steps = _steps([(m.seconds, m.uar) for m in front])
    dots = [
        Dot(
            model.seconds,
            model.uar,
            "var(--second)" if model in front else "var(--quiet)",
            _short(model.name),
            hollow=model not in front,
            named=model in front,
        )
        for model in timed
    ]
    drawn = chart(
        _time_axis([m.seconds for m in timed]),
        share_axis("UAR, %", 0.0, max(m.uar for m in timed)),
        f"Time to fit against UAR on {group.protocol}; the table of the leaderboard holds both",
        lines=[Line(steps, "var(--second)", 1.5, dashed=True)],
        dots=dots,
        height=280,
    )
    names = ", ".join(_short(model.name) for model in front)
    caption = (
        f"Filled: the Pareto front ({names}), models that no other beats in UAR without taking "
        "longer; the others are in the leaderboard. Times are of the machines that the runs were "
        "made on."
    )
    body = tag("figure", drawn, tag("figcaption", caption))
    return Section("cost", "Cost against UAR", join((body,)))


def _steps(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the front as steps: a model holds its UAR until a better one can be afforded."""
    path: list[tuple[float, float]] = []
    for seconds, uar in points:
        if path:
            path.append((seconds, path[-1][1]))
        path.append((seconds, uar))
    return path


def _short(name: str) -> str:
    """Return a name that fits beside its dot; the leaderboard's table has the whole one."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _time_axis(seconds: Sequence[float]) -> Axis:
    """Return a logarithmic axis of times, labelled at round ones."""
    first = max((t for t in _TIMES if t <= min(seconds)), default=_TIMES[0])
    last = min((t for t in _TIMES if t >= max(seconds)), default=_TIMES[-1])
    ticks = tuple(t for t in _TIMES if first <= t <= last)
    return Axis(first, last, ticks, "time to fit all folds", _duration, logarithmic=True)


def _duration(seconds: float) -> str:
    if seconds >= 3600:
        return f"{seconds / 3600:g} h"
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"

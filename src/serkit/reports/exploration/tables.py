"""The figures' numbers as tables: for terminals, JSON and pages alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from serkit.reports.exploration import amplitudes
from serkit.reports.exploration.effects import Effects
from serkit.reports.exploration.grouping import Grouping
from serkit.reports.exploration.measure import LENGTH, Measurements, Quantity

if TYPE_CHECKING:
    from rich.table import Table

_MARKS = 10
"""Columns of each class that ``--json`` lists."""


@dataclass(frozen=True)
class GroupRow:
    """One group of clips in numbers.

    Attributes:
        group: Its name.
        clips: How many.
        means: By quantity, the mean over its clips; None where none was measured.
        seconds_std: Standard deviation of their lengths in s; None for a single clip.
        box: Its amplitudes without silence; None where samples were not read.
    """

    group: str
    clips: int
    means: Mapping[str, float | None]
    seconds_std: float | None
    box: amplitudes.Box | None


def group_rows(measured: Measurements, grouping: Grouping) -> tuple[GroupRow, ...]:
    """Return a row for each group of a grouping."""
    counts = measured.counts.get(grouping.column)
    audible = None if counts is None else amplitudes.without_silence(counts)
    rows = []
    for code, name in enumerate(grouping.names):
        own = measured.clips[grouping.codes == code]
        means = {q.column: _mean(own[q.column].to_numpy()) for q in measured.quantities}
        spread = float(own[LENGTH.column].std(ddof=1)) if len(own) > 1 else None
        box = None if audible is None else amplitudes.box(audible[code])
        rows.append(GroupRow(name, len(own), means, spread, box))
    return tuple(rows)


def to_json(measured: Measurements) -> dict[str, Any]:
    """Return everything that was measured as plain objects."""
    clips = measured.clips
    return {
        "clips": len(clips),
        "seconds": float(clips[LENGTH.column].sum()),
        "samples": int(clips["num_frames"].sum()),
        "by": {
            each.column: [_row_json(row) for row in group_rows(measured, each)]
            for each in measured.groupings
        },
        "marks": None if measured.effects is None else _marks(measured.effects),
        "map": None if measured.map is None else _map_json(measured),
        "gaps": list(measured.gaps),
    }


def rich_table(measured: Measurements, grouping: Grouping) -> Table:
    """Return a grouping's table for a terminal."""
    from serkit.tables import table

    quantities = measured.quantities
    headings = {"clips": "right", **{q.label: "right" for q in quantities}}
    made = table(f"by {grouping.column}", {grouping.column: "left", **headings})
    for row in group_rows(measured, grouping):
        made.add_row(
            row.group, f"{row.clips:,}", *(number(row.means[q.column], q) for q in quantities)
        )
    return made


def number(value: float | None, quantity: Quantity) -> str:
    """Render a mean with the quantity's decimals; a dash where there is none."""
    return "-" if value is None else f"{value:,.{quantity.digits}f}"


def _mean(values: Any) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _row_json(row: GroupRow) -> dict[str, Any]:
    box = row.box
    return {
        "group": row.group,
        "clips": row.clips,
        **row.means,
        "seconds_std": row.seconds_std,
        "amplitudes": None
        if box is None
        else {
            "samples": box.samples,
            "low": box.low,
            "lower_quartile": box.lower_quartile,
            "median": box.median,
            "upper_quartile": box.upper_quartile,
            "high": box.high,
        },
    }


def _marks(found: Effects) -> dict[str, list[dict[str, Any]]]:
    """Return the columns that mark each class most, with their effect sizes and intervals."""
    return {
        name: [
            {
                "column": found.columns[column],
                "effect": float(found.sizes[place, column]),
                "low": float(found.low[place, column]),
                "high": float(found.high[place, column]),
            }
            for column in found.strongest(name, _MARKS)
        ]
        for place, name in enumerate(found.classes)
    }


def _map_json(measured: Measurements) -> dict[str, Any]:
    where = measured.map
    assert where is not None
    return {
        "explained": list(where.explained),
        "nearest": {c: {"share": n.share, "chance": n.chance} for c, n in where.same.items()},
        "nearest_of_another_speaker": {
            c: {"share": n.share, "chance": n.chance} for c, n in where.same_elsewhere.items()
        },
    }

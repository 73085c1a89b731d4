"""Export predictions: JSON Lines, CSV, Audacity labels, Praat TextGrids."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from serkit.errors import UsageError, unknown_name
from serkit.plainjson import plain
from serkit.prediction.predictions import Predictions
from serkit.prediction.timeline import Timeline, Timelines

Rows = Sequence[Mapping[str, Any]]


def to_jsonl(rows: Rows) -> str:
    """Return a JSON object per line."""
    return "".join(json.dumps(plain(row), allow_nan=False) + "\n" for row in rows)


def to_csv(rows: Rows, columns: Sequence[str]) -> str:
    """Return CSV with a header; missing values are empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _window_rows(found: Timelines) -> Rows:
    """Return windows with a column ``p_EMOTION`` each in place of ``probabilities``."""
    return [
        {key: value for key, value in row.items() if key != "probabilities"}
        | {f"p_{name}": value for name, value in row.get("probabilities", {}).items()}
        for row in found.to_json()
    ]


def to_audacity(timelines: Sequence[Timeline]) -> str:
    """Return a label track for Audacity: start, end and emotion, separated by tabs."""
    return "".join(
        f"{segment.start:.6f}\t{segment.end:.6f}\t{segment.emotion} {segment.probability:.2f}\n"
        for timeline in timelines
        for segment in timeline.segments
        if segment.emotion
    )


def to_textgrid(timelines: Sequence[Timeline]) -> str:
    """Return a Praat TextGrid with an interval tier for each recording."""
    end = max(timeline.seconds for timeline in timelines)
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {end:.6f}",
        "tiers? <exists>",
        f"size = {len(timelines)}",
        "item []:",
    ]
    for number, timeline in enumerate(timelines, start=1):
        lines += _tier(number, timeline, end)
    return "\n".join(lines) + "\n"


def _tier(number: int, timeline: Timeline, end: float) -> list[str]:
    intervals = [(each.start, each.end, each.emotion) for each in timeline.segments]
    if intervals[-1][1] < end - 1e-6:  # the tiers of a grid all end together
        intervals.append((intervals[-1][1], end, ""))
    lines = [
        f"    item [{number}]:",
        '        class = "IntervalTier"',
        f"        name = {_quoted(timeline.path)}",
        "        xmin = 0",
        f"        xmax = {end:.6f}",
        f"        intervals: size = {len(intervals)}",
    ]
    for position, (start, stop, emotion) in enumerate(intervals, start=1):
        lines += [
            f"        intervals [{position}]:",
            f"            xmin = {start:.6f}",
            f"            xmax = {stop:.6f}",
            f"            text = {_quoted(emotion)}",
        ]
    return lines


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def written(found: Predictions | Timelines, form: str) -> str:
    """Return predictions as text.

    Args:
        found: The predictions.
        form: One of :data:`FORMATS`; labels over time need a :class:`Timelines`.

    Raises:
        UsageError: There is no such format, or it writes labels over time and these are none.
    """
    if form == "jsonl":
        return to_jsonl(found.to_json())
    if form == "csv":
        if isinstance(found, Predictions):
            return to_csv(found.flat_rows(), found.columns)
        rows = _window_rows(found)
        return to_csv(rows, list(dict.fromkeys(name for row in rows for name in row)))
    if form not in FORMATS:
        raise unknown_name("format", form, FORMATS)
    if not isinstance(found, Timelines):
        raise UsageError(
            f"{form} holds labels over time, and these answers are one per file",
            hint="add --window 3 --hop 1",
        )
    if not found.timelines:
        return ""
    return to_audacity(found.timelines) if form == "audacity" else to_textgrid(found.timelines)


FORMATS = ("jsonl", "csv", "audacity", "textgrid")
"""Formats that other programs read."""

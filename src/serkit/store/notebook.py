"""How stores and batches look in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from serkit.features import Layout, TableLayout
from serkit.store.tables import ClipRow

_CLIPS_SHOWN = 8


def store_html(name: str, clips: int, features: Iterable[tuple[str, str, Layout]]) -> str:
    """Return a store's features as HTML.

    Args:
        name: The store's.
        clips: How many clips it holds.
        features: Name, summary and layout of each feature.
    """
    from serkit.tables import table, to_html

    columns = {"feature": "left", "shape of a clip": "left", "": "left"}
    made = table(f"{name}: {clips:,} clips", columns)
    for feature, summary, layout in features:
        made.add_row(feature, _shape(layout), summary)
    return to_html(made)


def batch_html(name: str, shape: Sequence[int] | None, rows: Sequence[ClipRow]) -> str:
    """Return a batch as HTML: its shape and its first clips.

    Args:
        name: The feature's.
        shape: Of the values; None where clips differ in length.
        rows: The clips.
    """
    from serkit.tables import table, to_html

    size = f"shape {tuple(shape)}" if shape else f"{len(rows):,} arrays of different lengths"
    columns = dict.fromkeys(("clip", "emotion", "intensity", "speaker", "sex"), "left")
    made = table(f"{name}, {size}", columns)
    for row in rows[:_CLIPS_SHOWN]:
        made.add_row(row.clip_id, row.emotion, row.intensity, row.speaker, row.sex)
    if len(rows) > _CLIPS_SHOWN:
        made.add_row(f"and {len(rows) - _CLIPS_SHOWN:,} more")
    return to_html(made)


def _shape(layout: Layout) -> str:
    if isinstance(layout, TableLayout):
        return f"({len(layout.columns)},)"
    length: Any = "time" if layout.length is None else layout.length
    return f"({', '.join(map(str, (*layout.item, length)))}{'' if layout.item else ','})"

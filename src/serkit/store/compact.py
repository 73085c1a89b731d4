"""Keeping parts few and full: merging small ones, and rewriting those that are mostly dead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from uuid import uuid4

from serkit.errors import StoreCorruptError
from serkit.features import ArrayLayout, TableLayout, Values
from serkit.packed import in_order
from serkit.store.part_files import write_part
from serkit.store.parts import Array, Item, open_values
from serkit.store.reading import checked_values
from serkit.store.rows import each, passing
from serkit.store.tables import IndexRow
from serkit.store.writer import StoreWriter

CLIPS_PER_PART = 48
"""Clips in a part file: some 50 MB of memory a worker, whatever the size of the corpus."""

_MOST_TABLE_PARTS = 4
_ROWS_A_TABLE_PART = 4096
_FEW_ROWS = 1024
"""A table part with fewer rows is small: it is merged with others."""
_PARTS_A_COMMIT = 2
"""So that the rows of a large table are not all held until one commit."""


def merge_new_parts(writer: StoreWriter, feature: str) -> None:
    """Merge the small Parquet parts that workers have written since the last commit.

    Before the commit no row of a table has to take the place of another, and the values are still
    in the page cache.
    """
    stored = writer.features[feature]
    if not isinstance(stored.layout, TableLayout):
        return
    rows = writer.pending(feature)
    counts = Counter(row.part for row in rows)
    small = {part for part, count in counts.items() if count < _FEW_ROWS}
    if len(small) > _MOST_TABLE_PARTS:
        chosen = [row for row in rows if row.part in small]
        for first in range(0, len(chosen), _ROWS_A_TABLE_PART):
            _copy(writer, feature, chosen[first : first + _ROWS_A_TABLE_PART])


def merge_small_parts(writer: StoreWriter, feature: str) -> None:
    """Merge the small Parquet parts of many commits: reading hundreds of them would be slow."""
    stored = writer.features[feature]
    if not isinstance(stored.layout, TableLayout):
        return
    counts = Counter(part for (part,) in each(writer.state.index[feature], "part"))
    small = {part for part, count in counts.items() if count < _FEW_ROWS}
    if len(small) > _MOST_TABLE_PARTS:

        def commit_now_and_then(done: int) -> None:
            if done % (_PARTS_A_COMMIT * _ROWS_A_TABLE_PART) == 0:
                writer.commit()

        rewrite_parts(
            writer, feature, small, clips_a_part=_ROWS_A_TABLE_PART, progress=commit_now_and_then
        )
        writer.commit(tidy=True)


def rewrite_parts(
    writer: StoreWriter,
    feature: str,
    parts: Collection[str],
    *,
    clips_a_part: int,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Copy the living values of some parts into new ones; the old ones then hold nothing.

    Damaged values are left in place for ``verify`` to find.

    Args:
        writer: The store.
        feature: The feature's name.
        parts: Which parts.
        clips_a_part: How many clips a new part holds.
        progress: Called after each new part with the number of clips handled so far.
    """
    stored = writer.features[feature]
    index = writer.state.index[feature]
    current, done = _in_parts(index, parts, stored.spec.fingerprint), 0
    while chosen := list(islice(current, clips_a_part)):
        _copy(writer, feature, [row for row in passing(index, chosen) if row])
        done += len(chosen)
        if progress:
            progress(done)


def _copy(writer: StoreWriter, feature: str, rows: Iterable[IndexRow]) -> None:
    """Copy clips' values into a new part; those that are damaged stay where they are."""
    stored = writer.features[feature]
    items: list[Item] = []
    opened: dict[str, Array] = {}
    for row in rows:
        try:
            if row.part not in opened:
                opened[row.part] = open_values(writer.part_path(row.part), stored.layout)
            items.append(_item(opened[row.part], row, stored.layout))
        except StoreCorruptError:
            continue
    if items:
        name = uuid4().hex[:16]
        part, new = write_part(writer.path, stored.spec, stored.layout, items, name)
        writer.put_part(feature, part, new)


@dataclass(frozen=True, slots=True)
class _Place:
    part: str
    offset: int
    clip_id: str


def _in_parts(
    index: Mapping[str, IndexRow], parts: Collection[str], fingerprint: str
) -> Iterator[str]:
    """Yield the clips with values of a recipe in some parts, in the order of the parts."""
    rows = each(index, "part", "offset", "clip_id", "fingerprint")
    found = (
        _Place(*place) for *place, recipe in rows if place[0] in parts and recipe == fingerprint
    )
    key = attrgetter("part", "offset", "clip_id")
    return (place.clip_id for place in in_order(_Place, found, key))


def _item(values: Array, row: IndexRow, layout: ArrayLayout | TableLayout) -> Item:
    array = checked_values(values, row, layout)
    return row.clip_id, row.pcm_sha256, Values(array, row.lead)

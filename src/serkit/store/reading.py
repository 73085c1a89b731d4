"""From index rows to arrays: padded, unpadded, in decibels, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, cast

import numpy as np
import numpy.typing as npt
from xxhash import xxh3_64_intdigest

from serkit.dsp.mel import power_to_db
from serkit.errors import StoreCorruptError, UsageError
from serkit.features import ArrayLayout, Layout, TableLayout
from serkit.store.parts import Array, open_values
from serkit.store.tables import IndexRow

Scale = Literal["power", "db"]

Convert = Callable[[Array], Array]

_OPEN_PARTS = 64
"""Parts kept mapped while clips are read in an order of the caller's."""


class PartCache:
    """The parts of one feature, those used last kept open: parts never change.

    Args:
        store: The store's folder.
        layout: The feature's shape.

    Attributes:
        layout: The feature's shape.
    """

    def __init__(self, store: Path, layout: Layout) -> None:
        self._store = store
        self.layout = layout
        self._open: dict[str, Array] = {}

    def values(self, row: IndexRow) -> Array:
        """Return one clip's values, shape ``(*item, length)`` or ``(columns,)``, not copied.

        Raises:
            StoreCorruptError: The part is gone, or the values are not what was written.
        """
        if row.part not in self._open:
            if len(self._open) >= _OPEN_PARTS:
                del self._open[next(iter(self._open))]
            self._open[row.part] = open_values(self._store / row.part, self.layout)
        # Checking costs a tenth of what copying into place does.
        return checked_values(self._open[row.part], row, self.layout)


def clip_values(values: Array, row: IndexRow, layout: Layout) -> Array:
    """Cut one clip's values out of its part.

    Raises:
        StoreCorruptError: The part is too short for them, or they do not have the feature's shape.
    """
    if isinstance(layout, TableLayout):
        if row.offset >= len(values):
            raise _misfit(row)
        return cast(Array, values[row.offset])
    size = row.length * int(np.prod(layout.item, dtype=np.int64))
    if row.offset + size > len(values):
        raise _misfit(row)
    if layout.length is not None and row.lead + row.length != layout.length:
        raise _misfit(row)
    return values[row.offset : row.offset + size].reshape(*layout.item, row.length)


def checked_values(values: Array, row: IndexRow, layout: Layout) -> Array:
    """Cut one clip's values out of its part and compare them with their checksum.

    Raises:
        StoreCorruptError: They are not what was written.
    """
    array = np.ascontiguousarray(clip_values(values, row, layout))
    if xxh3_64_intdigest(array.data) != row.checksum:
        raise _misfit(row)
    return array


def converter(layout: Layout, scale: Scale, reference: float, top_db: float | None) -> Convert:
    """Return the function that brings stored values to the wanted scale.

    Raises:
        UsageError: The feature is not a power, or there is no such scale.
    """
    if scale == "power":
        return lambda array: array
    if scale != "db":
        raise UsageError(f"unknown scale {scale!r}", allowed="'power' and 'db' are allowed")
    if not (isinstance(layout, ArrayLayout) and layout.is_power):
        raise UsageError("only power spectrograms can be read with scale='db'")
    return partial(power_to_db, reference=reference, top_db=top_db)


def read_padded(
    parts: PartCache, rows: Sequence[IndexRow], convert: Convert, silence: Convert
) -> Array:
    """Read clips into one array.

    Args:
        parts: Where they are.
        rows: The clips, in the order wanted.
        convert: Brings live values to the wanted scale.
        silence: From a clip's converted live values to what its padding is filled with.

    Returns:
        Shape ``(n, *item, length)``, clips padded in front; ``(n, columns)`` for table features.
    """
    layout = parts.layout
    dtype = np.dtype(layout.dtype)
    if isinstance(layout, TableLayout):
        out: Array = np.empty((len(rows), len(layout.columns)), dtype)
    else:
        length = layout.length or max((row.length for row in rows), default=0)
        out = np.zeros((len(rows), *layout.item, length), dtype)
    for position, row in in_disk_order(rows):
        values = parts.values(row)
        if isinstance(layout, TableLayout):
            out[position] = values
            continue
        live = convert(values)
        lead = out.shape[-1] - row.length
        out[position, ..., lead:] = live
        if lead and convert is not silence:
            out[position, ..., :lead] = silence(live)
    return out


def read_unpadded(parts: PartCache, rows: Sequence[IndexRow], convert: Convert) -> list[Array]:
    """Read clips as a list of arrays of their true length, each shape ``(*item, length)``."""
    out: list[Array] = [np.empty(0)] * len(rows)
    for position, row in in_disk_order(rows):
        out[position] = np.array(convert(parts.values(row)))
    return out


def in_disk_order(rows: Sequence[IndexRow]) -> Iterator[tuple[int, IndexRow]]:
    """Yield positions and rows, part by part, from front to back."""
    yield from sorted(enumerate(rows), key=lambda pair: (pair[1].part, pair[1].offset))


def lengths(rows: Sequence[IndexRow]) -> npt.NDArray[np.int64]:
    """Return each clip's live extent on the last axis."""
    return np.array([row.length for row in rows], np.int64)


def _misfit(row: IndexRow) -> StoreCorruptError:
    return StoreCorruptError(
        f"the values of clip {row.clip_id} in {row.part} are not what was written",
        hint="run 'serkit store verify' and 'serkit store repair'",
    )

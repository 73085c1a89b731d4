"""From index rows to arrays: padded, unpadded, in decibels, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from math import prod
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from xxhash import xxh3_64_intdigest

from serkit.dsp.mel import power_to_db
from serkit.errors import ClipTooLongError, StoreCorruptError, UsageError, unknown_name
from serkit.features import ArrayLayout, FeatureSpec, Layout, TableLayout
from serkit.store.batch import METADATA, Batch
from serkit.store.options import ReadOptions
from serkit.store.padding import pad_and_digest
from serkit.store.parts import Array, Place, find_values, map_values, open_values
from serkit.store.tables import ClipRow, IndexRow

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
        self._places: dict[str, Place] = {}

    def values(self, row: IndexRow) -> Array:
        """Return one clip's values, shape ``(*item, length)`` or ``(columns,)``, not copied.

        Raises:
            StoreCorruptError: The part is missing, or the values are damaged.
            StoreReadError: The part is there but cannot be read.
        """
        return checked_values(self._part(row.part), row, self.layout)

    def copy(self, row: IndexRow, out: Array) -> None:
        """Copy one clip's values to the end of its place; see :class:`Parts`."""
        copy_checked(self._part(row.part), row, self.layout, out)

    def _part(self, file: str) -> Array:
        # Taken out and put back: the parts used last stand last.
        part = self._open.pop(file, None)
        if part is None:
            if len(self._open) >= _OPEN_PARTS:
                del self._open[next(iter(self._open))]
            part = self._opened(file)
        self._open[file] = part
        return part

    def _opened(self, file: str) -> Array:
        path = self._store / file
        if isinstance(self.layout, TableLayout):
            return open_values(path, self.layout)
        # locating values through HDF5 takes twenty times as long as mapping them, so do it once
        if file not in self._places:
            self._places[file] = find_values(path, self.layout)
        return map_values(path, self._places[file])


def clip_values(values: Array, row: IndexRow, layout: Layout) -> Array:
    """Cut one clip's values out of its part.

    Raises:
        StoreCorruptError: The part is too short for them, or they do not have the feature's shape.
    """
    if isinstance(layout, TableLayout):
        if row.offset >= len(values):
            raise _misfit(row)
        return cast(Array, values[row.offset])
    end = row.offset + row.length * prod(layout.item)
    if end > len(values):
        raise _misfit(row)
    if layout.length is not None and row.lead + row.length < layout.length:
        raise _misfit(row)
    return values[row.offset : end].reshape(*layout.item, row.length)


def checked_values(values: Array, row: IndexRow, layout: Layout) -> Array:
    """Cut one clip's values out of its part and compare them with their checksum.

    Raises:
        StoreCorruptError: They are damaged.
    """
    array = np.ascontiguousarray(clip_values(values, row, layout))
    if xxh3_64_intdigest(array.data) != row.checksum:
        raise _misfit(row)
    return array


def copy_checked(values: Array, row: IndexRow, layout: Layout, out: Array) -> None:
    """Copy one clip's values out of its part and compare them with their checksum.

    Args:
        values: The part's values.
        row: The clip.
        layout: The feature's shape.
        out: Where they go, shape ``(*item, length)``; zeros stand in front of them.

    Raises:
        StoreCorruptError: They are damaged; what is in ``out`` is of no use then.
    """
    array = np.ascontiguousarray(clip_values(values, row, layout))
    if pad_and_digest(array, out) != row.checksum:
        raise _misfit(row)


class Parts(Protocol):
    """Where the values of one feature are."""

    @property
    def layout(self) -> Layout:
        """The feature's shape."""

    def values(self, row: IndexRow) -> Array:
        """Return one clip's values, contiguous, not copied."""

    def copy(self, row: IndexRow, out: Array) -> None:
        """Copy one clip's values to the end of its place, zeros in front of them.

        Args:
            row: The clip.
            out: Its place, shape ``(*item, length)``, contiguous.
        """


def read_batch(
    parts: Parts,
    spec: FeatureSpec,
    rows: Sequence[IndexRow],
    clips: Sequence[ClipRow],
    options: ReadOptions,
) -> Batch:
    """Read clips with metadata, in the given order.

    Args:
        parts: Where their values are.
        spec: The feature.
        rows: Where each clip's values are in the parts.
        clips: The clips, in the same order.
        options: Padding, scale and metadata columns.

    Raises:
        UnknownNameError: There is no such column.
        UsageError: Decibels are requested for a feature that is not a power.
    """
    return Batch(
        X=read_values(parts, rows, options),
        y=np.array([clip.emotion_id for clip in clips], np.int64),
        rows=tuple(clips),
        metadata=_metadata(options.columns),
        lengths=np.array([row.length for row in rows], np.int64),
        columns=parts.layout.columns if isinstance(parts.layout, TableLayout) else (),
        spec=spec,
    )


def _metadata(columns: Iterable[str] | None) -> tuple[str, ...]:
    if columns is None:
        return METADATA
    for column in columns:
        if column not in METADATA:
            raise unknown_name("column", column, METADATA)
    return tuple(columns)


def read_values(parts: Parts, rows: Sequence[IndexRow], options: ReadOptions) -> Any:
    """Read clips as requested.

    Args:
        parts: Where they are.
        rows: The clips, in the requested order.
        options: Padding and scale.

    Returns:
        An array of shape ``(n, *item, length)`` or ``(n, columns)``; unpadded a list of n arrays.

    Raises:
        UsageError: Decibels are requested for a feature that is not a power.
        ClipTooLongError: A clip to be padded is longer than the recipe pads to.
        StoreCorruptError: A file is damaged.
    """
    convert = _converter(parts.layout, options)
    if isinstance(parts.layout, TableLayout):
        return _read_table(parts, rows)
    if options.padded:
        _refuse_longer(parts.layout, rows)
        return _read_padded(parts, parts.layout, rows, convert, _silence(options))
    return _read_unpadded(parts, parts.layout, rows, convert)


def _refuse_longer(layout: ArrayLayout, rows: Sequence[IndexRow]) -> None:
    """Refuse clips that are longer than the recipe pads to: they have no padded form."""
    if layout.length is None:
        return
    longer = [row for row in rows if row.lead + row.length > layout.length]
    if longer:
        longest = max(longer, key=lambda row: row.length)
        raise ClipTooLongError(
            f"{len(longer):,} of {len(rows):,} clips are longer than the {layout.length:,} "
            f"{layout.axis} that the recipe pads to ({longest.clip_id} has {longest.length:,})",
            hint="read them with padded=False (nets: --set padding=crop), "
            "or use a recipe with a larger pad_to",
        )


def _read_table(parts: Parts, rows: Sequence[IndexRow]) -> Array | list[Array]:
    layout = cast(TableLayout, parts.layout)
    out = np.empty((len(rows), len(layout.columns)), layout.dtype)
    for position, row in _in_disk_order(rows):
        out[position] = parts.values(row)
    return out


def _read_padded(
    parts: Parts,
    layout: ArrayLayout,
    rows: Sequence[IndexRow],
    convert: Convert | None,
    silence: Convert | None,
) -> Array:
    length = layout.length or max((row.length for row in rows), default=0)
    out: Array = np.empty((len(rows), *layout.item, length), layout.dtype)
    for position, row in _in_disk_order(rows):
        if convert and silence:
            live, lead = convert(parts.values(row)), length - row.length
            out[position, ..., :lead] = silence(live)
            out[position, ..., lead:] = live
        else:
            parts.copy(row, out[position])
    return out


def _read_unpadded(
    parts: Parts, layout: ArrayLayout, rows: Sequence[IndexRow], convert: Convert | None
) -> list[Array]:
    out: list[Array] = [np.empty(0)] * len(rows)
    for position, row in _in_disk_order(rows):
        if convert:
            out[position] = convert(parts.values(row))
        else:
            out[position] = np.empty((*layout.item, row.length), layout.dtype)
            parts.copy(row, out[position])
    return out


def _converter(layout: Layout, options: ReadOptions) -> Convert | None:
    """Return the conversion to the requested scale; None if not needed."""
    if options.scale == "power":
        return None
    if not (isinstance(layout, ArrayLayout) and layout.is_power):
        raise UsageError("only power spectrograms can be read with scale='db'")
    return partial(power_to_db, reference=options.reference, top_db=options.top_db)


def _silence(options: ReadOptions) -> Convert | None:
    """Return the padding value in decibels: the floor, raised to ``top_db`` below the peak."""
    if options.scale == "power":
        return None
    floor = 10.0 * np.log10(1e-10) - 10.0 * np.log10(max(1e-10, options.reference))
    top_db = options.top_db

    def silence(live: Array) -> Array:
        lowest = floor if top_db is None or not live.size else max(floor, live.max() - top_db)
        return np.asarray(lowest, np.float32)

    return silence


def _in_disk_order(rows: Sequence[IndexRow]) -> Iterator[tuple[int, IndexRow]]:
    """Yield positions and rows, part by part, from front to back."""
    yield from sorted(enumerate(rows), key=lambda pair: (pair[1].part, pair[1].offset))


def _misfit(row: IndexRow) -> StoreCorruptError:
    return StoreCorruptError(
        f"the values of clip {row.clip_id} in {row.part} are not what was written",
        hint="run 'serkit store verify' and 'serkit store repair'",
    )

"""Parts under a URL: clips are read as ranges of bytes, and parts that are read a lot are kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

import numpy as np

from serkit.errors import StoreCorruptError
from serkit.features import ArrayLayout, Layout
from serkit.store.manifest import StoredFile
from serkit.store.mirror import Mirror
from serkit.store.parts import Array, Place, find_values_in_head
from serkit.store.reading import PartCache, checked_values, copy_checked
from serkit.store.tables import IndexRow

_HEAD = 32 * 2**10
"""Bytes at the beginning of a part in which its structure lies."""

_WORTH_KEEPING = 0.5
"""Share of a part that was asked for, in all, from which on the part is fetched whole."""


class RemoteParts:
    """The parts of one feature under a URL; see :class:`serkit.store.reading.Parts`.

    Args:
        mirror: Where they are, and where parts are kept.
        layout: The feature's shape.
        files: The parts as they were committed.

    Attributes:
        layout: The feature's shape.
    """

    def __init__(self, mirror: Mirror, layout: Layout, files: Mapping[str, StoredFile]) -> None:
        self.layout = layout
        self._mirror = mirror
        self._files = files
        self._kept = PartCache(mirror.folder, layout)
        self._places: dict[str, Place] = {}
        self._asked: Counter[str] = Counter()
        self._pieces: dict[str, Array] = {}

    def prefetch(self, rows: Sequence[IndexRow]) -> None:
        """Fetch what the next calls of :meth:`values` need, and drop what was fetched before.

        Raises:
            StoreReadError: It cannot be read.
        """
        self._pieces.clear()
        by_part: dict[str, list[IndexRow]] = defaultdict(list)
        for row in rows:
            if not (self._mirror.folder / row.part).is_file():
                by_part[row.part].append(row)
        for part, wanted in by_part.items():
            self._asked[part] += sum(self._bytes(row) for row in wanted)
        whole = [part for part in by_part if self._is_worth_keeping(part)]
        self._mirror.fetch(whole)
        pieces = [row for part in by_part.keys() - set(whole) for row in by_part[part]]
        if isinstance(self.layout, ArrayLayout) and pieces:
            self._read_pieces(self.layout, pieces)

    def values(self, row: IndexRow) -> Array:
        """Return one clip's values, not copied.

        Raises:
            StoreCorruptError: They are not what was written.
            StoreReadError: They cannot be read.
        """
        piece = self._pieces.get(row.clip_id)
        if piece is None:
            self._mirror.fetch([row.part])  # where nobody said what comes next
            return self._kept.values(row)
        return checked_values(piece, replace(row, offset=0), self.layout)

    def copy(self, row: IndexRow, out: Array) -> None:
        """Copy one clip's values to the end of its place; see :meth:`values` for what can fail."""
        piece = self._pieces.get(row.clip_id)
        if piece is None:
            self._mirror.fetch([row.part])
            self._kept.copy(row, out)
        else:
            copy_checked(piece, replace(row, offset=0), self.layout, out)

    def _bytes(self, row: IndexRow) -> int:
        """Return how long a clip's values are; rows of a table are never read alone."""
        if not isinstance(self.layout, ArrayLayout):
            return self._files[row.part].bytes
        return row.length * prod(self.layout.item) * np.dtype(self.layout.dtype).itemsize

    def _is_worth_keeping(self, part: str) -> bool:
        size = self._files[part].bytes
        return size <= _HEAD or self._asked[part] > _WORTH_KEEPING * size

    def _read_pieces(self, layout: ArrayLayout, rows: Sequence[IndexRow]) -> None:
        self._find({row.part for row in rows} - self._places.keys(), layout)
        rows = [row for row in rows if row.part in self._places]
        ranges = []
        for row in rows:
            place = self._places[row.part]
            first = place.offset + row.offset * np.dtype(layout.dtype).itemsize
            ranges.append((row.part, first, first + self._bytes(row)))
        read = self._mirror.objects.read_ranges(ranges)
        for row, data in zip(rows, read, strict=True):
            if len(data) != self._bytes(row):
                raise StoreCorruptError(
                    f"{row.part} of {self._mirror.url} is shorter than what was committed",
                    hint="extract the clips again",
                )
            self._pieces[row.clip_id] = np.frombuffer(data, layout.dtype)

    def _find(self, parts: set[str], layout: ArrayLayout) -> None:
        """Find the positions of values in parts from the first bytes of each.

        One whose structure is longer than that is brought here whole.
        """
        names = sorted(parts)
        heads = self._mirror.objects.read_ranges([(name, 0, _HEAD) for name in names])
        for name, head in zip(names, heads, strict=True):
            place = find_values_in_head(head, self._files[name].bytes, layout)
            if place:
                self._places[name] = place
            else:
                self._mirror.fetch([name])

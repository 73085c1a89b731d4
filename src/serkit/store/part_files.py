"""Writing a part: the file with the values of some clips of a feature."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from serkit.features import FeatureSpec, Layout
from serkit.storage.files import write_file
from serkit.storage.objects import Objects
from serkit.store.manifest import PARTS, StoredFile
from serkit.store.mirror import mirror_of
from serkit.store.parts import Item, encode_part, suffix
from serkit.store.tables import IndexRow


def write_part(
    store: Path,
    spec: FeatureSpec,
    layout: Layout,
    items: Sequence[Item],
    name: str,
    *,
    flush: bool = False,
) -> tuple[StoredFile, list[IndexRow]]:
    """Write a part file; it is garbage until a writer has taken it into use.

    Args:
        store: The store's folder.
        spec: The feature.
        layout: Its shape.
        items: Clips and their values.
        name: The file's name without its ending; must be new.
        flush: Whether to wait for the disk. The writer does that while workers compute, but
            cannot do it for another machine.
    """
    if mirror := mirror_of(store):
        return upload_part(mirror.objects, spec, layout, items, name)
    file = _part_file(spec, layout, name)
    pieces, rows = encode_part(spec, layout, items, file)
    write_file(store / file, *pieces, flush=flush)
    return _registered(StoredFile.of(file, *pieces), rows)


def upload_part(
    objects: Objects, spec: FeatureSpec, layout: Layout, items: Sequence[Item], name: str
) -> tuple[StoredFile, list[IndexRow]]:
    """Write a part of a store under a URL; see :func:`write_part`."""
    file = _part_file(spec, layout, name)
    pieces, rows = encode_part(spec, layout, items, file)
    objects.write(file, *pieces)
    return _registered(StoredFile.of(file, *pieces), rows)


def _registered(part: StoredFile, rows: Iterable[IndexRow]) -> tuple[StoredFile, list[IndexRow]]:
    """Return a part and its rows, which say how long it is and what its checksum is."""
    return part, [replace(row, part_bytes=part.bytes, part_xxh3=part.xxh3) for row in rows]


def _part_file(spec: FeatureSpec, layout: Layout, name: str) -> str:
    return f"{PARTS}/{spec.name}/{name}{suffix(layout)}"

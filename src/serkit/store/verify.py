"""``store verify``: read every file and compare it with its checksum."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

from xxhash import xxh3_64_hexdigest

from serkit.errors import StoreCorruptError
from serkit.features import Layout
from serkit.progress import ProgressCallback
from serkit.shown import Shown
from serkit.storage.files import read_file
from serkit.store.manifest import COPY, Manifest, Segments, StoredFile, copy_damage, read_manifest
from serkit.store.mirror import Mirror, mirror_of
from serkit.store.parts import Array, open_values
from serkit.store.reading import checked_values
from serkit.store.rows import Rows
from serkit.store.segment import Segment
from serkit.store.state import StoreState
from serkit.store.tables import IndexRow

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class Damage:
    """A damaged file of the store.

    Attributes:
        file: Its path inside the store.
        what: The defect.
        feature: The feature it stores or indexes; empty for other tables.
        clip_ids: Clips with lost values.
    """

    file: str
    what: str
    feature: str = ""
    clip_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class VerifyReport(Shown):
    """The result of a verification.

    Attributes:
        files: Files compared.
        bytes: Their size.
        damaged: The damaged files.
    """

    files: int
    bytes: int
    damaged: tuple[Damage, ...]

    def __rich__(self) -> RenderableType:
        """Return one line for each damage, and the verdict."""
        from rich.text import Text

        from serkit.printable import printable
        from serkit.units import byte_size, first_few

        lines = [
            f"{each.file}: {each.what}" + (f": {first_few(each.clip_ids)}" if each.clip_ids else "")
            for each in self.damaged
        ]
        verdict = f"{len(self.damaged)} damaged" if self.damaged else "all as written"
        lines.append(f"{self.files:,} files, {byte_size(self.bytes)}: {verdict}")
        return Text(printable("\n".join(lines)))


_ATTEMPTS = 5


def verify(store: Path, progress: ProgressCallback | None = None) -> VerifyReport:
    """Read a store back, every byte of it.

    Nothing is locked. Where a writer has replaced files meanwhile, the newer state is read. Of a
    store under a URL every object is downloaded, one at a time, and none is kept.

    Args:
        store: The store's folder, or the mirror of one under a URL.
        progress: Called as ``progress(done, total)``, in files.

    Raises:
        NotFoundError: No store there.
        StoreCorruptError: The manifest itself is damaged.
        StoreReadError: Objects cannot be read.
    """
    place: _Place = _Remote(mirror) if (mirror := mirror_of(store)) else _Folder(store)
    for attempt in range(_ATTEMPTS):
        manifest = place.manifest()
        report = _verify(place, manifest, progress)
        if not report.damaged or attempt + 1 == _ATTEMPTS or place.manifest() == manifest:
            return report
    raise AssertionError  # the loop returns


class _Place(Protocol):
    """Where a store's files are."""

    def manifest(self) -> Manifest:
        """Return the newest committed manifest."""

    def read(self, file: str) -> bytes:
        """Return a file's content.

        Raises:
            FileNotFoundError: It is not there.
        """

    def copy_damage(self) -> str:
        """Return the defect of the manifest's copy, or an empty string."""


@dataclass(frozen=True)
class _Folder:
    path: Path

    def manifest(self) -> Manifest:
        return read_manifest(self.path)

    def read(self, file: str) -> bytes:
        return read_file(self.path / file)

    def copy_damage(self) -> str:
        return copy_damage(self.path)


@dataclass(frozen=True)
class _Remote:
    """The objects themselves: what the mirror holds of them is another copy."""

    mirror: Mirror

    def manifest(self) -> Manifest:
        return self.mirror.newest()[0]

    def read(self, file: str) -> bytes:
        return self.mirror.objects.read(file)

    def copy_damage(self) -> str:
        return ""  # commits are never overwritten, so they need no copy


def _verify(store: _Place, manifest: Manifest, progress: ProgressCallback | None) -> VerifyReport:
    damaged: list[Damage] = []
    for name, segments in manifest.tables.items():
        damaged += _read_table(store, segments, f"the {name} table")[1]
    indexes: dict[str, Rows[IndexRow]] = {}
    for name, feature in manifest.features.items():
        read, broken = _read_table(store, feature.index, f"the index of {name}", name)
        damaged += broken
        if not broken:
            indexes[name] = Rows(Segment(IndexRow, data) for data in read)
    state = StoreState(manifest, index=indexes)
    tables, parts = manifest.table_files(), {name: state.parts(name) for name in indexes}
    files = [*tables.values(), *(part for found in parts.values() for part in found.values())]
    checked = (_check_parts(store, state, name, found) for name, found in parts.items())
    for done, found in enumerate(chain([None] * len(tables), *checked), start=1):
        if found:
            damaged.append(found)
        if progress:
            progress(done, len(files))
    what = store.copy_damage()
    if what:
        damaged.append(Damage(COPY, f"the copy of the manifest {what}"))
    return VerifyReport(len(files), sum(file.bytes for file in files), tuple(damaged))


def _read_table(
    store: _Place, files: Segments, what: str, feature: str = ""
) -> tuple[list[bytes], list[Damage]]:
    """Read the files of a table, and return those that are damaged apart."""
    read = [(file, *_read(store, file)) for file in files]
    whole = [data for _, data, defect in read if not defect]
    return whole, [Damage(f.file, f"{what} {defect}", feature) for f, _, defect in read if defect]


def _check_parts(
    store: _Place, state: StoreState, feature: str, parts: Mapping[str, StoredFile]
) -> Iterator[Damage | None]:
    """Yield, for each part of a feature, its damage or None."""
    rows: defaultdict[str, list[IndexRow]] = defaultdict(list)
    for file, part in parts.items():
        data, what = _read(store, part)
        if not what:
            yield None
            continue
        if not rows:
            for row in state.index[feature].values():
                rows[row.part].append(row)
        lost = _lost(data, rows[file], state.manifest.features[feature].layout)
        whose = "1 clip" if len(lost) == 1 else f"{len(lost):,} clips"
        yield Damage(file, f"values of {whose} {what}", feature, lost)


def _read(store: _Place, file: StoredFile) -> tuple[bytes, str]:
    """Read a file; return its content and its defect, or an empty string."""
    try:
        data = store.read(file.file)
    except FileNotFoundError:
        return b"", "are missing" if file.file.startswith("parts/") else "is missing"
    if len(data) != file.bytes:
        return data, f"changed size ({file.bytes:,} -> {len(data):,} bytes)"
    return data, "" if xxh3_64_hexdigest(data) == file.xxh3 else "changed"


def _lost(data: bytes, rows: list[IndexRow], layout: Layout) -> tuple[str, ...]:
    """Return the clips whose values a damaged part has lost; all if that cannot be determined."""
    everyone = tuple(sorted(row.clip_id for row in rows))
    with TemporaryDirectory(prefix="serkit-verify-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / Path(rows[0].part).name
        copy.write_bytes(data)
        try:
            values = open_values(copy, layout)
        except StoreCorruptError:
            return everyone
        lost = [row.clip_id for row in rows if _is_lost(values, row, layout)]
    # the damage is between values: the part may not be read correctly again
    return tuple(sorted(lost)) or everyone


def _is_lost(values: Array, row: IndexRow, layout: Layout) -> bool:
    try:
        checked_values(values, row, layout)
    except StoreCorruptError:
        return True
    return False

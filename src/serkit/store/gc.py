"""``store gc``: free the disk space of unreachable values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from serkit.errors import unknown_name
from serkit.progress import ProgressCallback, silent
from serkit.shown import Shown
from serkit.storage.lock import DEFAULT_WAIT
from serkit.store.compact import CLIPS_PER_PART, rewrite_parts
from serkit.store.manifest import StoredFeature
from serkit.store.mirror import refuse_mirror
from serkit.store.opening import open_writer
from serkit.store.parts import count_clips
from serkit.store.rows import column
from serkit.store.writer import StoreWriter

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class GcReport(Shown):
    """The result of a garbage collection.

    Attributes:
        bytes_before: Size of the store before.
        bytes_after: And after.
        stale: Values of old recipes or old samples that were dropped, by feature.
        dropped: Features taken out of the store.
    """

    bytes_before: int
    bytes_after: int
    stale: dict[str, int]
    dropped: tuple[str, ...]

    def __rich__(self) -> RenderableType:
        """Return the number of freed bytes."""
        from rich.text import Text

        from serkit.units import byte_size

        stale = ", ".join(f"{name} {count:,} stale clips" for name, count in self.stale.items())
        freed = byte_size(self.bytes_before - self.bytes_after)
        text = f"{freed} freed, {byte_size(self.bytes_after)} left"
        return Text(text + (f" ({stale})" if stale else ""))


def gc(
    store: Path,
    *,
    drop: Collection[str] = (),
    wait: float = DEFAULT_WAIT,
    progress: ProgressCallback | None = None,
) -> GcReport:
    """Remove stale values, the dead space in part files, and files of killed writers.

    Args:
        store: The store's folder.
        drop: Features to take out altogether.
        wait: Seconds to wait for another writer.
        progress: Called as ``progress(done, total)``, in clips rewritten.

    Raises:
        NotFoundError: No store there.
        UsageError: The store lies under a URL.
        UnknownNameError: A feature to drop is not in the store.
        StoreError: The store is locked, damaged, or the disk is full.
    """
    refuse_mirror(store, "clean up")
    before = folder_size(store)
    stale: dict[str, int] = {}
    with open_writer(store, create=False, wait=wait) as writer:
        for name in drop:
            if name not in writer.features:
                raise unknown_name("feature", name, writer.features, where=f"in the store {store}")
        for name in drop:
            writer.drop_feature(name)
        for name, feature in list(writer.features.items()):
            old = _stale(writer, name, feature)
            if old:
                stale[name] = len(old)
                writer.drop_values(name, old)
        _compact(writer, progress or silent)
        writer.finish()
    return GcReport(before, folder_size(store), stale, tuple(drop))


def _compact(writer: StoreWriter, progress: ProgressCallback) -> None:
    """Rewrite every part that holds dead values."""
    sparse = {name: _sparse(writer, name) for name in writer.features}
    counts = {name: sum(parts.values()) for name, parts in sparse.items()}
    done, total = 0, sum(counts.values())
    progress(done, total)
    for name, parts in sparse.items():
        before = done

        def each(copied: int, before: int = before) -> None:
            progress(before + copied, total)

        rewrite_parts(writer, name, parts, clips_a_part=CLIPS_PER_PART, progress=each)
        done += counts[name]


def folder_size(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _stale(writer: StoreWriter, name: str, feature: StoredFeature) -> list[str]:
    behind, clips = writer.state.not_current(feature.spec), writer.state.clips
    index = writer.state.index[name]
    return [clip_id for clip_id in index if clip_id in behind or clip_id not in clips]


def _sparse(writer: StoreWriter, name: str) -> dict[str, int]:
    """Return the parts of which not every clip is alive any more, with how many are."""
    alive = Counter(column(writer.state.index[name], "part"))
    ever = _clips_written(writer, name)
    return {part: count for part, count in alive.items() if count < ever.get(part, count)}


def _clips_written(writer: StoreWriter, name: str) -> dict[str, int]:
    layout = writer.features[name].layout
    parts = set(column(writer.state.index[name], "part"))
    return {part: count_clips(writer.path / part, layout) for part in parts}

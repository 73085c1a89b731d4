"""``store export``: one feature in one plain file, for other programs, piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.errors import (
    IncompleteFeatureError,
    SerkitError,
    StoreWriteError,
    UsageError,
    unknown_name,
)
from serkit.features import TableLayout
from serkit.progress import ProgressCallback, silent
from serkit.storage.files import hidden_beside
from serkit.store.store import Batch, FeatureStore

if TYPE_CHECKING:
    import pandas as pd

FORMATS = {"parquet": ".parquet", "npz": ".npz", "hdf5": ".h5"}

_ARRAYS_PER_PIECE = 32
_ROWS_PER_PIECE = 4096
"""Clips that are in memory at once, and in one row group of Parquet."""


def export(
    store: FeatureStore,
    feature: str,
    to: str,
    path: Path | None = None,
    *,
    padded: bool = True,
    progress: ProgressCallback | None = None,
) -> Path:
    """Write a feature of all clips to one file; only a few clips are in memory at a time.

    ``parquet``: one row for each clip: metadata columns, then those of the feature (arrays as
    lists).
    ``npz`` and ``hdf5``: the array ``X``, ``y``, ``clip_id``, ``length``, and each metadata column.

    Args:
        store: The store.
        feature: The feature's name.
        to: ``parquet``, ``npz`` or ``hdf5``.
        path: The file; None is ``FEATURE.parquet`` (and so on) in the current folder.
        padded: Whether arrays are padded in front; ``npz`` and ``hdf5`` always are.
        progress: Called as ``progress(done, total)``, in clips.

    Raises:
        UnknownNameError: No such feature or format.
        IncompleteFeatureError: Some clips have no current values, or none has any.
        StoreWriteError: It cannot be written; no partial file is left.
    """
    if to not in FORMATS:
        raise unknown_name("format", to, FORMATS)
    target = path or Path(feature + FORMATS[to])
    if target.is_dir():
        raise UsageError(f"{target} is a folder", hint="name a file")
    content = _Content.of(store, feature, padded or to != "parquet", progress or silent)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with hidden_beside(target) as hidden:
            _WRITERS[to](content, hidden)
    except SerkitError:
        raise  # one of reading: it has its sentence
    except OSError as error:
        raise StoreWriteError(
            f"cannot write {target} ({error.strerror or error})", hint="make room or name another"
        ) from error
    return target


@dataclass(frozen=True)
class _Content:
    """The content to export.

    Attributes:
        store: Where it is read from.
        feature: The feature's name.
        clips: Metadata of its clips, indexed by ``clip_id``.
        lengths: Live extent of each clip.
        padded: Whether arrays are padded in front.
        progress: Called as ``progress(done, total)``, in clips.
    """

    store: FeatureStore
    feature: str
    clips: pd.DataFrame
    lengths: npt.NDArray[np.int64]
    padded: bool
    progress: ProgressCallback

    @classmethod
    def of(
        cls,
        store: FeatureStore,
        feature: str,
        padded: bool,
        progress: ProgressCallback,
    ) -> _Content:
        ids = store.select(feature)
        if not ids:
            raise IncompleteFeatureError(
                f"no clip in {store.path} has values of {feature}",
                hint=f"'serkit store why {feature}' says why",
            )
        index = store.state.index[feature]
        lengths = np.array([index[clip_id].length for clip_id in ids], np.int64)
        return cls(store, feature, store.clips.loc[ids], lengths, padded, progress)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of a table feature's columns."""
        layout = self.store.layout(self.feature)
        return layout.columns if isinstance(layout, TableLayout) else ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of all padded values."""
        layout = self.store.layout(self.feature)
        if isinstance(layout, TableLayout):
            return len(self.clips), len(layout.columns)
        return len(self.clips), *layout.item, layout.length or int(self.lengths.max())

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self.store.layout(self.feature).dtype)

    def pieces(self) -> Iterator[Batch]:
        """Read the clips in order, a few at a time; padded ones are as long as the longest."""
        ids = self.clips.index.tolist()
        size = _ROWS_PER_PIECE if self.columns else _ARRAYS_PER_PIECE
        self.progress(0, len(ids))
        for first in range(0, len(ids), size):
            piece = ids[first : first + size]
            batch = self.store.read(self.feature, piece, padded=self.padded)
            lead = self.shape[-1] - batch.X.shape[-1] if self.padded else 0
            if lead:  # the recipe has no length, and the longest clip is in another piece
                before = [(0, 0)] * (batch.X.ndim - 1)
                batch = replace(batch, X=np.pad(batch.X, [*before, (lead, 0)]))
            yield batch
            self.progress(first + len(piece), len(ids))

    def beside(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays next to ``X``."""
        frame = self.clips.drop(columns=["resampled_from"]).dropna(axis="columns")
        arrays = {
            "y": frame["emotion_id"].to_numpy(np.int64),
            "clip_id": frame.index.to_numpy(np.str_),
            "length": self.lengths,
        }
        for name in frame.columns:
            kind = np.str_ if frame[name].dtype.kind in "OUT" else np.int64
            arrays[name] = frame[name].to_numpy(kind)
        if self.columns:
            arrays["columns"] = np.array(self.columns)
        return arrays


def _to_parquet(content: _Content, path: Path) -> None:
    import pyarrow.parquet as pq

    with path.open("wb") as file:
        writer: Any = None
        for batch in content.pieces():
            table = _table(content.feature, batch)
            writer = writer or pq.ParquetWriter(file, table.schema, compression="zstd")
            writer.write_table(table)
        writer.close()


def _table(feature: str, batch: Batch) -> Any:
    import pyarrow as pa

    # 'change_deviation' is a column and not a list of one number.
    if batch.columns:
        columns = {name: pa.array(batch.X[:, i]) for i, name in enumerate(batch.columns)}
    else:
        columns = {feature: _lists(batch)}
    table = pa.Table.from_pandas(batch.clips.reset_index(), preserve_index=False)
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table


def _lists(batch: Batch) -> Any:
    """Return arrays as Arrow lists, one level for each axis."""
    import pyarrow as pa

    layout_item = batch.X[0].shape[:-1]
    flat = pa.array(np.concatenate([np.asarray(x).reshape(-1) for x in batch.X]))
    repeats = int(np.prod(layout_item, dtype=np.int64))
    inner = np.repeat([x.shape[-1] for x in batch.X], repeats)
    nested = pa.LargeListArray.from_arrays(_offsets(inner), flat)
    for axis in reversed(range(len(layout_item))):
        count = len(batch.X) * int(np.prod(layout_item[:axis], dtype=np.int64))
        nested = pa.LargeListArray.from_arrays(_offsets(np.full(count, layout_item[axis])), nested)
    return nested


def _offsets(sizes: Any) -> Any:
    import pyarrow as pa

    return pa.array(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))


def _to_npz(content: _Content, path: Path) -> None:
    """Write what ``numpy.savez_compressed`` would, without ever holding all of ``X``."""
    from zipfile import ZIP_DEFLATED, ZipFile

    shape, dtype = content.shape, content.dtype
    head = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    with path.open("wb") as file, ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, array in content.beside().items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
        with archive.open("X.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array_header_1_0(member, head)
            for batch in content.pieces():
                member.write(np.ascontiguousarray(batch.X, dtype).data)


def _to_hdf5(content: _Content, path: Path) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["feature"] = content.feature
        for name, array in content.beside().items():
            file[name] = np.char.encode(array, "utf-8") if array.dtype.kind == "U" else array
        whole, first = file.create_dataset("X", content.shape, content.dtype), 0
        for batch in content.pieces():
            whole[first : first + len(batch)] = batch.X
            first += len(batch)


_WRITERS: dict[str, Callable[[_Content, Path], None]] = {
    "parquet": _to_parquet,
    "npz": _to_npz,
    "hdf5": _to_hdf5,
}

"""``store export``: one feature in one plain file, for other programs."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from serkit.errors import StoreWriteError, UsageError, unknown_name
from serkit.features import TableLayout
from serkit.store.files import TEMPORARY
from serkit.store.store import Batch, FeatureStore

FORMATS = {"parquet": ".parquet", "npz": ".npz", "hdf5": ".h5"}


def export(
    store: FeatureStore, feature: str, to: str, path: Path | None = None, *, padded: bool = True
) -> Path:
    """Write a feature of all clips to one file.

    ``parquet``: a row a clip, metadata columns, then the feature's columns (arrays as lists).
    ``npz`` and ``hdf5``: the array ``X``, ``y``, ``clip_id``, ``length``, and each metadata column.

    Args:
        store: The store.
        feature: The feature's name.
        to: ``parquet``, ``npz`` or ``hdf5``.
        path: The file; None is ``FEATURE.parquet`` (and so on) in the current folder.
        padded: Whether arrays are padded in front; ``npz`` and ``hdf5`` always are.

    Raises:
        UnknownNameError: No such feature or format.
        StoreWriteError: The disk did not take it; no half file is left.
    """
    if to not in FORMATS:
        raise unknown_name("format", to, FORMATS)
    target = path or Path(feature + FORMATS[to])
    if target.is_dir():
        raise UsageError(f"{target} is a folder", hint="name a file")
    batch = store.load(feature, padded=padded or to != "parquet")
    temporary = target.with_name(f".{target.name}.{os.getpid()}{TEMPORARY}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if to == "parquet":
            _to_parquet(batch, feature, store, temporary)
        elif to == "npz":
            with temporary.open("wb") as file:
                np.savez_compressed(file, **_arrays(batch))
        else:
            _to_hdf5(batch, feature, temporary)
        temporary.replace(target)
    except OSError as error:
        with suppress(OSError):  # on a read-only disk even this fails
            temporary.unlink()
        raise StoreWriteError(
            f"cannot write {target} ({error.strerror or error})", hint="make room or name another"
        ) from error
    return target


def _to_parquet(batch: Batch, feature: str, store: FeatureStore, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    frame = batch.clips.reset_index()
    # 'change_deviation' is a column and not a list of one number.
    if isinstance(store.layout(feature), TableLayout):
        columns = {name: pa.array(batch.X[:, i]) for i, name in enumerate(batch.columns)}
    else:
        columns = {feature: _lists(batch)}
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for name, column in columns.items():
        table = table.append_column(name, column)
    pq.write_table(table, path, compression="zstd")


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


def _to_hdf5(batch: Batch, feature: str, path: Path) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["feature"] = feature
        for name, array in _arrays(batch).items():
            file[name] = np.char.encode(array, "utf-8") if array.dtype.kind == "U" else array


def _arrays(batch: Batch) -> dict[str, Any]:
    frame = batch.clips.drop(columns=["resampled_from"])
    columns = {
        name: frame[name].to_numpy(np.str_ if frame[name].dtype.kind in "OUT" else np.int64)
        for name in frame.columns
    }
    arrays = {
        "X": batch.X,
        "y": batch.y,
        "clip_id": batch.clips.index.to_numpy(np.str_),
        "length": batch.lengths,
        **columns,
    }
    if batch.columns:
        arrays["columns"] = np.array(batch.columns)
    return arrays

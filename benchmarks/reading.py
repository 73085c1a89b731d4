"""Reading what was computed: whole, random batches of 32, one clip; warm, within one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import calls

FEATURE = "mel128"
BATCH = 32
IN_A_ROW = {"batch": 20, "one": 200}
"""Calls of one reader before it is the next one's turn."""


def measure(store_path: Path, scratch: Path, rounds: int) -> dict[str, Any]:
    """Time serkit's store beside the same array kept otherwise; what they read is compared."""
    from serkit import FeatureStore

    store = FeatureStore(store_path)
    whole = store.load(FEATURE)
    readers = _readers(store, whole, scratch)
    _agree(readers, whole.X)
    random = np.random.default_rng(0)
    count = len(whole)

    def some(read: Callable[[list[int]], Any]) -> Callable[[], Any]:
        return lambda: read(random.integers(count, size=BATCH).tolist())

    def one(read: Callable[[list[int]], Any]) -> Callable[[], Any]:
        return lambda: read([int(random.integers(count))])

    everything = list(range(count))
    return {
        "whole": calls({n: lambda r=r: r(everything) for n, r in readers.items()}, rounds),
        "batch": calls({n: some(r) for n, r in readers.items()}, rounds, IN_A_ROW["batch"]),
        "one": calls({n: one(r) for n, r in readers.items()}, rounds, IN_A_ROW["one"]),
        "loader": _loaders(store, scratch, 2 * rounds) if find_spec("torch") else {},
        "bytes": _sizes(store, scratch),
        "clips": count,
        "in_a_row": IN_A_ROW,
    }


def _readers(store: Any, whole: Any, scratch: Path) -> dict[str, Callable[[list[int]], Any]]:
    import h5py

    padded, single = scratch / "padded.npy", scratch / "single"
    np.save(padded, whole.X)
    single.mkdir(exist_ok=True)
    for number, values in enumerate(whole.X):
        np.save(single / f"{number}.npy", values)
    with h5py.File(scratch / "padded.h5", "w") as file:
        file.create_dataset("X", data=whole.X)
    ids = list(whole.clip_ids)
    mapped = np.load(padded, mmap_mode="r")
    opened = h5py.File(scratch / "padded.h5", "r")["X"]

    def hdf5(rows: list[int]) -> Any:
        if len(rows) == len(ids):
            return opened[:]
        if len(rows) == 1:
            return opened[rows[0]][np.newaxis]
        kept, back = np.unique(rows, return_inverse=True)  # HDF5 wants them sorted and once each
        return opened[kept][back]

    found = {
        "serkit, checksums compared": lambda rows: store.read(FEATURE, [ids[i] for i in rows]).X,
        "numpy.memmap of one padded array": lambda rows: np.asarray(mapped[rows]),
        "numpy.load, a file a clip": lambda rows: np.stack(
            [np.load(single / f"{i}.npy") for i in rows]
        ),
        "h5py, one padded dataset": hdf5,
    }
    if find_spec("datasets"):
        found["Hugging Face datasets, memory-mapped"] = _datasets(whole, scratch / "datasets")
    if find_spec("lhotse"):
        found["lhotse's HDF5 file, an array a clip"] = _lhotse(whole, scratch / "lhotse.h5")
    return found


def _datasets(whole: Any, folder: Path) -> Callable[[list[int]], Any]:
    """Keep the padded array as a data set of Arrow files, as ``load_from_disk`` reads it."""
    from datasets import Array2D, Dataset, Features, disable_progress_bars, load_from_disk

    disable_progress_bars()
    features = Features({"X": Array2D(whole.X.shape[1:], "float32")})
    made = Dataset.from_generator(
        _rows_of,
        features=features,
        cache_dir=str(folder / "cache"),
        gen_kwargs={"path": str(folder.parent / "padded.npy")},
    )
    made.save_to_disk(folder / "saved")
    opened = load_from_disk(folder / "saved").with_format("numpy")
    return lambda rows: np.asarray(opened[rows]["X"], np.float32)


def _rows_of(path: str) -> Iterator[dict[str, Any]]:
    for values in np.load(path, mmap_mode="r"):
        yield {"X": values}


def _lhotse(whole: Any, path: Path) -> Callable[[list[int]], Any]:
    """Keep the padded clips as lhotse keeps its features; its reader opens the file once."""
    from lhotse import NumpyHdf5Reader, NumpyHdf5Writer

    with NumpyHdf5Writer(path) as writer:
        keys = [
            writer.write(clip_id, values)
            for clip_id, values in zip(whole.clip_ids, whole.X, strict=True)
        ]
    reader = NumpyHdf5Reader(path)
    return lambda rows: np.stack([reader.read(keys[row]) for row in rows])


def _agree(readers: dict[str, Callable[[list[int]], Any]], expected: Any) -> None:
    rows = [5, 0, 5, len(expected) - 1]
    for name, read in readers.items():
        if not np.array_equal(read(rows), expected[rows]):
            raise SystemExit(f"{name} reads other values")


def _loaders(store: Any, scratch: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Time a batch of torch's DataLoader, in one process: an epoch, divided by its batches."""
    import torch
    from torch.utils.data import DataLoader, Dataset

    class Mapped(Dataset):  # type: ignore[misc, type-arg]
        def __init__(self) -> None:
            self.values = np.load(scratch / "padded.npy", mmap_mode="r")

        def __len__(self) -> int:
            return len(self.values)

        def __getitem__(self, position: int) -> Any:
            return torch.from_numpy(self.values[position].copy()), 0

    loaders = {"serkit as_torch": store.as_torch(FEATURE), "numpy.memmap": Mapped()}
    epochs = {
        name: DataLoader(data, batch_size=BATCH, shuffle=True) for name, data in loaders.items()
    }
    found = calls({n: lambda e=e: [None for _ in e] for n, e in epochs.items()}, rounds)
    batches = len(epochs["numpy.memmap"])
    return {
        name: {key: seconds / batches for key, seconds in times.items()}
        for name, times in found.items()
    }


def _sizes(store: Any, scratch: Path) -> dict[str, int]:
    parts = store.state.parts(FEATURE).values()
    kept = {
        "one padded array": scratch / "padded.npy",
        "numpy files, one a clip": scratch / "single",
        "HDF5, one padded dataset": scratch / "padded.h5",
        "Hugging Face datasets": scratch / "datasets" / "saved",
        "lhotse's HDF5 file": scratch / "lhotse.h5",
    }
    found = {name: _bytes(path) for name, path in kept.items() if path.exists()}
    return {"serkit": sum(part.bytes for part in parts)} | found


def _bytes(path: Path) -> int:
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files)

"""Tiny RAVDESS-named corpora, quick recipes and ways to break a store, for its tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.audio import write_wav
from serkit.dsp.signal import Signal
from serkit.extraction.extract import ExtractReport, extract
from serkit.features import EXTRACTORS, Extractor, FeatureSpec, Values, resolve
from serkit.ingest.scan import scan
from serkit.store.store import FeatureStore
from serkit.store.verify import verify

PAD_TO = 9600
"""0.2 s: the longest clip here."""


# Clips


def clip_id(number: int) -> str:
    """Name the n-th clip (0 to 95): actors, emotions, statements and repetitions all vary."""
    actor, emotion, rest = number % 24 + 1, number % 8 + 1, number // 24
    return f"03-01-{emotion:02}-01-{rest // 2 + 1:02}-{rest % 2 + 1:02}-{actor:02}"


def sound(seed: int, frames: int | None = None) -> npt.NDArray[np.int16]:
    """Return a tone in noise of 0.05 to 0.2 s, its length and content given by the seed."""
    random = np.random.default_rng(seed)
    count = frames or int(random.integers(2400, PAD_TO))
    tone = 8000 * np.sin(np.arange(count) * random.uniform(0.02, 0.5))
    return (tone + random.normal(0, 500, count)).astype(np.int16)


def add_clip(folder: Path, number: int, *, seed: int | None = None) -> Path:
    """Write one clip and return its path."""
    name = clip_id(number)
    path = folder / f"Actor_{name[-2:]}" / f"{name}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_wav(path, sound(number if seed is None else seed))
    return path


def make_clips(folder: Path, numbers: Iterable[int] = range(6)) -> Path:
    """Write clips and return the folder."""
    for number in numbers:
        add_clip(folder, number)
    return folder


# Recipes


def mel(**parameters: Any) -> FeatureSpec:
    """Return a mel recipe that costs next to nothing."""
    quick = {"n_fft": 256, "hop_length": 128, "n_mels": 8, "pad_to": PAD_TO}
    return resolve("mel8", EXTRACTORS.get("mel"), quick | parameters)


def raw(**parameters: Any) -> FeatureSpec:
    """Return the signal, padded to 0.2 s."""
    return resolve("raw", EXTRACTORS.get("raw"), {"pad_to": PAD_TO} | parameters)


def deviation(**parameters: Any) -> FeatureSpec:
    """Return a table feature."""
    extractor = EXTRACTORS.get("change-deviation")
    return resolve("change_deviation", extractor, {"pad_to": PAD_TO} | parameters)


def recipes() -> tuple[FeatureSpec, ...]:
    """Return an array of floats, an array of integers and a table."""
    return raw(), mel(), deviation()


# Stores


def fill(
    folder: Path,
    store: Path,
    specs: Iterable[FeatureSpec] | None = None,
    *,
    workers: int = 1,
    **options: Any,
) -> ExtractReport:
    """Extract a folder into a store, in this process unless told otherwise."""
    wanted = recipes() if specs is None else tuple(specs)
    return extract(scan(folder), wanted, store, workers=workers, **options)


Contents = dict[str, dict[str, bytes]]
"""For each feature, each clip's values with their type and shape."""


def contents(path: Path) -> Contents:
    """Read every current value of a store, byte for byte."""
    store = FeatureStore(path)
    state = store.state
    found: Contents = {}
    for name, feature in state.manifest.features.items():
        ids = [i for i in state.index[name] if state.current(feature.spec, i)]
        values = store.read(name, ids, padded=False).X
        found[name] = {i: _frozen(value) for i, value in zip(ids, values, strict=True)}
    return found


def _frozen(value: npt.NDArray[Any]) -> bytes:
    return f"{value.dtype} {value.shape} ".encode() + np.ascontiguousarray(value).tobytes()


def is_clean(path: Path) -> bool:
    """Return whether a store reads back as it was written."""
    return verify(path).damaged == ()


def flip(path: Path, position: int, mask: int = 0xFF) -> None:
    """Flip bits of one byte of a file; its time stamps do not tell."""
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[position] ^= mask
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def copy_store(source: Path, target: Path) -> Path:
    """Copy a store, so that each case can break its own."""
    shutil.copytree(source, target)
    return target


@contextmanager
def memory_folder() -> Iterator[Path]:
    """Make a folder in memory where there is one, for tests that flush files by the thousand."""
    shared = Path("/dev/shm")
    place = shared if os.access(shared, os.W_OK) else None
    with TemporaryDirectory(prefix="serkit-tests-", dir=place) as folder:
        yield Path(folder)


@contextmanager
def counting_calls() -> Iterator[list[str]]:
    """Count what extractors really compute in this process; yields the names of those called."""
    from importlib import import_module

    calls: list[str] = []
    modules = [import_module(f"serkit.extractors.{n}") for n in ("raw", "mel", "change_deviation")]
    real = [module.EXTRACTOR for module in modules]
    for module in modules:
        module.EXTRACTOR = _counted(module.EXTRACTOR, calls)  # type: ignore[attr-defined]
    try:
        yield calls
    finally:
        for module, extractor in zip(modules, real, strict=True):
            module.EXTRACTOR = extractor  # type: ignore[attr-defined]


def _counted(extractor: Extractor, calls: list[str]) -> Extractor:
    def compute(signal: Signal, parameters: Any) -> Values:
        calls.append(extractor.name)
        return extractor.compute(signal, parameters)

    return replace(extractor, compute=compute)

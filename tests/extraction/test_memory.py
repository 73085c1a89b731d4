"""The memory of the process that extracts grows by little for each clip."""

from __future__ import annotations

import gc
import tracemalloc
from hashlib import sha256

import pyarrow as pa
import pytest

import storekit as kit
from serkit.clips import ClipName
from serkit.extraction.extract import extract
from serkit.extraction.worker import Decoded, TaskResult
from serkit.ingest.clip_files import AudioFile
from serkit.ingest.corpus import CORPORA
from serkit.ingest.scan import Scan
from serkit.packed import Packed
from serkit.store.manifest import StoredFile
from serkit.store.tables import IndexRow

FEW, MANY = 1_500, 6_000

MOST_BYTES_A_CLIP = 220
"""What a clip may cost: 12 bytes for each table that has it, its file packed, and the like. The row
of one table as an object takes more, and so does a clip's id in a few dictionaries."""


class Stub:
    """An engine whose workers say that they have computed everything, and write empty parts."""

    name, remote = "stub", False

    def capacity(self):
        return 1

    def run(self, function, tasks, workers, idle=None):
        for number, task in enumerate(tasks):
            result = TaskResult(jobs=len(task.jobs))
            for job in task.jobs:
                digest = sha256(job.file.path.encode()).hexdigest()
                result.decoded.append(Decoded(job, digest, 1, 4_800, None, len(task.features)))
            for spec, _ in task.features:
                part = StoredFile(f"parts/{spec.name}/{number:016x}.h5", 0, "0" * 16)
                path = task.store / part.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
                result.parts[spec.name] = (
                    part,
                    [
                        IndexRow(
                            *(
                                clip.job.file.name.clip_id,
                                spec.fingerprint,
                                clip.pcm_sha256,
                                part.file,
                            ),
                            *(0, 4_800, 0, number, part.bytes, part.xxh3),
                        )
                        for clip in result.decoded
                    ],
                )
            yield result


def found(root, count):
    """Return the scan of a folder with so many clips, which nobody has to write."""
    ids = ((n, f"clip-{n:06d}") for n in range(count))
    names = ((n, ClipName(clip_id, "angry", "anna")) for n, clip_id in ids)
    files = (AudioFile(f"{c.clip_id}.wav", 9_644, 10**18 + n, c, 10**18 + n) for n, c in names)
    return Scan(root, CORPORA.get("synthetic"), Packed(AudioFile, files), {}, ())


@pytest.fixture
def small_windows(monkeypatch):
    """Hold fewer rows at a time, and commit by number alone: a short run then shows what grows."""
    monkeypatch.setattr("serkit.extraction.recorder._MOST_PENDING", 256)
    monkeypatch.setattr("serkit.extraction.recorder.time.monotonic", lambda: 0.0)
    monkeypatch.setattr("serkit.packed._AT_ONCE", 128)
    monkeypatch.setattr("serkit.store.table._SMALL", 256)
    monkeypatch.setattr("serkit.store.packing._AT_ONCE", 256)
    monkeypatch.setattr("serkit.store.rows._AT_ONCE", 256)
    monkeypatch.setattr("serkit.store.identity._AT_ONCE", 256)
    monkeypatch.setattr("serkit.packed._SORTED_AT_ONCE", 256)
    monkeypatch.setattr("serkit.packed._MERGED_AT_ONCE", 16)


def peak(root, count, **expected):
    """Return the most bytes that an extraction holds, by Python and NumPy and by Arrow's reader."""
    before, pool = pa.default_memory_pool(), pa.proxy_memory_pool(pa.system_memory_pool())
    pa.set_memory_pool(pool)
    gc.collect()
    tracemalloc.start()
    try:
        report = extract(found(root, count), (kit.mel(), kit.raw()), root / "store", engine=Stub())
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(before)
    assert {name: getattr(report, name) for name in expected} == expected
    return taken + pool.max_memory()


def test_memory_hardly_grows_with_the_number_of_clips(small_windows, tmp_path):
    for _ in range(2):  # imports everything
        peak(tmp_path / "none", 10)
    few, many = tmp_path / "few", tmp_path / "many"
    steps = {
        "first": ({"computed": FEW}, {"computed": MANY}),
        "repeated": ({"reused": FEW}, {"reused": MANY}),
    }
    grown = {
        step: (peak(many, MANY, **of_many) - peak(few, FEW, **of_few)) / (MANY - FEW)
        for step, (of_few, of_many) in steps.items()
    }
    assert all(each < MOST_BYTES_A_CLIP for each in grown.values()), grown

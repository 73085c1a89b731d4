"""How a store grows: time and memory against the number of clips, on short synthetic clips.

    python benchmarks/scaling.py --sizes 1000,10000,100000 [--scratch DIR] [--json FILE]

For each size a store is filled with two features by two workers, extracted into again with nothing
to do, opened, asked why, listed, and 100 clips are loaded from it by a filter. Each step is a
process of its own; its time is on the clock, from Python's start to its end, its memory the
largest of the process and its workers. Inside the extraction every commit is timed, too.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

SAMPLES = 4_800
"""Length of a clip: 0.1 s."""

CLIPS_A_FOLDER = 1_000

CLIPS_A_COMMIT = 1_008
"""Clips that each commit adds to a store that is filled without audio."""

STEPS = ("extract", "repeat", "open", "filter", "why", "ls")

ALONE = ("fill", "open", "filter", "why", "ls")
"""Steps of a store that is filled with noise, without audio: for sizes that would take hours."""


def main() -> None:
    """Measure every size, or one step where a parent asks for it."""
    options = _options()
    if options.step:
        print(json.dumps(run_step(options)))
        return
    found = {}
    with tempfile.TemporaryDirectory(dir=options.scratch, prefix="serkit-scaling-") as name:
        for size in options.sizes:
            folder = Path(name) / str(size)
            if not options.alone:
                make_clips(folder / "corpus", size)
            steps = ALONE if options.alone else STEPS
            found[size] = {step: _measure(step, folder, size) for step in steps}
            found[size]["bytes"] = sum(
                path.stat().st_size for path in (folder / "store").rglob("*") if path.is_file()
            )
            print(size, {step: found[size][step]["cpu"] for step in steps}, flush=True)
            if options.json:
                options.json.write_text(json.dumps(found, indent=1))


def make_clips(folder: Path, count: int) -> None:
    """Write clips of noise whose level and pitch differ; their names say who speaks how."""
    random = np.random.default_rng(0)
    pool = (random.normal(0, 3_000, SAMPLES * 4)).astype("<i2")
    head = _wav_head(SAMPLES)
    for number in range(count):
        place = folder / f"{number // CLIPS_A_FOLDER:04d}"
        if number % CLIPS_A_FOLDER == 0:
            place.mkdir(parents=True)
        first = number * 7 % (SAMPLES * 3)
        samples = pool[first : first + SAMPLES].copy()
        samples[:4] = np.frombuffer(np.int64(number).tobytes(), "<i2")  # no two clips are alike
        (place / f"{number:07d}.wav").write_bytes(head + samples.tobytes())


def _wav_head(samples: int) -> bytes:
    import struct

    size = 2 * samples
    form = struct.pack("<HHIIHH", 1, 1, 48_000, 96_000, 2, 16)
    return (
        b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + struct.pack("<I", 16) + form
        + b"data" + struct.pack("<I", size)
    )  # fmt: skip


def _measure(step: str, folder: Path, size: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--step", step, "--sizes", str(size)]
    command += ["--corpus", str(folder / "corpus"), "--store", str(folder / "store")]
    started = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {"seconds": time.perf_counter() - started, **json.loads(done.stdout)}


def run_step(options: argparse.Namespace) -> dict[str, Any]:
    """Do one step in this process and say what it took."""
    if options.step == "fill":
        details = _fill(options.store, options.sizes[0])
    elif options.step in ("extract", "repeat"):
        details = _extract(options.corpus, options.store)
    else:
        details = _read(options.step, options.store)
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "cpu": sum(each.ru_utime + each.ru_stime for each in usage),
        "own_bytes": usage[0].ru_maxrss * 1024,
        "worker_bytes": usage[1].ru_maxrss * 1024,
        **details,
    }


def _extract(corpus: Path, store: Path) -> dict[str, Any]:
    from serkit.extraction.extract import extract
    from serkit.store.writer import StoreWriter

    commits = []
    commit = StoreWriter.commit

    def timed(self: StoreWriter, **how: bool) -> None:
        started = time.perf_counter()
        commit(self, **how)
        commits.append((len(self.state.clips), time.perf_counter() - started))

    StoreWriter.commit = timed  # type: ignore[method-assign]
    report = extract(_scan(corpus), _specs(), store, workers=2)
    return {"computed": report.computed, "reused": report.reused, "commits": commits}


def _specs() -> list[Any]:
    from serkit.features import EXTRACTORS, resolve

    mel = {"n_fft": 512, "hop_length": 256, "n_mels": 64, "pad_to": 0}
    return [
        resolve("mel", EXTRACTORS.get("mel"), mel),
        resolve("change", EXTRACTORS.get("change-deviation"), {"pad_to": 0}),
    ]


def _fill(store: Path, count: int) -> dict[str, Any]:
    """Put values of noise into a store, part by part, and commit now and then."""
    from serkit.features import Values
    from serkit.store.compact import CLIPS_PER_PART, merge_small_parts
    from serkit.store.opening import open_writer
    from serkit.store.part_files import write_part
    from serkit.store.tables import ClipRow, FileRow

    random, commits = np.random.default_rng(0), []
    specs = _specs()
    with open_writer(store) as writer:
        for spec in specs:
            writer.define(spec, spec.layout())
        for first in range(0, count, CLIPS_PER_PART):
            numbers = range(first, min(first + CLIPS_PER_PART, count))
            rows = [_clip(number) for number in numbers]
            writer.put_clips(ClipRow(**row) for row in rows)
            writer.put_files(
                FileRow(r["path"], 9_644, n, r["clip_id"], r["pcm_sha256"], n)
                for n, r in zip(numbers, rows, strict=True)
            )
            shapes = {"mel": ((64, 19), "f4"), "change": ((1,), "f8")}
            for spec in specs:
                shape, kind = shapes[spec.name]
                items = [
                    (r["clip_id"], r["pcm_sha256"], Values(random.random(shape).astype(kind)))
                    for r in rows
                ]
                part = write_part(store, spec, spec.layout(), items, f"{first:016x}")
                writer.put_part(spec.name, *part)
            if (first + CLIPS_PER_PART) % CLIPS_A_COMMIT == 0:
                started = time.process_time(), time.perf_counter()
                writer.commit()
                taken = time.process_time() - started[0], time.perf_counter() - started[1]
                commits.append((len(writer.state.clips), *taken))
        for spec in specs:
            merge_small_parts(writer, spec.name)
        writer.finish()
    return {"commits": commits}


def _clip(number: int) -> dict[str, Any]:
    from serkit.corpora.ravdess import EMOTIONS

    actor = 1 + number // 8 % 1_000
    return {
        "clip_id": f"{number:07d}",
        "corpus": "synthetic",
        "path": f"{number // CLIPS_A_FOLDER:04d}/{number:07d}.wav",
        "modality": "audio-only",
        "vocal_channel": "speech",
        "emotion": EMOTIONS[number % 8],
        "emotion_id": number % 8,
        "intensity": "normal",
        "statement": "noise",
        "repetition": 1,
        "actor": actor,
        "speaker": str(actor),
        "sex": "male" if actor % 2 else "female",
        "sample_rate": 48_000,
        "channels": 1,
        "num_frames": SAMPLES,
        "resampled_from": None,
        "pcm_sha256": sha256(str(number).encode()).hexdigest(),
        "root": "/corpus",
    }


def _scan(folder: Path) -> Any:
    """Scan a folder of clips named by numbers, as a corpus of a thousand speakers."""
    from dataclasses import replace

    from serkit.clips import ClipName
    from serkit.corpora.ravdess import EMOTIONS
    from serkit.ingest.corpus import CORPORA
    from serkit.ingest.scan import scan_as

    def parse(path: PurePosixPath) -> ClipName:
        number = int(path.stem)
        return replace(
            blank,
            clip_id=path.stem,
            emotion=EMOTIONS[number % 8],
            speaker=str(1 + number // 8 % 1_000),
            actor=1 + number // 8 % 1_000,
            sex="male" if number // 8 % 2 else "female",
        )

    synthetic = CORPORA.get("synthetic")
    blank = synthetic.parse(PurePosixPath("03-01-01-01-01-01-01.wav"))
    return scan_as(replace(synthetic, parse=parse), folder.resolve())


def _read(step: str, store: Path) -> dict[str, Any]:
    from serkit.features import Recipes
    from serkit.store.listing import list_store, status_of
    from serkit.store.store import FeatureStore

    opened = FeatureStore(store)
    if step == "filter":
        batch = opened.load("mel", where={"actor": range(1, 14), "emotion": "angry"})
        return {"clips": len(batch)}
    if step == "why":
        return {"current": status_of(opened.state, Recipes(), "change").counts["current"]}
    if step == "ls":
        return {"features": len(list_store(opened, Recipes()).features)}
    return {"clips": len(opened.state.clips)}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    numbers = lambda text: [int(part) for part in text.split(",")]  # noqa: E731
    parser.add_argument("--sizes", type=numbers, default=[1_000, 10_000, 100_000])
    parser.add_argument("--scratch", type=Path, default=None)
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--alone", action="store_true", help="fill the stores without audio")
    parser.add_argument("--step", choices={*STEPS, *ALONE}, help=argparse.SUPPRESS)
    parser.add_argument("--corpus", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()

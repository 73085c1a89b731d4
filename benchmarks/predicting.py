"""How long an answer takes: a process from its start, and a clip with the models in memory.

``python benchmarks/predicting.py RUN_OR_FILE... --audio FOLDER`` asks runs and ONNX files in turns
and prints CPU seconds, which a busy machine distorts least, beside seconds on the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy: one core answers
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.timing import Command, processes, serkit


def cold(models: list[Path], clip: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Time ``serkit predict`` of one file as a whole process."""
    commands = [
        Command(model.name, serkit("predict", model, clip, "--workers", 1, "--json"))
        for model in models
    ]
    return processes(commands, rounds)


def warm(model: Path, clips: list[Path]) -> dict[str, float]:
    """Time one file after another with the models in memory: WAV or FLAC to probabilities."""
    from serkit import load

    predictor = load(model)
    predictor.predict_files(clips[:1])  # what is made at the first use does not count
    wall, cpu = [], []
    for clip in clips:
        began, computing = time.perf_counter(), time.process_time()
        predictor.predict_files([clip])
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - computing)
    return {
        "median_ms": 1000 * statistics.median(wall),
        "median_cpu_ms": 1000 * statistics.median(cpu),
        "best_ms": 1000 * min(wall),
    }


def main() -> None:
    """Measure and print, as JSON with ``--json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path, help="runs' folders, and ONNX files")
    parser.add_argument("--audio", type=Path, required=True, help="a folder of clips")
    parser.add_argument("--clips", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    files = sorted(p for p in given.audio.rglob("*") if p.suffix in (".wav", ".flac"))
    clips = files[:: max(1, len(files) // given.clips)][: given.clips]
    started = cold(given.models, clips[0], given.rounds)
    found: dict[str, Any] = {
        model.name: {"cold": started[model.name], "warm": warm(model, clips)}
        for model in given.models
    }
    if given.json:
        print(json.dumps(found, indent=1))
        return
    for name, each in found.items():
        process, answer = each["cold"], each["warm"]
        print(
            f"{name}: a process {process['wall']:.2f} s ({process['cpu']:.2f} s of computing), "
            f"a clip {answer['median_ms']:.1f} ms ({answer['median_cpu_ms']:.1f} ms of computing)"
        )


if __name__ == "__main__":
    main()

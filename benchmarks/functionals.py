"""CPU time of the functionals, of this version and of another one, in turns in one process.

    python benchmarks/functionals.py CLIPS --against FOLDER [--every 40] [--rounds 15]

CLIPS is a folder of audio files, FOLDER a checkout of the other version (``git worktree add``). For
each clip the shortest of the rounds counts, so that other programs on the machine matter little.
"""

from __future__ import annotations

import argparse
import ctypes
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

HERE = Path(__file__).resolve().parent.parent

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3


def main() -> None:
    """Print milliseconds a clip of both versions, and how many values differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", type=Path)
    parser.add_argument("--against", type=Path, required=True)
    parser.add_argument("--every", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    if sys.platform == "linux":  # as in a worker: freed memory is kept
        for threshold in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
            ctypes.CDLL(None).mallopt(threshold, 1 << 30)
    versions = [_version(options.against), _version(HERE)]
    files = sorted(p for p in options.clips.rglob("*") if p.suffix in (".flac", ".wav"))
    totals, different = np.zeros(2), 0
    chosen = files[:: options.every]
    for file in chosen:
        samples, rate = soundfile.read(file, dtype="int16", always_2d=True)
        first = np.ascontiguousarray(samples[:, 0])
        best, values = np.full(2, np.inf), [np.zeros(0), np.zeros(0)]
        for _ in range(options.rounds):
            for place, compute in enumerate(versions):
                started = time.process_time()
                values[place] = compute(first, rate)
                best[place] = min(best[place], time.process_time() - started)
        totals += best
        different += int((values[0] != values[1]).sum())
    before, after = 1e3 * totals / len(chosen)
    print(f"{len(chosen)} clips: {before:.2f} ms before, {after:.2f} ms now, {before / after:.2f}x")
    print(f"{different} values differ")


def _version(folder: Path) -> Callable[..., Any]:
    """Import the functionals of a checkout, beside those of another one."""
    for name in [name for name in sys.modules if name.split(".")[0] == "serkit"]:
        del sys.modules[name]
    sys.path.insert(0, str(folder / "src"))
    try:
        compute: Callable[..., Any] = import_module("serkit.dsp.functionals").functionals
    finally:
        sys.path.pop(0)
    return compute


if __name__ == "__main__":
    main()

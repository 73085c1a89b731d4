"""Prediction of one clip: a process from its start, and with the models in memory."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from benchmarks.predicting import cold, warm
from benchmarks.timing import serkit

CLIPS = 30
"""Clips that are asked one after another with the models in memory."""


def measure(wavs: Path, scratch: Path, rounds: int) -> dict[str, Any]:
    """Train logistic regression on the clips, and time its answers about one of them.

    How right the answers are does not matter here: the models are as large as any others.
    """
    store, runs = scratch / "answering", scratch / "answering-runs"
    _do("extract", wavs, "--store", store, "--features", "functionals")
    kind = ("--preset", "best", "--set", "C=1", "--protocol", "random5")
    _do("train", "logreg", *kind, "--store", store, "--runs", runs)
    (run,) = (path.parent for path in runs.glob("*/run.json"))
    clips = sorted(wavs.glob("*.wav"))
    answer = warm(run, clips[:: max(1, len(clips) // CLIPS)][:CLIPS])
    (process,) = cold([run], clips[0], rounds).values()
    return {
        "cold": process,
        "warm": {"wall": answer["median_ms"] / 1e3, "cpu": answer["median_cpu_ms"] / 1e3},
    }


def _do(*words: object) -> None:
    done = subprocess.run(serkit(*words), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"serkit {words[0]} failed:\n{done.stderr[-2000:]}")

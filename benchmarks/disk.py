"""Features to disk: mel spectrograms of 128 and 256 bands of the same WAV files."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import Command, processes, python, serkit

FEATURES = "mel128,mel256"

CLOSE = 1e-5
"""Largest difference between two contenders' values, as a share of a clip's maximum."""


def measure(wavs: Path, scratch: Path, rounds: int) -> dict[str, Any]:
    """Time every contender that is installed, and check first that they agree."""
    commands = _contenders(wavs, scratch)
    found = processes(commands, rounds)
    return {"times": found, "agreement": agreement(wavs, scratch)}


def agreement(wavs: Path, scratch: Path) -> dict[str, float]:
    """Return how far each contender's values are from serkit's, as a share of a clip's maximum.

    Raises:
        SystemExit: They are not the same numbers; then their times say nothing.
    """
    from serkit import FeatureStore

    store = FeatureStore(scratch / "serkit-2")
    ids = [path.stem for path in sorted(wavs.glob("*.wav"))[::37]]
    found = {}
    for name in ("librosa-1", "librosa-2", "torch-2"):
        worst = 0.0
        for bands in (128, 256):
            for clip_id, ours in zip(ids, store.read(f"mel{bands}", ids).X, strict=True):
                theirs = np.load(scratch / name / f"{clip_id}.{bands}.npy")
                worst = max(worst, float(np.abs(theirs - ours).max() / theirs.max()))
        if worst > CLOSE:
            raise SystemExit(f"{name} and serkit differ by {worst:.1e} of a clip's maximum")
        found[name] = worst
    return found


def _contenders(wavs: Path, scratch: Path) -> list[Command]:
    def empty(name: str) -> Any:
        return lambda: shutil.rmtree(scratch / name, ignore_errors=True)

    def extract(workers: int) -> Command:
        store = scratch / f"serkit-{workers}"
        words = serkit("extract", wavs, "--store", store, "--features", FEATURES, "--json")
        label = f"serkit, {workers} worker{'s' * (workers > 1)}"
        return Command(label, [*words, "--workers", str(workers)], empty(store.name))

    def peer(label: str, script: str, folder: str, *options: object) -> Command:
        return Command(label, python(script, wavs, scratch / folder, *options), empty(folder))

    found = [
        peer("floor, 2 processes", "floor.py", "floor", "--processes", 2),
        extract(2),
        extract(1),
        peer("torch STFT, 2 processes", "torch_stft.py", "torch-2", "--processes", 2),
        peer("librosa with joblib, 2 jobs", "librosa_loop.py", "librosa-2", "--jobs", 2),
        peer("librosa loop", "librosa_loop.py", "librosa-1"),
    ]
    if find_spec("lhotse"):
        found.append(peer("lhotse, 2 jobs", "lhotse_mel.py", "lhotse-2", "--jobs", 2))
    return found

"""The golden clip: check that a model predicts as it did at training time.

When a fold is trained, its model is asked about one clip that is made by a formula, through the
whole path that ``serkit predict`` takes: an audio file, decoded, its features, the model. The
answer is kept beside the model. Whoever uses the model asks it again. A library that gives other
numbers, a changed extractor whose version was not raised, or damaged weights show.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from serkit.audio import read_audio, write_wav
from serkit.clips import SAMPLE_RATE
from serkit.errors import SerkitError
from serkit.extraction.unlabelled import FeatureRequest, clip_features
from serkit.features import EXTRACTORS
from serkit.models import ClipData, Fitted
from serkit.plainjson import dumps
from serkit.storage.files import write_file
from serkit.store.memory import ClipFeatures, MemoryStore
from serkit.store.source import ClipSource

GOLDEN = "golden"
"""The golden clip's id."""

FILE = "golden.json"

TOLERANCE = 0.01
"""A probability may differ by this much. Another machine rounds otherwise, and where a tree's
threshold lies between the two the difference is seen; a wrong feature moves it further."""


def write_golden_clip(folder: Path) -> Path:
    """Write the golden clip into a folder and return its path.

    One second: harmonics of a gliding voice-like pitch that swell three times, over a little noise
    from a formula. Every number is rounded to int16, so that all systems make the same file.
    """
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    phase = 2 * np.pi * (150 * time + 40 * time**2)
    harmonics = sum(np.sin(k * phase) / k for k in range(1, 12))
    swell = 0.1 + np.sin(3 * np.pi * time) ** 2
    noise = (np.arange(SAMPLE_RATE) * 7919 % 257) - 128
    path = folder / f"{GOLDEN}.wav"
    write_wav(path, np.rint(3_000 * harmonics * swell + noise / 4).astype(np.int16))
    return path


def golden_features(request: FeatureRequest) -> ClipFeatures:
    """Compute the golden clip's features.

    Raises:
        SerkitError: They cannot be computed: a recipe pads to less than a second, say.
    """
    with TemporaryDirectory(prefix="serkit-golden-") as folder:
        return clip_features(GOLDEN, read_audio(write_golden_clip(Path(folder))), request)


def golden_probabilities(model: Fitted, clip: ClipFeatures) -> npt.NDArray[np.float64]:
    """Ask a model about the golden clip; returns shape ``(emotions,)``."""
    return np.asarray(model.predict(ClipData.of(MemoryStore([clip]), (GOLDEN,)))[0])


def keep_golden(folder: Path, model: Fitted, store: ClipSource, features: Sequence[str]) -> None:
    """Store a fitted model's prediction for the golden clip with it.

    Nothing is kept where there is none (a recipe pads to less than a second, say), and where the
    clip's features would load a framework and a whole encoder again for every fold of a model
    that needs neither.

    Args:
        folder: The fold's folder.
        model: Its model.
        store: Its training store.
        features: The features that it reads.
    """
    try:
        specs = tuple(store.spec(feature) for feature in features)
    except SerkitError:  # dropped meanwhile: finishing the run reports it
        return
    if any(EXTRACTORS.get(spec.extractor).framework for spec in specs):
        return
    try:
        clip = golden_features(FeatureRequest(specs))
    except (SerkitError, OSError):  # also without room for it: the run is as good without
        return
    answer = golden_probabilities(model, clip)
    kept = {"probabilities": dict(zip(store.labels, answer.tolist(), strict=True))}
    write_file(folder / FILE, dumps(kept).encode())


def golden_answer(folder: Path, labels: Sequence[str]) -> npt.NDArray[np.float64] | None:
    """Return the stored prediction, one probability per label; None if not readable."""
    try:
        kept = json.loads((folder / FILE).read_text(encoding="utf-8"))["probabilities"]
        return np.array([float(kept[name]) for name in labels])
    except (OSError, ValueError, KeyError, TypeError):
        return None

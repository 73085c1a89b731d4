"""Runs made by hand, as good or bad as a test needs them, without any training."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from serkit.corpora.ravdess import EMOTIONS
from serkit.evaluation.metrics import score, score_by
from serkit.results.folder import CONFIG, PREDICTIONS, RECORD
from serkit.results.run import Run, read_run

CLIPS_AN_ACTOR = 16
FOLDS = 5


def make_run(
    folder: Path,
    name: str,
    *,
    right: float = 0.6,
    luck: int = 0,
    actors: Iterable[int] = range(1, 25),
    shuffled: bool = False,
    **record: Any,
) -> Run:
    """Write a finished run and return it.

    Args:
        folder: The folder of runs.
        name: Its name.
        right: The share of each actor's clips that it gets right, about.
        luck: Which clips those are; the same luck and share give the same predictions.
        actors: The test actors.
        shuffled: Whether its clips are written in another order.
        record: What its record says otherwise.
    """
    frame = _predictions(tuple(actors), right, luck)
    if shuffled:
        frame = frame.sample(frac=1, random_state=1)
    path = folder / name
    path.mkdir(parents=True)
    frame.to_parquet(path / PREDICTIONS, index=False)
    text = json.dumps(record_of(name, frame) | record)
    (path / CONFIG).write_text(text)
    (path / RECORD).write_text(text)
    return read_run(path)


def make_unfinished(folder: Path, name: str) -> Path:
    """Write what a run that was killed leaves behind."""
    path = folder / name
    path.mkdir(parents=True)
    (path / CONFIG).write_text(json.dumps({"run": name, "model": "svm"}))
    return path


def _predictions(actors: tuple[int, ...], right: float, luck: int) -> pd.DataFrame:
    random = np.random.default_rng(luck)
    actor = np.repeat(actors, CLIPS_AN_ACTOR)
    true = np.tile(np.arange(CLIPS_AN_ACTOR) % 8, len(actors))
    wrong = (true + 1 + random.integers(0, 7, len(true))) % 8
    predicted = np.where(random.random(len(true)) < right, true, wrong)
    columns: dict[str, Any] = {
        "clip_id": [f"{a:02}-{i:02}" for a in actors for i in range(CLIPS_AN_ACTOR)],
        "fold": [str(a % FOLDS + 1) for a in actor.tolist()],
        "speaker": actor.astype(str),
        "actor": actor,
        "sex": np.where(actor % 2, "male", "female"),
        "intensity": "normal",
        "true": [EMOTIONS[i] for i in true],
        "predicted": [EMOTIONS[i] for i in predicted],
        "true_id": true,
        "predicted_id": predicted,
    }
    sure = np.full((len(true), 8), 0.05)
    sure[np.arange(len(true)), predicted] = 0.65
    return pd.DataFrame(columns | {f"p_{e}": sure[:, i] for i, e in enumerate(EMOTIONS)})


def record_of(name: str, frame: pd.DataFrame) -> dict[str, Any]:
    """Return what a run says of itself that has these predictions."""
    table = frame[[f"p_{emotion}" for emotion in EMOTIONS]].to_numpy()
    scores = asdict(score(frame["true_id"], table, frame["speaker"]))
    known = {key: None if value != value else value for key, value in scores.items()}
    return known | {
        "run": name,
        "model": "svm",
        "preset": "best",
        "protocol": "luna5",
        "seed": 0,
        "speaker_independent": True,
        "selected_on_test": False,
        "transductive": False,
        "synthetic": False,
        "published": False,
        "corpus": "ravdess",
        "corpus_digest": "c0",
        "split_digest": "s0",
        "features": [],
        "feature_fingerprints": {"functionals": "f0"},
        "values": {"C": 0.0},
        "given": {},
        "settings": {},
        "notes": [],
        "created": "2026-01-01T00:00:00+00:00",
        "versions": {},
        "hardware": {},
        "parameters": 1000,
        "recall": dict(zip(EMOTIONS, scores["recall"], strict=True)),
        **{
            f"by_{column}": score_by(frame[column].to_numpy(str), frame["true_id"], table)
            for column in ("sex", "intensity")
            if column in frame
        },
        "folds": frame["fold"].nunique(),
        "fold_scores": [],
        "train_seconds": 1.5,
        "predict_seconds": 0.1,
        "seconds": 2.0,
        "peak_memory_bytes": 2**20,
    }

"""Predictions that no model of serkit made, written as a finished run."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serkit.compute.environment import hardware, installed_versions
from serkit.evaluation.splits import Fold, Split
from serkit.experiments.folds import fold_folder, untrained_entry
from serkit.experiments.naming import run_name
from serkit.experiments.selection import selection_of
from serkit.labels import UNKNOWN, LabelSet
from serkit.prediction.audio_profile import audio_of
from serkit.results.folder import CONFIG, PREDICTIONS, RECORD, SPLIT
from serkit.results.run import Run, read_run
from serkit.results.scores import figures_of, write_json
from serkit.storage.files import TEMPORARY, sync_folder, write_file
from serkit.store.state import corpus_digest
from serkit.store.tables import ClipRow

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Origin:
    """The origin of submitted predictions.

    Attributes:
        model: The name that the leaderboard shows.
        speaker_independent: Whether the test speakers were not used in training.
        seed: Where there are predictions of several seeds, which one this is.
        notes: Notes for readers.
        submitted: Whether they were made elsewhere, and are stamped so.
        name: The run's name; empty to make one. A run of this name is replaced.
        further: Further entries of the record.
        files: Further files of the run, by name.
    """

    model: str
    speaker_independent: bool
    seed: int = 0
    notes: tuple[str, ...] = ()
    submitted: bool = False
    name: str = ""
    further: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


def write_run(
    origin: Origin,
    split: Split,
    rows: Mapping[str, ClipRow],
    frames: Sequence[pd.DataFrame],
    labels: LabelSet,
    runs: Path,
) -> Run:
    """Write predictions as a finished run, whole or not at all.

    Args:
        origin: Where they come from.
        split: The folds.
        rows: The clips, by id.
        frames: For each fold its predictions (:func:`serkit.results.scores.predictions_frame`).
        labels: The classes.
        runs: The folder of runs.

    Raises:
        StoreWriteError: The disk did not take it.
    """
    import pandas as pd

    now = datetime.now(UTC)
    model, protocol = origin.model, split.protocol
    name = origin.name or run_name(model, protocol, now)
    config = _config(origin, split, rows, name, labels) | {
        "created": now.isoformat(timespec="seconds")
    }
    config["selection"] = selection_of(config, "", runs)
    frame = pd.concat(frames, ignore_index=True)
    record = config | figures_of(frame, labels)
    record["fold_scores"] = [
        _entry(number, fold, each, labels)
        for number, (fold, each) in enumerate(zip(split.folds, frames, strict=True), start=1)
    ]
    folder = runs / name
    made = runs / f".{name}{TEMPORARY}"
    shutil.rmtree(made, ignore_errors=True)  # of a process that was killed
    made.mkdir(parents=True)
    for file, content in origin.files.items():
        write_file(made / file, content)
    write_json(made / CONFIG, config)
    write_json(made / SPLIT, {"folds": [asdict(fold) for fold in split.folds]})
    write_file(made / PREDICTIONS, frame.to_parquet(index=False))
    write_json(made / RECORD, record)
    sync_folder(made)
    if folder.exists():
        shutil.rmtree(folder)
    made.rename(folder)  # the commit point
    sync_folder(runs)
    return read_run(folder)


def _config(
    origin: Origin, split: Split, rows: Mapping[str, ClipRow], name: str, labels: LabelSet
) -> dict[str, Any]:
    """Return a run's record; how an external model was trained is unknown."""
    clips = [rows[clip_id] for clip_id in sorted(_of(split))]
    corpora = sorted({clip.corpus for clip in clips})
    unknown = ("parameters", "epochs", "train_seconds", "predict_seconds", "seconds")
    return {
        "run": name,
        "model": origin.model,
        "preset": None,
        "protocol": split.protocol,
        "seed": origin.seed,
        "speaker_independent": origin.speaker_independent,
        "selected_on_test": False,
        "transductive": False,
        "synthetic": "synthetic" in corpora,
        "published": False,
        "submitted": origin.submitted,
        "speaker_unknown": any(clip.speaker == UNKNOWN for clip in clips),
        "corpus": "+".join(corpora),
        "labels": labels.to_json(),
        "corpus_digest": corpus_digest(clips),
        "split_digest": split.digest,
        "features": [],
        "copies": [],
        "feature_fingerprints": {},
        "audio": audio_of(clips),
        "folds": len(split.folds),
        "values": {},
        "given": {},
        "settings": {},
        "notes": [*split.notes, *origin.notes],
        "versions": installed_versions(),
        "hardware": hardware(),
        "processes": 1,
        **dict.fromkeys((*unknown, "peak_memory_bytes")),
        **origin.further,
    }


def _of(split: Split) -> set[str]:
    return {i for fold in split.folds for i in (*fold.train, *fold.validation, *fold.test)}


def _entry(number: int, fold: Fold, frame: pd.DataFrame, labels: LabelSet) -> dict[str, Any]:
    clips = len(fold.validation)
    folder = fold_folder(number)
    made = untrained_entry(fold.name, folder, frame, labels, validation_clips=clips)
    return {**made, "files": {}}

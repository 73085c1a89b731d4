"""Predictions that were made elsewhere become a run: checked clip by clip, counted here."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.compute.environment import hardware, installed_versions
from serkit.errors import NotFoundError, UsageError
from serkit.evaluation.splits import Fold, Protocol, Split, split_clips
from serkit.experiments.selection import selection_of
from serkit.labels import UNKNOWN, LabelSet
from serkit.models import TRAINERS
from serkit.prediction.audio_profile import audio_of
from serkit.results.run import CONFIG, PREDICTIONS, RECORD, SPLIT, Run, read_run
from serkit.results.scores import figures_of, frame_scores, predictions_frame, write_json
from serkit.storage.files import sync_folder, write_file
from serkit.store.state import corpus_digest
from serkit.store.store import FeatureStore

if TYPE_CHECKING:
    import pandas as pd

_ROUNDING = 1e-3
"""Probabilities printed with few digits do not sum to 1 exactly; they are divided by their sum."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Submission:
    """What is handed in, and what it is judged by.

    Attributes:
        model: The name that the leaderboard shows.
        store: The store that the clips and their labels are of.
        clip_ids: The clips that the protocol splits.
        protocol: The protocol.
        notes: What a reader should know, such as where the model is described.
        seed: Where predictions of several seeds are handed in, which one this is.
    """

    model: str
    store: FeatureStore
    clip_ids: tuple[str, ...]
    protocol: Protocol
    notes: tuple[str, ...] = ()
    seed: int = 0

    def check_name(self) -> None:
        """Refuse a name that cannot be a folder's, or that a model of serkit has.

        Raises:
            UsageError: The message says what is allowed.
        """
        if not _NAME.fullmatch(self.model):
            raise UsageError(
                f"model = {self.model!r} is no name",
                allowed="up to 64 letters, digits, dots, hyphens and underscores are allowed",
            )
        if self.model.replace("_", "-") in TRAINERS.names():
            raise UsageError(
                f"model = {self.model!r} is the name of a model that is trained here",
                hint=f"give it another one, such as 'my-{self.model}'",
            )


def read_table(predictions: pd.DataFrame | str | Path, labels: LabelSet) -> pd.DataFrame:
    """Return predictions as a table indexed by clip id, a column of numbers an emotion.

    Args:
        predictions: A data frame, or a CSV file, with a column (or index) ``clip_id`` or ``clip``
            and a probability for each label, in columns named ``angry`` or ``p_angry`` and so on.
        labels: The labels of the clips.

    Raises:
        NotFoundError: There is no such file.
        UsageError: A column is missing, or holds something other than numbers.
    """
    import pandas as pd

    if isinstance(predictions, str | Path):
        if not Path(predictions).is_file():
            raise NotFoundError(f"no predictions in {predictions}: there is no such file")
        predictions = pd.read_csv(predictions, dtype={"clip_id": str, "clip": str})
    frame = predictions.reset_index()
    key = next((name for name in ("clip_id", "clip") if name in frame), None)
    if key is None:
        raise UsageError(
            f"the predictions have no column of clips (there are: {', '.join(map(str, frame))})",
            allowed="it is named 'clip_id' or 'clip'",
        )
    named = [next((c for c in (f"p_{e}", e) if c in frame), None) for e in labels]
    if missing := [e for e, c in zip(labels, named, strict=True) if c is None]:
        raise UsageError(
            f"the predictions have no column for {', '.join(missing)}",
            allowed="one column of probabilities an emotion, such as 'p_angry' or 'angry'",
        )
    try:
        values = frame[named].to_numpy(np.float64)
    except (ValueError, TypeError) as error:
        raise UsageError(f"the predictions hold something that is no number: {error}") from error
    return pd.DataFrame(values, index=frame[key].astype(str), columns=list(labels))


def submit(submission: Submission, table: pd.DataFrame, runs: Path) -> Run:
    """Keep predictions as a finished run.

    Args:
        submission: Whose they are, and by what they are judged.
        table: What :func:`read_table` returned.
        runs: The folder of runs.

    Raises:
        UsageError: The name is taken, a clip is missing, double or not tested, or a row holds no
            probabilities.
        LeakageError: The split leaks.
    """
    submission.check_name()
    rows = {clip_id: submission.store.state.clips[clip_id] for clip_id in submission.clip_ids}
    split = submission.protocol.split(split_clips(rows))
    probabilities = _checked(table, split)
    frames = [
        predictions_frame(
            rows,
            fold,
            np.stack([probabilities[i] for i in fold.test]),
            submission.store.labels,
        )
        for fold in split.folds
    ]
    return _write(submission, split, rows, frames, runs)


def _checked(table: pd.DataFrame, split: Split) -> dict[str, npt.NDArray[np.float64]]:
    """Return each tested clip's probabilities.

    Raises:
        UsageError: They do not cover the split's test clips exactly, or are no probabilities.
    """
    tested = {clip_id for fold in split.folds for clip_id in fold.test}
    if table.index.has_duplicates:
        double = table.index[table.index.duplicated()].unique()
        raise UsageError(f"predictions twice for {_some(double)}", allowed="one row a clip")
    missing, extra = tested - set(table.index), set(table.index) - tested
    if missing or extra:
        wrong = [f"none for {_some(missing)}"] if missing else []
        wrong += [f"some for {_some(extra)}, which {split.protocol} does not test"] if extra else []
        raise UsageError(
            f"predictions do not cover the split: {', '.join(wrong)}",
            allowed=f"exactly the {len(tested):,} test clips",
            hint="serkit.splits() lists them",
        )
    values = table.to_numpy(np.float64)
    sums = values.sum(axis=1)
    good = np.isfinite(values).all(axis=1) & (values >= 0).all(axis=1)
    good &= np.abs(sums - 1) <= _ROUNDING
    if not good.all():
        first = int(np.flatnonzero(~good)[0])
        raise UsageError(
            f"no probabilities for {_some(table.index[~good])} "
            f"({table.index[first]}: {np.round(values[first], 3).tolist()})",
            allowed="numbers from 0 to 1 that sum to 1 are allowed",
        )
    return dict(zip(table.index, values / sums[:, None], strict=True))


def _write(
    submission: Submission,
    split: Split,
    rows: Mapping[str, Any],
    frames: Sequence[pd.DataFrame],
    runs: Path,
) -> Run:
    import pandas as pd

    now = datetime.now(UTC)
    name = f"{submission.model}-{split.protocol}-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    folder = runs / name
    config = _config(submission, split, rows, name, now)
    config["selection"] = selection_of(config, "", runs)
    frame = pd.concat(frames, ignore_index=True)
    record = config | figures_of(frame, submission.store.labels)
    record["fold_scores"] = [
        _entry(number, fold, each, submission.store.labels)
        for number, (fold, each) in enumerate(zip(split.folds, frames, strict=True), start=1)
    ]
    folder.mkdir(parents=True)
    write_json(folder / CONFIG, config)
    write_json(folder / SPLIT, {"folds": [asdict(fold) for fold in split.folds]})
    write_file(folder / PREDICTIONS, frame.to_parquet(index=False))
    write_json(folder / RECORD, record)  # the commit point
    sync_folder(folder)
    sync_folder(runs)
    return read_run(folder)


def _config(
    submission: Submission, split: Split, rows: Mapping[str, Any], name: str, now: datetime
) -> dict[str, Any]:
    """Return what a run says of itself; of how a model was made elsewhere nothing is known."""
    clips = [rows[clip_id] for clip_id in sorted(_of(split))]
    corpora = sorted({clip.corpus for clip in clips})
    unknown = ("parameters", "epochs", "train_seconds", "predict_seconds", "seconds")
    return {
        "run": name,
        "model": submission.model,
        "preset": None,
        "protocol": split.protocol,
        "seed": submission.seed,
        "speaker_independent": submission.protocol.speaker_independent,
        "selected_on_test": False,
        "transductive": False,
        "synthetic": "synthetic" in corpora,
        "published": False,
        "submitted": True,
        "speaker_unknown": any(clip.speaker == UNKNOWN for clip in clips),
        "corpus": "+".join(corpora),
        "labels": submission.store.labels.to_json(),
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
        "notes": [*split.notes, *submission.notes],
        "created": now.isoformat(timespec="seconds"),
        "versions": installed_versions(),
        "hardware": hardware(),
        "processes": 1,
        **dict.fromkeys((*unknown, "peak_memory_bytes")),
    }


def _of(split: Split) -> set[str]:
    return {i for fold in split.folds for i in (*fold.train, *fold.validation, *fold.test)}


def _entry(number: int, fold: Fold, frame: pd.DataFrame, labels: LabelSet) -> dict[str, Any]:
    scores = frame_scores(frame, labels)
    return {
        "fold": fold.name,
        "folder": f"fold-{number}",
        "uar": scores.uar,
        "accuracy": scores.accuracy,
        "macro_f1": scores.macro_f1,
        "clips": scores.clips,
        "actors": scores.actors,
        "train_clips": None,
        "validation_clips": len(fold.validation),
        "parameters": None,
        "epochs": None,
        "chosen": {},
        "train_seconds": None,
        "predict_seconds": None,
        "files": {},
    }


def _some(clip_ids: Any) -> str:
    named = sorted(map(str, clip_ids))
    return ", ".join(named[:3]) + (f", ... ({len(named):,} clips)" if len(named) > 3 else "")

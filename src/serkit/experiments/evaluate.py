"""Asking a finished run's models about another labelled store: a run of its own, without training.

What the models answer is reduced to the labels that both share: joined labels are added up, the
rest is left out, and what remains is divided by its sum. Nothing is fitted or chosen.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.compute.environment import hardware, installed_versions
from serkit.errors import LeakageError, SerkitError, TrainingError, UsageError
from serkit.evaluation.splits import Fold, Split
from serkit.experiments.data import joining_notes, origin_of
from serkit.experiments.folds import untrained_entry
from serkit.experiments.naming import run_name
from serkit.experiments.predicting import predict_clips
from serkit.experiments.selection import selection_of
from serkit.features import FeatureSpec
from serkit.labels import UNKNOWN
from serkit.models.opaque import with_true_names
from serkit.prediction.audio_profile import audio_of
from serkit.prediction.saved import load_model
from serkit.progress import ProgressCallback
from serkit.results.folder import CONFIG, PREDICTIONS, RECORD, SPLIT
from serkit.results.run import Run, read_run
from serkit.results.scores import figures_of, predictions_frame, write_json
from serkit.storage.files import sync_folder, write_file
from serkit.store.joined import JoinedStore, corpora_of, shared_labels
from serkit.store.state import corpus_digest
from serkit.store.store import FeatureStore
from serkit.store.tables import ClipRow
from serkit.vocabulary import Vocabulary

if TYPE_CHECKING:
    import pandas as pd

FOLD_NAME = "1"
"""The only fold: all clips of the store."""

Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """The models to evaluate and the clips to evaluate them on.

    Attributes:
        run: The run whose models are asked.
        store: The clips, under the labels that the models and they share.
        which: Which models answer, as :func:`serkit.predict` names them.
    """

    run: Run
    store: JoinedStore
    which: str | None = None

    @classmethod
    def of(
        cls,
        run: Run,
        store: FeatureStore,
        joined: Mapping[str, str] | None = None,
        which: str | None = None,
    ) -> Evaluation:
        """Join a run's labels with a store's.

        Args:
            run: The run.
            store: The store.
            joined: Labels that count as another one, beyond synonyms.
            which: Which models answer.

        Raises:
            UsageError: They share fewer than two labels, or a feature is of another recipe.
            UnknownNameError: The store lacks a feature.
            LeakageError: The models have heard clips or speakers of the store.
            RunError: The run has no models.
        """
        vocabulary = Vocabulary(joined or {})
        labels = shared_labels({run.name: run.labels, store.location: store.labels}, vocabulary)
        evaluation = cls(run, JoinedStore([store], labels, vocabulary), which)
        _refuse_other_recipes(run, store)
        _refuse_heard(run, evaluation.store)
        return evaluation

    @property
    def protocol(self) -> str:
        """The protocol's name in the record."""
        return f"evaluate:{self.run.record['corpus']}->{corpora_of(self.store.stores[0])}"

    @property
    def projection(self) -> npt.NDArray[np.float64]:
        """1 where a label of the models counts as a shared one, shape ``(theirs, shared)``."""
        name = self.store.vocabulary.name
        theirs, shared = self.run.labels, self.store.labels
        return np.array([[name(own) == label for label in shared] for own in theirs], np.float64)

    def clip_ids(self) -> tuple[str, ...]:
        """Return the clips that have a shared label and every feature."""
        usable = set(self.store.state.clips)
        for spec in self.run.record["features"]:
            usable &= set(self.store.select(spec["name"]))
        if not usable:
            raise TrainingError(
                f"no clip of {self.store.location} has every feature",
                hint="'serkit store why' says why",
            )
        return tuple(sorted(usable))


def evaluate(evaluation: Evaluation, runs: Path, progress: ProgressCallback | None = None) -> Run:
    """Predict a store's clips with a run's models, and save the predictions as a run.

    Args:
        evaluation: Whose models are asked about which clips.
        runs: The folder of runs.
        progress: Called as ``progress(done, total)`` in models.

    Raises:
        RunError: A model is damaged, or the run has none.
        TrainingError: A model gives no probabilities.
    """
    started = time.perf_counter()
    ids = evaluation.clip_ids()
    answers = project(_mean_answer(evaluation, ids, progress), evaluation.projection)
    fold = Fold(FOLD_NAME, (), (), ids)
    frame = predictions_frame(evaluation.store.state.clips, fold, answers, evaluation.store.labels)
    return _write(evaluation, fold, frame, runs, time.perf_counter() - started)


def project(answers: Probabilities, projection: npt.NDArray[np.float64]) -> Probabilities:
    """Reduce probabilities of a model's labels to those of shared ones.

    Args:
        answers: Shape ``(n, theirs)``.
        projection: Shape ``(theirs, shared)``; see :attr:`Evaluation.projection`.

    Returns:
        Shape ``(n, shared)``; rows sum to 1. Where a model is sure of labels that are not shared,
        all shared ones are as likely.

    Example:
        >>> project(np.array([[0.2, 0.2, 0.6]]), np.array([[1, 0], [0, 1], [0, 0]])).tolist()
        [[0.5, 0.5]]
    """
    kept: Probabilities = answers @ projection
    sums = kept.sum(axis=1, keepdims=True)
    even = np.full_like(kept, 1 / kept.shape[1])
    np.divide(kept, sums, out=even, where=sums > 0)
    return even


def _mean_answer(
    evaluation: Evaluation, ids: tuple[str, ...], progress: ProgressCallback | None
) -> Probabilities:
    saved, store = evaluation.run.saved_models, evaluation.store
    folders = saved.chosen(evaluation.which)
    by_speaker = saved.trainer.by_speaker(saved.parameters)
    total = np.zeros((len(ids), len(saved.labels)))
    for done, folder in enumerate(folders.values()):
        if progress:
            progress(done, len(folders))
        model = load_model(saved.trainer, folder)
        try:
            answers = predict_clips(model, store, ids, len(saved.labels), by_speaker=by_speaker)
        except SerkitError as error:
            raise with_true_names(error, store, ids) from error
        if answers.shape != total.shape or not np.isfinite(answers).all():
            raise TrainingError(f"the model in {folder} gave no probabilities")
        total += answers
    if progress:
        progress(len(folders), len(folders))
    return total / len(folders)


def _refuse_other_recipes(run: Run, store: FeatureStore) -> None:
    for data in run.record["features"]:
        spec = FeatureSpec.from_json(data)
        stored = store.spec(spec.name)
        if stored.fingerprint != spec.fingerprint:
            changes = ", ".join(spec.differences(stored))
            raise UsageError(
                f"{spec.name} in {store.location} is of another recipe than {run.name} was "
                f"trained on ({changes})",
                hint=f"'serkit extract SRC --features {spec.name} --store {store.location}' "
                "recomputes it with the current recipe",
            )


def _refuse_heard(run: Run, store: JoinedStore) -> None:
    """Refuse clips and speakers that the models were trained on, as far as this is known."""
    tested = store.state.clips.values()
    seen = seen_clips(run)
    if seen is None:
        heard = {f"{run.record['corpus']}/{name}" for name in run.predictions["speaker"]}
    else:
        heard = {name for row in seen if (name := _whole_name(row)) is not None}
        samples = {row.pcm_sha256: row.clip_id for row in seen}
        if twins := [row for row in tested if row.pcm_sha256 in samples]:
            raise LeakageError(
                f"{run.name} was trained on {len(twins):,} clips of {store.location} "
                f"({twins[0].clip_id} holds the samples of {samples[twins[0].pcm_sha256]})",
                allowed="models are evaluated on clips that they were not trained on",
            )
    if both := sorted({row.speaker for row in tested} & heard - {UNKNOWN}):
        raise LeakageError(
            f"{run.name} was trained on {len(both)} speakers of {store.location} "
            f"({', '.join(both[:3])})",
            allowed="models are evaluated on speakers that they were not trained on",
            hint="train with --store and --test-store, which keep speakers apart",
        )


def _whole_name(row: ClipRow) -> str | None:
    if row.speaker == UNKNOWN:
        return None
    prefix = f"{row.corpus}/"
    return row.speaker if row.speaker.startswith(prefix) else prefix + row.speaker


def seen_clips(run: Run) -> list[ClipRow] | None:
    """Return the clips that any of a run's models was trained on.

    Returns:
        None where its stores are not where they were, or hold other clips by now.
    """
    record = run.record
    try:
        folds = json.loads((run.path / SPLIT).read_text(encoding="utf-8"))["folds"]
        ids = {i for fold in folds for role in ("train", "validation") for i in fold[role]}
        if record.get("stores"):
            parts = [FeatureStore(entry["path"]) for entry in record["stores"]]
            vocabulary = Vocabulary(record.get("label_map", {}))
            clips: Mapping[str, ClipRow] = JoinedStore(parts, run.labels, vocabulary).state.clips
        else:
            clips = FeatureStore(record["settings"]["store"]).state.clips
        return [clips[clip_id] for clip_id in ids]
    except (SerkitError, OSError, ValueError, KeyError, TypeError):
        return None


def _write(
    evaluation: Evaluation, fold: Fold, frame: pd.DataFrame, runs: Path, seconds: float
) -> Run:
    now = datetime.now(UTC)
    folder = runs / run_name(evaluation.run.model, evaluation.protocol, now)
    split = Split(evaluation.protocol, (fold,))
    config = _config(evaluation, split, folder.name, now)
    config["selection"] = selection_of(config, "", runs)
    labels = evaluation.store.labels
    record = config | figures_of(frame, labels)
    record["fold_scores"] = [
        untrained_entry(fold.name, f"fold-{fold.name}", frame, labels, seconds=seconds)
    ]
    record |= {"parameters": evaluation.run.record["parameters"], "epochs": None}
    record |= {"train_seconds": None, "predict_seconds": seconds, "seconds": seconds}
    record |= {"peak_memory_bytes": None}
    folder.mkdir(parents=True)
    write_json(folder / SPLIT, {"folds": [asdict(fold)]})
    write_file(folder / PREDICTIONS, frame.to_parquet(index=False))
    write_json(folder / CONFIG, config)
    write_json(folder / RECORD, record)  # the commit point
    sync_folder(folder)
    sync_folder(runs)
    return read_run(folder)


_KEPT = (
    *("model", "preset", "seed", "transductive", "features", "copies", "feature_fingerprints"),
    *("values", "given"),
)
"""What an evaluation's record takes from that of the run whose models were asked."""


def _config(evaluation: Evaluation, split: Split, name: str, now: datetime) -> dict[str, Any]:
    origin, store = evaluation.run.record, evaluation.store
    clips = [store.state.clips[clip_id] for clip_id in split.folds[0].test]
    corpora = sorted({clip.corpus for clip in clips})
    unknown = any(clip.speaker == UNKNOWN for clip in clips)
    trained_unknown = bool(origin.get("speaker_unknown"))
    return {
        "run": name,
        **{key: origin.get(key) for key in _KEPT},
        "protocol": split.protocol,
        "speaker_independent": not (unknown or trained_unknown),
        "speaker_unknown": unknown,
        "selected_on_test": False,
        "synthetic": bool(origin["synthetic"]) or "synthetic" in corpora,
        "submitted": False,
        "published": False,
        "evaluated_run": evaluation.run.name,
        "trained_on": f"{origin['corpus']} ({origin['protocol']})",
        "corpus": "+".join(corpora),
        "labels": store.labels.to_json(),
        "corpus_digest": corpus_digest(clips),
        "split_digest": split.digest,
        "audio": audio_of(clips),
        "folds": 1,
        **origin_of([(store.stores[0], "test")], store.vocabulary),
        "settings": {},
        "notes": _notes(evaluation),
        "created": now.isoformat(timespec="seconds"),
        "versions": installed_versions(),
        "hardware": hardware(),
        "processes": 1,
    }


def _notes(evaluation: Evaluation) -> list[str]:
    run, store = evaluation.run, evaluation.store
    folders = evaluation.run.saved_models.chosen(evaluation.which)
    names = list(folders)
    whose = f"the model {names[0]!r}" if len(names) == 1 else f"the mean of {len(names)} models"
    notes = [f"{whose} of {run.name}, trained on {run.record['corpus']}", *joining_notes(store)]
    shared = store.labels
    if gone := [label for label in run.labels if store.vocabulary.name(label) not in shared]:
        notes.append(
            f"the model also answers {', '.join(gone)}, which no clip here is: left out, and the "
            "other probabilities divided by their sum"
        )
    if seen_clips(run) is None:
        notes.append(
            "the store that the models were trained on is gone: it is unknown whether they "
            "were trained on some of these recordings"
        )
    return notes

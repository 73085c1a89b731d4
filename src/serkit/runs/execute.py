"""Training and testing by a protocol: the only place where a model meets test clips."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.clips import EMOTIONS
from serkit.errors import SerkitError, TrainingError, UsageError
from serkit.parameters import Scalar
from serkit.runs.environment import hardware, installed_versions, peak_memory_bytes
from serkit.runs.evidence import frame_scores, grouped_scores, predictions_frame, write_json
from serkit.runs.run import CONFIG, FOLD, HISTORY, PREDICTIONS, RECORD, SPLIT, Run, read_run
from serkit.splits import Fold, Protocol, Split, split_clips
from serkit.store.files import flush_file, sync_folder, write_file
from serkit.store.state import corpus_digest
from serkit.store.store import FeatureStore
from serkit.trainers import ClipData, FitContext, Fitted, FoldData, Trainer, history_of

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[str, int, int, str], None]
"""Called with a fold's name, steps done in it, steps in all, and what is going on."""


@dataclass(frozen=True)
class Plan:
    """Everything that determines a run's result, and where it goes.

    Attributes:
        trainer: The kind of model.
        store: Where the features are.
        protocol: How the clips are split.
        preset: The preset's name.
        values: Every parameter's value.
        seed: Of all random numbers.
        runs: The folder that the run's folder is made in.
        settings: The resolved settings of the command, kept for the record.
        folds: Run only the first so many folds; None is all.
    """

    trainer: Trainer
    store: FeatureStore
    protocol: Protocol
    preset: str
    values: Mapping[str, Scalar]
    seed: int
    runs: Path
    settings: Mapping[str, Any]
    folds: int | None = None

    @property
    def features(self) -> tuple[str, ...]:
        """The features that the model reads."""
        return self.trainer.features(self.values)

    @property
    def chooses_on_test(self) -> bool:
        """Whether the run reproduces the study's choice on its test clips."""
        return self.preset == "notebook" and self.protocol.choose_on_test


@dataclass(frozen=True)
class FoldResult:
    """One fold's result.

    Attributes:
        fold: The fold.
        folder: Its folder inside the run's.
        frame: Its predictions; see :attr:`serkit.runs.run.Run.predictions`.
        parameters: How many numbers were fitted.
        chosen: What was chosen on inner validation actors.
        train_seconds: Wall time of the fit.
        predict_seconds: Wall time of the prediction.
        history: A row an epoch; None where the model was not trained in epochs.
    """

    fold: Fold
    folder: str
    frame: pd.DataFrame
    parameters: int
    chosen: Mapping[str, Scalar]
    train_seconds: float
    predict_seconds: float
    history: Any = None

    @property
    def epochs(self) -> int | None:
        """How many epochs the model was trained; None where it was not trained in epochs."""
        return None if self.history is None else len(self.history)


def execute(plan: Plan, progress: Progress | None = None) -> Run:
    """Train and test a model by a protocol, and keep all of it.

    Where it fails or is interrupted, nothing is left. Only a process that is killed leaves a
    folder, which has no record.

    Args:
        plan: What to do.
        progress: Told how far it is.

    Returns:
        The finished run.

    Raises:
        LeakageError: The split leaks.
        StoreError: A feature is not current, or the store is damaged.
        TrainingError: A model could not be fitted or gives no probabilities, or the store was
            changed meanwhile.
    """
    started = time.perf_counter()
    plan.trainer.require()
    plan.trainer.check(plan.values)
    clip_ids = _usable_clips(plan)
    state = plan.store.state
    split = plan.protocol.split(split_clips({i: state.clips[i] for i in clip_ids}))
    split = _first_folds(split, plan.folds)
    now = datetime.now(UTC)
    folder = plan.runs / _name(plan, now)
    try:
        _begin(plan, split, folder, now)
        results = [
            _run_fold(plan, fold, folder, number, progress)
            for number, fold in enumerate(split.folds, start=1)
        ]
        return _finish(plan, split, folder, results, started)
    except BaseException:
        if not (folder / RECORD).exists():
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _usable_clips(plan: Plan) -> list[str]:
    """Return the clips for which every feature is current; failed ones are left out."""
    everyone = list(plan.store.state.clips)
    if not everyone:
        raise UsageError(
            f"the store {plan.store.path} holds no clips", hint="run 'serkit extract SRC' first"
        )
    usable = set(everyone)
    for feature in plan.features:
        usable &= set(plan.store.select(feature))
    if not usable:
        raise TrainingError("every clip failed", hint="'serkit store why' says why")
    return sorted(usable)


def _first_folds(split: Split, wanted: int | None) -> Split:
    """Leave out all folds but the first; such a split has a digest, and a ranking, of its own."""
    if wanted is None or wanted >= len(split.folds):
        return split
    if wanted < 1:
        raise UsageError(f"folds = {wanted}", allowed="1 or more is allowed")
    note = f"only the first {wanted} of {len(split.folds)} folds"
    return replace(split, folds=split.folds[:wanted], notes=(*split.notes, note))


def _name(plan: Plan, now: datetime) -> str:
    model, protocol = plan.trainer.name, plan.protocol.name
    return f"{model}-{protocol}-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def _begin(plan: Plan, split: Split, folder: Path, now: datetime) -> None:
    write_json(folder / CONFIG, _config(plan, split, folder.name, now))
    write_json(folder / SPLIT, {"folds": [asdict(fold) for fold in split.folds]})


def _config(plan: Plan, split: Split, name: str, now: datetime) -> dict[str, Any]:
    clips = _split_rows(plan, split)
    corpora = sorted({clip.corpus for clip in clips})
    return {
        "run": name,
        "model": plan.trainer.name,
        "preset": plan.preset,
        "protocol": plan.protocol.name,
        "seed": plan.seed,
        "speaker_independent": plan.protocol.speaker_independent,
        "selected_on_test": plan.chooses_on_test,
        "transductive": False,
        "synthetic": "synthetic" in corpora,
        "published": False,
        "corpus": "+".join(corpora),
        "split_digest": split.digest,
        "features": [plan.store.spec(name).to_json() for name in plan.features],
        **_read(plan, split),
        "values": dict(plan.values),
        "given": _given(plan),
        "settings": dict(plan.settings),
        "notes": list(split.notes),
        "created": now.isoformat(timespec="seconds"),
        "versions": installed_versions(),
        "hardware": hardware(),
    }


def _read(plan: Plan, split: Split) -> dict[str, Any]:
    """Return the identity of all that is read from the store as it is now."""
    return {
        "corpus_digest": corpus_digest(_split_rows(plan, split)),
        "feature_fingerprints": {n: plan.store.spec(n).fingerprint for n in plan.features},
    }


def _refuse_changed(plan: Plan, split: Split, config: Mapping[str, Any]) -> None:
    """Refuse to finish on another state of the store than the run began on.

    The store shows its newest state, also where that is committed between two folds.
    """
    try:
        same = all(config[key] == value for key, value in _read(plan, split).items())
    except LookupError:  # a clip or a feature is gone
        same = False
    if not same:
        raise TrainingError("the store changed while training", hint="train it again")


def _given(plan: Plan) -> dict[str, Scalar]:
    """Return the values that differ from the preset's."""
    usual = plan.trainer.settle(plan.preset, {})
    return {key: value for key, value in plan.values.items() if value != usual[key]}


def _split_rows(plan: Plan, split: Split) -> list[Any]:
    ids = {i for f in split.folds for i in (*f.train, *f.validation, *f.test)}
    return [plan.store.state.clips[clip_id] for clip_id in sorted(ids)]


def _run_fold(
    plan: Plan, fold: Fold, folder: Path, number: int, progress: Progress | None
) -> FoldResult:
    name = f"fold-{number}"
    target = folder / name
    target.mkdir(parents=True)

    def report(done: int, total: int, what: str) -> None:
        if progress:
            progress(fold.name, done, total, what)

    report(0, 1, "reading")
    started = time.perf_counter()
    model = _fit(plan, fold, FitContext(plan.seed, report))
    fitted = time.perf_counter()
    probabilities = _checked(model.predict(ClipData(plan.store, fold.test)), fold, plan)
    predicted = time.perf_counter()
    model.save(target)
    result = FoldResult(
        fold,
        name,
        predictions_frame(plan.store.state.clips, fold, probabilities),
        model.parameters,
        dict(model.chosen),
        fitted - started,
        predicted - fitted,
        history_of(model),
    )
    _write_history(target, [result])
    write_file(target / PREDICTIONS, result.frame.to_parquet(index=False))
    _flush(target)
    write_json(target / FOLD, _fold_entry(result))  # says that the files beside it are whole
    report(1, 1, "done")
    return result


def _flush(folder: Path) -> None:
    """Wait until every file in a folder is on the disk: libraries write models without that."""
    for path in folder.rglob("*"):
        if path.is_file():
            flush_file(path)
        elif path.is_dir():
            sync_folder(path)
    sync_folder(folder)


def _write_history(folder: Path, results: Sequence[FoldResult]) -> None:
    """Write what the models knew after each epoch, if they were trained in epochs."""
    import pandas as pd

    known = [result for result in results if result.history is not None]
    if not known:
        return
    frames = [result.history.assign(fold=result.fold.name) for result in known]
    whole = pd.concat(frames, ignore_index=True)
    whole.insert(0, "fold", whole.pop("fold"))
    write_file(folder / HISTORY, whole.to_parquet(index=False))


def _fit(plan: Plan, fold: Fold, context: FitContext) -> Fitted:
    try:
        return plan.trainer.fit(_fold_data(plan, fold), plan.values, context)
    except SerkitError:
        raise
    except ValueError as error:  # scikit-learn's, XGBoost's and NumPy's refusals are all of these
        raise TrainingError(
            f"{plan.trainer.name} could not be fitted in fold {fold.name}: {error}",
            hint=f"see 'serkit models {plan.trainer.name}' for what can be set",
        ) from error


def _fold_data(plan: Plan, fold: Fold) -> FoldData:
    if plan.chooses_on_test:  # as the study did: trained on all else, chosen on the test clips
        train = tuple(sorted((*fold.train, *fold.validation)))
        return FoldData(
            ClipData(plan.store, train), ClipData(plan.store, fold.test), chosen_on_test=True
        )
    return FoldData(ClipData(plan.store, fold.train), ClipData(plan.store, fold.validation))


def _checked(
    probabilities: npt.NDArray[np.float64], fold: Fold, plan: Plan
) -> npt.NDArray[np.float64]:
    expected = (len(fold.test), len(EMOTIONS))
    if probabilities.shape != expected or not np.isfinite(probabilities).all():
        raise TrainingError(
            f"{plan.trainer.name} gave no probabilities in fold {fold.name} "
            f"(shape {probabilities.shape} for {expected}, or not finite)"
        )
    return probabilities


def _fold_entry(result: FoldResult) -> dict[str, Any]:
    scores = frame_scores(result.frame)
    return {
        "fold": result.fold.name,
        "folder": result.folder,
        "uar": scores.uar,
        "accuracy": scores.accuracy,
        "macro_f1": scores.macro_f1,
        "clips": scores.clips,
        "actors": scores.actors,
        "train_clips": len(result.fold.train),
        "validation_clips": len(result.fold.validation),
        "parameters": result.parameters,
        "epochs": result.epochs,
        "chosen": dict(result.chosen),
        "train_seconds": result.train_seconds,
        "predict_seconds": result.predict_seconds,
    }


def _finish(
    plan: Plan, split: Split, folder: Path, results: Sequence[FoldResult], started: float
) -> Run:
    import pandas as pd

    frame = pd.concat([r.frame for r in results], ignore_index=True)
    write_file(folder / PREDICTIONS, frame.to_parquet(index=False))
    _write_history(folder, results)
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    _refuse_changed(plan, split, config)
    scores = frame_scores(frame)
    record = config | {
        "parameters": round(sum(r.parameters for r in results) / len(results)),
        "epochs": max((r.epochs for r in results if r.epochs is not None), default=None),
        "uar": scores.uar,
        "uar_low": scores.uar_low,
        "uar_high": scores.uar_high,
        "accuracy": scores.accuracy,
        "accuracy_low": scores.accuracy_low,
        "accuracy_high": scores.accuracy_high,
        "macro_f1": scores.macro_f1,
        "log_loss": scores.log_loss,
        "brier": scores.brier,
        "ece": scores.ece,
        "recall": dict(zip(EMOTIONS, scores.recall, strict=True)),
        "confusion": scores.confusion,
        "by_sex": grouped_scores(frame, "sex"),
        "by_intensity": grouped_scores(frame, "intensity"),
        "folds": len(split.folds),
        "actors": scores.actors,
        "clips": scores.clips,
        "fold_scores": [_fold_entry(result) for result in results],
        "train_seconds": sum(result.train_seconds for result in results),
        "predict_seconds": sum(result.predict_seconds for result in results),
        "seconds": time.perf_counter() - started,
        "peak_memory_bytes": peak_memory_bytes(),
    }
    for result in results:
        sync_folder(folder / result.folder)
    sync_folder(folder)
    write_json(folder / RECORD, record)  # the commit point
    sync_folder(folder)
    sync_folder(folder.parent)
    return read_run(folder)

"""Training and testing by a protocol: fold after fold, into a folder that is a run when whole."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from serkit.compute.engine import Engine
from serkit.compute.environment import peak_memory_bytes
from serkit.errors import SerkitError, StoreChangedError, TrainingInterrupted, UsageError
from serkit.evaluation.splits import Split
from serkit.experiments.folds import (
    FoldProgress,
    FoldResult,
    fold_entry,
    fold_folder,
    run_fold,
    write_history,
)
from serkit.experiments.members import refuse_other_split
from serkit.experiments.naming import run_name
from serkit.experiments.plan import Plan, config_of, identity_of, split_of, store_changed
from serkit.experiments.progress import TrainingCallback
from serkit.experiments.resume import WORK, clear, continued, holding, read_config, refuse_finished
from serkit.experiments.sides import Fit, fit_here
from serkit.experiments.spread import fit_on_workers
from serkit.experiments.teachers import refuse_other_folds
from serkit.models import Tracking
from serkit.progress import silent
from serkit.results.folder import CONFIG, FOLD, PREDICTIONS, RECORD, SPLIT, resume_command
from serkit.results.run import Run, read_run
from serkit.results.scores import figures_of, write_json
from serkit.storage.files import sync_folder, write_file


def execute(
    plan: Plan,
    report: TrainingCallback = silent,
    *,
    tracking: Tracking | None = None,
    resumed: Path | None = None,
    fit: Fit = fit_here,
    engine: Engine | None = None,
) -> Run:
    """Train and test a model under a protocol, and save the run.

    A run that is interrupted, or fails once a fold is done, stays as an unfinished one, and so
    does one that is killed: it has no record, and can be resumed to the same result. One that
    fails before leaves nothing.

    Args:
        plan: The plan.
        report: Called with a :class:`Progress` after each step.
        tracking: Where else the training is logged to.
        resumed: The folder of an unfinished run to resume, which must have been begun by the
            same plan; None begins one.
        fit: Who fits the models.
        engine: Whose workers fit the folds; None fits one after another here.

    Returns:
        The finished run.

    Raises:
        LeakageError: The split leaks.
        StoreError: A feature is not current, or the store is damaged.
        TrainingError: A model could not be fitted or predicts no valid probabilities, or the store
            changed.
        RunError: The unfinished run was begun on something else, is finished, or is in the hands
            of another process.
        TrainingInterrupted: It was interrupted (Ctrl-C) with something done.
    """
    started = time.perf_counter()
    plan.trainer.require()
    plan.trainer.check(plan.parameters)
    tracking = tracking or Tracking()
    _check_tracking(plan, tracking)
    split = split_of(plan)
    now = datetime.now(UTC)
    folder = resumed or plan.runs / run_name(plan.trainer.name, plan.protocol.name, now)
    config = config_of(plan, split, folder.name, now)
    refuse_other_split(plan.members, split.digest, config["feature_fingerprints"])
    refuse_other_folds(plan.teachers, split, config["feature_fingerprints"])
    with holding(folder):
        if resumed:
            refuse_finished(folder)
            config = continued(read_config(folder), config)
        with _keeping(folder, split, fresh=not resumed), _blaming_changes(plan, split, config):
            _begin(split, folder, config)
            elsewhere: frozenset[int] = frozenset()
            if engine:
                elsewhere = fit_on_workers(plan, split, folder, report, tracking, engine)
            results = [
                run_fold(
                    plan,
                    fold,
                    folder,
                    FoldProgress(report, fold, number, len(split.folds)),
                    tracking,
                    fit,
                )
                for number, fold in enumerate(split.folds, start=1)
            ]
            # Workers' time is this run's, not that of one that it resumes.
            results = [
                replace(result, earlier_seconds=0.0) if number in elsewhere else result
                for number, result in enumerate(results, start=1)
            ]
            run = _finish(plan, split, folder, results, started)
    clear(folder)
    return run


def _check_tracking(plan: Plan, tracking: Tracking) -> None:
    if not tracking:
        return
    if plan.trainer.track is None:
        raise UsageError(
            f"{plan.trainer.name} is not trained in epochs: there is nothing to log",
            hint="leave out --tensorboard and --mlflow",
        )
    plan.trainer.track(plan.parameters, tracking)


@contextmanager
def _keeping(folder: Path, split: Split, *, fresh: bool) -> Iterator[None]:
    """Keep an unfinished run if it can be resumed, and print how; otherwise remove it."""
    try:
        yield
    except BaseException as error:
        if (folder / RECORD).exists():
            raise
        done = sum(
            (folder / fold_folder(i) / FOLD).exists() for i in range(1, len(split.folds) + 1)
        )
        interrupted = isinstance(error, KeyboardInterrupt)
        begun = interrupted and any((folder / WORK).glob("*/*"))
        if isinstance(error, StoreChangedError) or (fresh and not done and not begun):
            shutil.rmtree(folder, ignore_errors=True)
            raise
        command = resume_command(folder)
        if interrupted:
            raise TrainingInterrupted(folder.name, done, len(split.folds), command) from error
        if isinstance(error, SerkitError) and done:
            stays = f"{done} of {len(split.folds)} folds are done and stay; resume with '{command}'"
            hint = f"{error.hint}; {stays}" if error.hint else stays
            raise type(error)(error.got, allowed=error.allowed, hint=hint) from error
        raise


@contextmanager
def _blaming_changes(plan: Plan, split: Split, config: Mapping[str, Any]) -> Iterator[None]:
    """If training failed because the store changed, report only that."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, StoreChangedError):
            _refuse_changed(plan, split, config, because=error)
        raise


def _begin(split: Split, folder: Path, config: Mapping[str, Any]) -> None:
    write_json(folder / CONFIG, config)
    write_json(folder / SPLIT, {"folds": [asdict(fold) for fold in split.folds]})


def _refuse_changed(
    plan: Plan, split: Split, config: Mapping[str, Any], *, because: Exception | None = None
) -> None:
    """Refuse to finish on another state of the store than the run began on.

    The store shows its newest state, also where that is committed between two folds.
    """
    try:
        same = all(config[key] == value for key, value in identity_of(plan, split).items())
    except (LookupError, StoreChangedError):  # a feature or a clip is gone
        same = False
    if not same:
        raise store_changed() from because


def _remarks(config: Mapping[str, Any], results: Sequence[FoldResult]) -> dict[str, Any]:
    """Return the folds' contribution to a run's stamps and notes."""
    said = dict.fromkeys(note for result in results for note in result.notes)
    found = [result for result in results if result.transductive]
    notes = [*config["notes"], *said]
    if not found:
        return {"notes": notes}
    worst = max(found, key=lambda result: result.dependence or 0.0)
    note = (
        f"transductive: a clip's probabilities change by up to {worst.dependence:.2f} with the "
        f"test clips predicted beside it ({len(found)} of {len(results)} folds)"
    )
    return {"transductive": True, "notes": [*notes, note]}


def _finish(
    plan: Plan, split: Split, folder: Path, results: Sequence[FoldResult], started: float
) -> Run:
    import pandas as pd

    frame = pd.concat([r.frame for r in results], ignore_index=True)
    write_file(folder / PREDICTIONS, frame.to_parquet(index=False))
    write_history(folder, results)
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    _refuse_changed(plan, split, config)
    labels = plan.store.labels
    record = (
        config
        | _remarks(config, results)
        | {
            "parameters": round(sum(r.parameters for r in results) / len(results)),
            "epochs": max((r.epochs for r in results if r.epochs is not None), default=None),
            **figures_of(frame, labels),
            "fold_scores": [fold_entry(result, labels) for result in results],
            "train_seconds": sum(result.train_seconds for result in results),
            "predict_seconds": sum(result.predict_seconds for result in results),
            "seconds": time.perf_counter() - started + sum(r.earlier_seconds for r in results),
            "peak_memory_bytes": peak_memory_bytes(),
        }
    )
    for result in results:
        sync_folder(folder / result.folder)
    sync_folder(folder)
    write_json(folder / RECORD, record)  # the commit point
    sync_folder(folder)
    sync_folder(folder.parent)
    return read_run(folder)

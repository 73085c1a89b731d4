"""Folds fitted by workers, each in the run's own folder: folds know nothing of each other."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from serkit.compute.engine import Engine
from serkit.errors import RunError, SerkitError
from serkit.evaluation.splits import Fold, Split
from serkit.experiments.folds import FoldProgress, fold_folder, run_fold
from serkit.experiments.plan import Plan
from serkit.experiments.progress import Progress, TrainingCallback
from serkit.experiments.resume import WORK, kept_fold
from serkit.models import Tracking
from serkit.progress import silent
from serkit.storage.lock import folder_lock

_LET_GO = 30.0
"""Seconds for a worker that lost its connection to end before another one takes over its fold."""


@dataclass(frozen=True)
class FoldTask:
    """A fold for one worker.

    Attributes:
        plan: What the run is of.
        fold: Its clips.
        number: Which one it is, from 1.
        folds: How many there are.
        folder: The run's folder, in a folder that all workers share.
        tracking: Where else the training is logged to.
    """

    plan: Plan
    fold: Fold
    number: int
    folds: int
    folder: Path
    tracking: Tracking

    def __str__(self) -> str:
        return f"fold {self.fold.name} of {self.folder.name}"


def fit_on_workers(
    plan: Plan,
    split: Split,
    folder: Path,
    report: TrainingCallback,
    tracking: Tracking,
    engine: Engine,
) -> frozenset[int]:
    """Have workers fit, test and save every fold that is not finished yet.

    Args:
        plan: What the run is of; its trainer can be pickled.
        split: Its folds.
        folder: The run's folder.
        report: Called when a fold begins to be waited for, once a second, and when one is done.
        tracking: Where else the training is logged to.
        engine: Where the workers are.

    Returns:
        The numbers of the folds that were fitted now.

    Raises:
        TrainingError: A model could not be fitted.
        EngineError: Workers died or are gone; folds that are done stay.
    """
    shared = folder.resolve()
    missing = [
        FoldTask(plan, fold, number, len(split.folds), shared, tracking)
        for number, fold in enumerate(split.folds, start=1)
        if kept_fold(folder / fold_folder(number), fold) is None
    ]
    if not missing:
        return frozenset()
    done = len(split.folds) - len(missing)
    waiting = Progress(missing[0].fold.name, done + 1, len(split.folds), 0, 1, "on workers")
    report(waiting)
    with closing(
        engine.run(run_fold_task, missing, engine.capacity(), lambda: report(waiting))
    ) as finished:
        for number in finished:
            done += 1
            name = split.folds[number - 1].name
            report(Progress(name, done, len(split.folds), 1, 1, "done"))
            waiting = replace(waiting, number=min(done + 1, len(split.folds)))
    return frozenset(task.number for task in missing)


def run_fold_task(task: FoldTask) -> int:
    """Fit, test and save a fold; return its number.

    Raises:
        RunError: This machine does not see the run's folder, or another process has the fold.
        TrainingError: The model could not be fitted.
    """
    if not (task.folder / WORK).is_dir():
        raise RunError(
            f"a worker does not see the run's folder {task.folder}",
            hint="put store and runs into folders that all machines share under one path",
        )

    def busy(holder: str) -> SerkitError:
        return RunError(f"{task} is still being trained by {holder}", hint="wait for it, or end it")

    name = f"{fold_folder(task.number)}.lock"
    with folder_lock(task.folder / WORK / name, str(task), busy, wait=_LET_GO):
        progress = FoldProgress(silent, task.fold, task.number, task.folds)
        run_fold(task.plan, task.fold, task.folder, progress, task.tracking)
    return task.number

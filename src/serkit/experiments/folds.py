"""One fold: a model is fitted and tested; the only place where one meets test clips."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.errors import SerkitError, TrainingError
from serkit.evaluation.splits import Fold
from serkit.experiments.copies import audit_copies, watching
from serkit.experiments.independence import TOLERANCE, dependence_on_company
from serkit.experiments.members import member_models
from serkit.experiments.plan import Plan
from serkit.experiments.predicting import predict_clips
from serkit.experiments.progress import Progress, TrainingCallback
from serkit.experiments.resume import WORK, Kept, digests, flush_all, kept_fold
from serkit.experiments.sides import Fit, Sides, fit_here
from serkit.experiments.teachers import recipes_of
from serkit.labels import LabelSet
from serkit.models import (
    FitContext,
    Fitted,
    Tracking,
    earlier_seconds,
    fitted_clips,
    history_of,
    notes_of,
    settings_tried,
)
from serkit.models.opaque import with_true_names
from serkit.parameters import Scalar
from serkit.prediction.golden import keep_golden
from serkit.results.folder import FOLD, HISTORY, PREDICTIONS
from serkit.results.scores import fold_figures, predictions_frame, write_json
from serkit.storage.files import write_file, writing

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class FoldResult:
    """One fold's result.

    Attributes:
        fold: The fold.
        folder: Its folder inside the run's.
        frame: Its predictions; see :attr:`serkit.results.run.Run.predictions`.
        train_clips: Number of clips the final model was fitted on; None if unknown.
        validation_clips: How many were set aside to choose on: the test clips, where the study
            did so.
        parameters: How many numbers were fitted.
        chosen: Values chosen on inner validation speakers.
        train_seconds: Wall time of the fit.
        predict_seconds: Wall time of the prediction.
        dependence: Change of a test clip's probabilities with the other clips of the batch; None if
            not checked.
        history: One row for each epoch; None where the model was not trained in epochs.
        earlier_seconds: How much of the times other, interrupted processes took.
        files: Checksums of the fold's files, by name.
        settings_tried: Number of settings compared in the fold; None if unknown.
        copied_clips: Number of training clips of which copies in other voices were read; None if
            unknown.
        notes: Notes on the model.
    """

    fold: Fold
    folder: str
    frame: pd.DataFrame
    train_clips: int | None
    validation_clips: int
    parameters: int
    chosen: Mapping[str, Scalar]
    train_seconds: float
    predict_seconds: float
    dependence: float | None = None
    history: Any = None
    earlier_seconds: float = 0.0
    files: Mapping[str, str] = field(default_factory=dict)
    settings_tried: int | None = None
    copied_clips: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def transductive(self) -> bool:
        """Whether predictions depend on the other clips of the batch."""
        return self.dependence is not None and self.dependence > TOLERANCE

    @property
    def epochs(self) -> int | None:
        """How many epochs the model was trained; None where it was not trained in epochs."""
        return None if self.history is None else len(self.history)


def fold_folder(number: int) -> str:
    """Return the name of a fold's folder inside the run's; the first is number 1."""
    return f"fold-{number}"


class FoldProgress:
    """Reports progress within one fold: steps, and batches of the current step."""

    def __init__(self, report: TrainingCallback, fold: Fold, number: int, folds: int) -> None:
        self.number = number
        self._report = report
        self._at = Progress(fold.name, number, folds, 0, 1, "")

    def steps(self, done: int, total: int, what: str = "", /) -> None:
        """Report completed steps, such as epochs or fits."""
        self._at = replace(self._at, done=done, total=total, what=what)
        self._report(self._at)

    def batches(self, done: int, total: int, what: str = "", /) -> None:
        """Report completed batches of the current step."""
        self._report(replace(self._at, batch=done, batches=total, what=what))


def run_fold(
    plan: Plan,
    fold: Fold,
    folder: Path,
    progress: FoldProgress,
    tracking: Tracking,
    fit: Fit = fit_here,
) -> FoldResult:
    """Fit and test a fold and save it; a fold that was completed before is read back.

    Args:
        plan: What the run is of.
        fold: Its clips.
        folder: The run's folder.
        progress: Reports the progress of this fold.
        tracking: Where else the training is logged to.
        fit: Who fits the model.

    Raises:
        TrainingError: The model could not be fitted, or predicts no valid probabilities.
        LeakageError: Copies of test clips were read.
    """
    name = fold_folder(progress.number)
    target, workdir = folder / name, folder / WORK / name
    if kept := kept_fold(target, fold):
        progress.steps(1, 1, "done before")
        return _read_back(fold, name, kept)
    shutil.rmtree(target, ignore_errors=True)  # leftovers of a killed process
    with writing(target):
        target.mkdir()
        workdir.mkdir(exist_ok=True)
    progress.steps(0, 1, "reading")
    started = time.perf_counter()
    plan, watched = watching(plan)
    where = replace(tracking, name=f"{folder.name}/{name}")
    members = member_models(plan.members, fold.name)
    context = FitContext(
        plan.seed,
        progress.steps,
        progress.batches,
        workdir,
        where,
        members,
        recipes_of(plan.teachers),
    )
    sides = Sides.of(plan.store, fold, voices=plan.voices, choose_on_test=plan.chooses_on_test)
    model = fit_fold(fit, plan, fold, sides, context)
    fitted = time.perf_counter()
    probabilities = _predict(model, fold, plan)
    predicted = time.perf_counter()
    dependence = None
    with writing(target):
        model.save(target)
    if not plan.by_speaker:  # otherwise it is known to be transductive
        dependence = dependence_on_company(model, plan.store, fold.test, probabilities)
        keep_golden(target, model, plan.store, plan.features)
    earlier = earlier_seconds(model)
    result = FoldResult(
        fold,
        name,
        predictions_frame(plan.store.state.clips, fold, probabilities, plan.store.labels),
        fitted_clips(model),
        len(sides.validation),
        model.parameters,
        dict(model.chosen),
        earlier + fitted - started,
        predicted - fitted,
        dependence,
        history_of(model),
        earlier,
        settings_tried=settings_tried(model),
        copied_clips=audit_copies(fold, watched.copied if watched else ()),
        notes=notes_of(model),
    )
    write_history(target, [result])
    write_file(target / PREDICTIONS, result.frame.to_parquet(index=False))
    flush_all(target)
    result = replace(result, files=digests(target))
    write_json(
        target / FOLD, fold_entry(result, plan.store.labels)
    )  # marks the files next to it as complete
    shutil.rmtree(workdir, ignore_errors=True)
    progress.steps(1, 1, "done")
    return result


def _read_back(fold: Fold, name: str, kept: Kept) -> FoldResult:
    entry = kept.entry
    return FoldResult(
        fold,
        name,
        kept.predictions,
        entry["train_clips"],
        entry["validation_clips"],
        entry["parameters"],
        entry["chosen"],
        entry["train_seconds"],
        entry["predict_seconds"],
        entry.get("dependence_on_company"),
        kept.history,
        entry["train_seconds"] + entry["predict_seconds"],
        entry["files"],
        entry.get("settings_tried"),
        entry.get("copied_clips"),
        tuple(entry.get("notes", ())),
    )


def write_history(folder: Path, results: Sequence[FoldResult]) -> None:
    """Write the models' history, if they were trained in epochs."""
    import pandas as pd

    known = [result for result in results if result.history is not None]
    if not known:
        return
    frames = [result.history.assign(fold=result.fold.name) for result in known]
    whole = pd.concat(frames, ignore_index=True)
    whole.insert(0, "fold", whole.pop("fold"))
    write_file(folder / HISTORY, whole.to_parquet(index=False))


def fit_fold(fit: Fit, plan: Plan, fold: Fold, sides: Sides, context: FitContext) -> Fitted:
    """Fit the model of a fold.

    Raises:
        TrainingError: It could not be fitted.
    """
    try:
        return fit(plan.trainer, sides, plan.parameters, context)
    except SerkitError:
        raise
    except ValueError as error:  # scikit-learn's, XGBoost's and NumPy's refusals are all of these
        raise TrainingError(
            f"{plan.trainer.name} could not be fitted in fold {fold.name}: {error}",
            hint=f"see 'serkit models {plan.trainer.name}' for what can be set",
        ) from error


def _predict(model: Fitted, fold: Fold, plan: Plan) -> npt.NDArray[np.float64]:
    """Predict a fold's test clips; the model sees only their features."""
    try:
        probabilities = predict_clips(
            model, plan.store, fold.test, len(plan.store.labels), by_speaker=plan.by_speaker
        )
    except SerkitError as error:
        raise with_true_names(error, plan.store, fold.test) from error
    except ValueError as error:
        raise TrainingError(
            f"{plan.trainer.name} could not predict in fold {fold.name}: {error}"
        ) from error
    expected = (len(fold.test), len(plan.store.labels))
    if probabilities.shape != expected or not np.isfinite(probabilities).all():
        raise TrainingError(
            f"{plan.trainer.name} gave no probabilities in fold {fold.name} "
            f"(shape {probabilities.shape} for {expected}, or not finite)"
        )
    return probabilities


def untrained_entry(
    fold: str,
    folder: str,
    frame: pd.DataFrame,
    labels: LabelSet,
    *,
    validation_clips: int = 0,
    seconds: float | None = None,
) -> dict[str, Any]:
    """Return the entry of a fold for which nothing was trained here.

    Args:
        fold: Its name.
        folder: The folder's name.
        frame: Its predictions.
        labels: The classes.
        validation_clips: How many clips it could have been chosen on.
        seconds: Time to predict it; None if unknown.
    """
    return {
        "fold": fold,
        "folder": folder,
        **fold_figures(frame, labels),
        "train_clips": None,
        "validation_clips": validation_clips,
        "parameters": None,
        "epochs": None,
        "chosen": {},
        "train_seconds": None,
        "predict_seconds": seconds,
    }


def fold_entry(result: FoldResult, labels: LabelSet) -> dict[str, Any]:
    """Return a fold's scores, costs and files as the run's record names them."""
    return {
        "fold": result.fold.name,
        "folder": result.folder,
        **fold_figures(result.frame, labels),
        "train_clips": result.train_clips,
        "copied_clips": result.copied_clips,
        "validation_clips": result.validation_clips,
        "parameters": result.parameters,
        "epochs": result.epochs,
        "chosen": dict(result.chosen),
        "settings_tried": result.settings_tried,
        "notes": list(result.notes),
        "train_seconds": result.train_seconds,
        "predict_seconds": result.predict_seconds,
        "dependence_on_company": result.dependence,
        "files": dict(result.files),
    }

"""The runs whose models a net learns from: found, checked, and reduced to their recipes.

A teacher's fitted models are not used: :mod:`serkit.models.distillation` fits models like them on
the net's own training clips. Its run says how, and on which folds its figures were measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from serkit.errors import LeakageError, RunError, UsageError
from serkit.evaluation.splits import Split
from serkit.experiments.members import refuse_misfit, refuse_other_recipes
from serkit.models import TRAINERS
from serkit.models.distillation import DistillationParameters
from serkit.models.trainer import Teacher, Trainer
from serkit.parameters import Parameters, settle
from serkit.results.finding import find_run
from serkit.results.folder import SPLIT
from serkit.results.run import Run

P = TypeVar("P", bound=Parameters)


def refuse_untaught(trainer: Trainer[Any], values: Mapping[str, object]) -> None:
    """Reject teachers of a model that learns from labels alone.

    Args:
        trainer: The model.
        values: Parameters as they were given.

    Raises:
        UsageError: Teachers are given, and the model has no such parameter.
    """
    if values.get("teachers") and not issubclass(trainer.parameters, DistillationParameters):
        raise UsageError(
            f"{trainer.name} learns from labels alone and cannot have teachers",
            allowed="ffnn, cnn, lstm, tcn and transformer can",
        )


def find_teachers(parameters: Parameters, runs: Path) -> tuple[Run, ...]:
    """Find the runs that the parameter ``teachers`` names; none for models without teachers.

    Args:
        parameters: A model's.
        runs: The folder of runs.

    Raises:
        UsageError: One is named twice, is transductive or cannot be fitted anew, or they do not
            belong together.
        LeakageError: One chose something on the clips that it was tested on.
        NotFoundError: There is no such folder.
        UnknownNameError: There is no such run.
    """
    names = parameters.teacher_names if isinstance(parameters, DistillationParameters) else ()
    found = tuple(find_run(runs, name) for name in names)
    if len({run.path.resolve() for run in found}) < len(found):
        raise UsageError(
            f"teachers = {', '.join(names)} names a run twice",
            allowed="different runs are allowed, and they count alike",
        )
    for run in found:
        refuse_misfit(found[0], run, "a net learns from")
        _refuse_unfit(run)
    return found


def with_full_names(parameters: P, teachers: Sequence[Run]) -> P:
    """Return a model's parameters with its teachers' full names."""
    if not teachers:
        return parameters
    return settle("the student", parameters, {"teachers": ",".join(run.name for run in teachers)})


def recipes_of(teachers: Sequence[Run]) -> tuple[Teacher, ...]:
    """Return how each teacher is fitted."""
    return tuple(
        Teacher(run.model, run.record["values"], int(run.record["seed"])) for run in teachers
    )


def read_by(teachers: Sequence[Run]) -> tuple[str, ...]:
    """Return the features that teachers were fitted on, copies in other voices included."""
    return tuple(name for run in teachers for name in run.record["feature_fingerprints"])


def taught_by(teachers: Sequence[Run]) -> dict[str, Any]:
    """Return what a net's record says of its teachers; nothing where there are none.

    The recipes are kept in full: the record stands where a teacher's run is gone.
    """
    kept = ("run", "model", "preset", "seed", "values")
    entries = [{key: run.record[key] for key in kept} for run in teachers]
    return {"teachers": entries} if entries else {}


def refuse_other_folds(
    teachers: Sequence[Run], split: Split, fingerprints: Mapping[str, str]
) -> None:
    """Reject teachers whose figures were measured on other folds or features.

    A net that is trained on the first folds alone (``--folds``) may have teachers of all folds.

    Args:
        teachers: The runs.
        split: The folds that the net is tested on.
        fingerprints: Those of the features in the store, by name.

    Raises:
        LeakageError: A fold of the net is not a fold of a teacher.
        UsageError: A teacher has read a feature of another recipe than the store holds.
        RunError: A teacher's folds cannot be read.
    """
    for run in teachers:
        known = _folds_of(run)
        for fold in split.folds:
            mine = {"train": fold.train, "validation": fold.validation, "test": fold.test}
            if known.get(fold.name) != {side: sorted(clips) for side, clips in mine.items()}:
                raise LeakageError(
                    f"{run.name} was fitted on other folds than its student",
                    hint="leave out --protocol: the teachers' own is used",
                )
        refuse_other_recipes(run, fingerprints)


def _folds_of(run: Run) -> dict[str, dict[str, list[str]]]:
    """Return the clips of each side of a run's folds, sorted, by the fold's name."""
    path = run.path / SPLIT
    try:
        folds = json.loads(path.read_text(encoding="utf-8"))["folds"]
        sides = ("train", "validation", "test")
        return {fold["name"]: {side: sorted(fold[side]) for side in sides} for fold in folds}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} is damaged ({error})", hint="train it again") from error


def _refuse_unfit(run: Run) -> None:
    """Refuse a run whose model cannot be fitted anew from its record."""
    trainer = TRAINERS.get(run.model) if run.model in TRAINERS else None
    foreign = any(run.record.get(key) for key in ("submitted", "listening", "evaluated_run"))
    if trainer is None or foreign or run.model == "estimator":
        raise UsageError(
            f"{run.name} cannot be fitted anew on inner folds",
            allowed="a teacher is a run that 'serkit train' made",
        )
    if trainer.combines_runs or run.record.get("teachers"):
        made = "made of" if trainer.combines_runs else "taught by"
        raise UsageError(
            f"{run.name} is {made} other runs, and cannot be fitted on inner folds",
            hint="name those runs themselves",
        )

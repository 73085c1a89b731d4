"""A search over settings with Optuna: what it tries next follows from what it has tried.

The study is a journal, one line for each event. A search that was killed resumes from it, and tries
what it would have tried: the sampler of each trial is seeded with the number of trials before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from serkit.errors import TrainingError
from serkit.models.tuning.inner import Report
from serkit.models.tuning.space import Space
from serkit.parameters import Scalar
from serkit.ranges import Between, Range

Objective = Callable[[int, Mapping[str, Scalar], Report], float]
"""Called as ``objective(number, values, report)``; returns the UAR of a setting."""

_STUDY = "serkit"
_REFUSED = "refused"
"""Attribute of a trial whose model could not be fitted, with the reason."""


class GivenUpError(Exception):
    """A setting is given up: it is worse so far than the median of those before it."""


@dataclass(frozen=True)
class Trial:
    """One setting that was tried.

    Attributes:
        values: The setting.
        uar: Its UAR on the inner folds; None where it was given up or failed.
        state: ``complete``, ``pruned`` or ``failed``.
    """

    values: Mapping[str, Scalar]
    uar: float | None
    state: str


@dataclass(frozen=True)
class Search:
    """How settings are searched.

    Attributes:
        space: What is searched.
        start: The first setting, as far as it lies in the space: the preset's.
        trials: How many settings are tried.
        random: How many of them at random before any is drawn from what went well.
        prune: Whether settings are given up early.
        seed: Of all random numbers.
    """

    space: Space
    start: Mapping[str, Scalar]
    trials: int
    random: int = 10
    prune: bool = True
    seed: int = 0

    def run(
        self,
        objective: Objective,
        journal: Path | None,
        on_trials: Callable[[list[Trial]], None],
    ) -> list[Trial]:
        """Try settings until there are as many as wanted.

        Args:
            objective: Judges a setting.
            journal: The study's file, which may hold trials of a process that was killed; None
                keeps the study in memory.
            on_trials: Called with all trials so far, before each trial and at the end.

        Returns:
            All trials, in order.

        Raises:
            TrainingError: No setting could be judged.
        """
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = self._study(journal)
        while len(done := _finished(study)) < self.trials:
            on_trials([_trial(each, self.space) for each in done])
            self._try_next(study, len(done), objective)
        found = [_trial(each, self.space) for each in done]
        on_trials(found)
        if not any(each.state == "complete" for each in found):
            reason = next((each.user_attrs.get(_REFUSED) for each in done), "")
            raise TrainingError(
                f"none of {len(found)} settings could be fitted: {reason}",
                hint="search other ranges: --search KEY=LOW:HIGH",
            )
        return found

    def _study(self, journal: Path | None) -> Any:
        import optuna

        storage: Any = optuna.storages.InMemoryStorage()
        if journal is not None:
            storage = _storage(journal)
        pruner = (
            optuna.pruners.MedianPruner(n_startup_trials=min(5, self.random))
            if self.prune
            else optuna.pruners.NopPruner()
        )
        study = optuna.create_study(
            study_name=_STUDY,
            direction="maximize",
            storage=storage,
            pruner=pruner,
            load_if_exists=True,
        )
        for each in study.get_trials(deepcopy=False):
            if each.state == optuna.trial.TrialState.RUNNING:  # its process was killed
                study.tell(each.number, state=optuna.trial.TrialState.FAIL)
        return study

    def _try_next(self, study: Any, number: int, objective: Objective) -> None:
        from optuna.samplers import TPESampler
        from optuna.trial import TrialState

        # The same number draws the same setting, whatever process draws it.
        seed = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])
        study.sampler = TPESampler(n_startup_trials=self.random, seed=seed)
        waiting = study.get_trials(deepcopy=False, states=[TrialState.WAITING])
        if number == 0 and self.start and not waiting:
            study.enqueue_trial(dict(self.start))
        trial = study.ask()
        values = {name: _suggest(trial, name, each) for name, each in self.space.items()}

        def report(step: int, uar: float) -> None:
            trial.report(uar, step)
            if self.prune and trial.should_prune():
                raise GivenUpError

        try:
            study.tell(trial, objective(number, values, report))
        except GivenUpError:
            study.tell(trial, state=TrialState.PRUNED)
        except TrainingError as error:
            trial.set_user_attr(_REFUSED, str(error))
            study.tell(trial, state=TrialState.FAIL)


def best_of(trials: list[Trial]) -> Trial:
    """Return the best setting; of equal ones the first."""
    return max((each for each in trials if each.uar is not None), key=lambda each: each.uar or 0.0)


def seconds_of(journal: Path | None) -> float:
    """Return the time that the finished trials of a study took, in seconds; 0 without one."""
    if journal is None or not journal.exists():
        return 0.0
    import optuna

    try:
        study = optuna.load_study(study_name=_STUDY, storage=_storage(journal))
    except KeyError:  # killed before there was a study
        return 0.0
    known = [each.duration for each in _finished(study) if each.duration is not None]
    return sum(known, timedelta()).total_seconds()


def _suggest(trial: Any, name: str, each: Range) -> Scalar:
    if not isinstance(each, Between):
        found: Scalar = trial.suggest_categorical(name, each.values)
    elif isinstance(each.low, int):
        found = trial.suggest_int(name, each.low, each.high, log=each.log)
    else:
        found = trial.suggest_float(name, each.low, each.high, log=each.log)
    return _readable(found, each)


def _readable(value: Scalar, each: Range) -> Scalar:
    """Return a number rounded to three digits, so that it can be typed; others as they are."""
    if not (isinstance(value, float) and isinstance(each, Between)):
        return value
    return min(max(float(f"{value:.3g}"), each.low), each.high)


def _finished(study: Any) -> list[Any]:
    """Return the trials that count: not those that a killed process left behind."""
    from optuna.trial import TrialState

    ended = (TrialState.COMPLETE, TrialState.PRUNED)
    return [
        each
        for each in study.get_trials(deepcopy=False)
        if each.state in ended or _REFUSED in each.user_attrs
    ]


def _trial(frozen: Any, space: Space) -> Trial:
    names = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
    state = names[frozen.state.name]
    values = {name: _readable(value, space[name]) for name, value in frozen.params.items()}
    return Trial(values, frozen.value if state == "complete" else None, state)


def _storage(journal: Path) -> Any:
    """Open a journal; half a line at its end is cut off, as a process may have died writing it."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    if journal.exists():
        content = journal.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            journal.write_bytes(whole)
    return JournalStorage(JournalFileBackend(str(journal), lock_obj=_Held()))


class _Held:
    """No lock: whoever trains a run holds its folder."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        """Release nothing."""

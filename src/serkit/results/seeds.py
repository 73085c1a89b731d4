"""Runs of one model are one row: seeds are averaged, copies count once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from serkit.evaluation.metrics import Interval, speaker_interval, uar_shares
from serkit.results.answers import Floats
from serkit.results.recount import Counted
from serkit.results.run import Run


@dataclass(frozen=True)
class ModelRuns:
    """A model's runs on one split: the same parameters and features, with any seed.

    Attributes:
        members: Its runs with different predictions, by seed.
        repeats: Runs with the same predictions as one of those, mapped to it.
    """

    members: tuple[Counted, ...]
    repeats: tuple[tuple[Counted, Counted], ...] = ()

    @property
    def first(self) -> Run:
        """The representative run, with the lowest seed."""
        return self.members[0].run

    @property
    def runs(self) -> tuple[Run, ...]:
        """Every run, copies included, by seed and name."""
        everyone = [*self.members, *(repeat for repeat, _ in self.repeats)]
        return tuple(each.run for each in sorted(everyone, key=_order))

    @property
    def seeds(self) -> tuple[int, ...]:
        """Every seed that it was trained with."""
        return tuple(sorted({run.record["seed"] for run in self.runs}))

    @property
    def ignores_seed(self) -> bool:
        """Whether several seeds gave identical predictions."""
        return len(self.members) == 1 and len(self.seeds) > 1

    @property
    def copies(self) -> tuple[tuple[Run, Run], ...]:
        """Runs that repeat another of the same seed, each with that one."""
        return tuple(
            (repeat.run, original.run)
            for repeat, original in self.repeats
            if repeat.run.record["seed"] == original.run.record["seed"]
        )

    @cached_property
    def hits(self) -> Floats:
        """(A, C) clips labelled right, averaged over seeds."""
        return np.asarray(np.mean([each.hits for each in self.members], axis=0))

    @cached_property
    def shares(self) -> Floats:
        """(A,) the UAR split by speaker, averaged over seeds."""
        return uar_shares(self.hits, self.members[0].clips)

    @property
    def uar(self) -> float:
        """Mean UAR over seeds."""
        return float(np.mean([each.scores.uar for each in self.members]))

    @property
    def interval(self) -> Interval:
        """95 % interval over speakers of the mean UAR."""
        return speaker_interval(self.hits, self.members[0].clips)

    @property
    def spread(self) -> float | None:
        """Standard deviation of the UAR over seeds; None for one."""
        uars = [each.scores.uar for each in self.members]
        return float(np.std(uars, ddof=1)) if len(uars) > 1 else None


def by_model(evidence: Iterable[Counted]) -> list[ModelRuns]:
    """Group runs of one split by model, best mean UAR first.

    Two runs are of one model if they have the same model, preset, values, features and stamps.
    Of runs with the same labels for every clip the one with the lowest seed, then the oldest,
    counts.
    """
    groups: dict[str, list[Counted]] = {}
    for each in evidence:
        groups.setdefault(model_key(each.run), []).append(each)
    models = [_model(group) for group in groups.values()]
    return sorted(models, key=lambda m: (-round(m.uar, 12), m.first.name, str(m.first.path)))


def model_key(run: Run) -> str:
    """Return a key for runs of the same model: everything but seed and split."""
    keys = ("model", "preset", "values", "feature_fingerprints", "selected_on_test", "transductive")
    return json.dumps([run.record[key] for key in keys], sort_keys=True, default=repr)


def _model(group: list[Counted]) -> ModelRuns:
    by_answer: dict[str, Counted] = {}
    repeats = []
    for each in sorted(group, key=_order):
        original = by_answer.setdefault(each.answer, each)
        if original is not each:
            repeats.append((each, original))
    return ModelRuns(tuple(by_answer.values()), tuple(repeats))


def _order(evidence: Counted) -> tuple[int, str, str, str]:
    run = evidence.run
    return run.record["seed"], str(run.record["created"]), run.name, str(run.path)

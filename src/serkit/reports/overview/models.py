"""Runs of one recipe joined over their seeds: what the report ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev

from serkit.results.entries import Entry, Group
from serkit.results.run import Run
from serkit.results.wording import name_of


@dataclass(frozen=True)
class Model:
    """The runs of one recipe by one protocol.

    Attributes:
        name: What it is called: the model with preset and values, without the seed.
        entries: Its rows of the leaderboard, one a seed, the best first.
        runs: The runs, in the same order; empty for published results.
    """

    name: str
    entries: tuple[Entry, ...]
    runs: tuple[Run, ...]

    @property
    def first(self) -> Entry:
        """The row of its best seed."""
        return self.entries[0]

    @property
    def published(self) -> bool:
        """Whether it is a published result and not a run."""
        return self.first.published

    @property
    def uar(self) -> float | None:
        """Mean UAR over the seeds; None where only an accuracy was published."""
        return _mean([entry.uar for entry in self.entries])

    @property
    def uar_std(self) -> float | None:
        """Standard deviation of the UAR over the seeds; None for one."""
        known = [entry.uar for entry in self.entries if entry.uar is not None]
        return stdev(known) if len(known) > 1 else None

    @property
    def low(self) -> float | None:
        """Lower end of the 95 % interval, mean over the seeds."""
        return _mean([entry.uar_low for entry in self.entries])

    @property
    def high(self) -> float | None:
        """Upper end of the 95 % interval, mean over the seeds."""
        return _mean([entry.uar_high for entry in self.entries])

    @property
    def accuracy(self) -> float | None:
        """Mean accuracy over the seeds."""
        return _mean([entry.accuracy for entry in self.entries])

    @property
    def train_seconds(self) -> float | None:
        """Mean time to fit, over the seeds."""
        return _mean([entry.train_seconds for entry in self.entries])

    @property
    def gap(self) -> float | None:
        """Mean optimism gap over the seeds that have one."""
        return _mean([entry.optimism_gap for entry in self.entries])


def join_seeds(group: Group, runs: Sequence[Run]) -> tuple[Model, ...]:
    """Join a group's rows that differ in the seed alone, best mean UAR first.

    Args:
        group: A group of the leaderboard.
        runs: The runs, its own among them.
    """
    by_name = {run.name: run for run in runs}
    joined: dict[str, list[Entry]] = {}
    for entry in group.entries:
        name = name_of(replace(entry, seed=None))
        key = f"{entry.source}: {name}" if entry.published else name
        joined.setdefault(key, []).append(entry)
    models = (
        Model(
            name_of(replace(entries[0], seed=None)),
            tuple(entries),
            tuple(by_name[e.run] for e in entries if e.run in by_name),
        )
        for entries in joined.values()
    )
    return tuple(sorted(models, key=_place))


def pareto_front(models: Sequence[Model]) -> tuple[Model, ...]:
    """Return the models that no other beats in UAR without taking longer to fit."""
    timed = [model for model in models if model.uar is not None and model.train_seconds]
    timed.sort(key=lambda model: (model.train_seconds or 0.0, -(model.uar or 0.0)))
    front: list[Model] = []
    for model in timed:
        if not front or (model.uar or 0.0) > (front[-1].uar or 0.0):
            front.append(model)
    return tuple(front)


def _place(model: Model) -> tuple[bool, float]:
    """Order by UAR; then those with an accuracy only."""
    if model.uar is not None:
        return False, -model.uar
    return True, -(model.accuracy or 0.0)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None

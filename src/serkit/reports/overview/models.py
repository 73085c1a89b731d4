"""The leaderboard's rows with their runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from serkit.results.entries import Entry, Group
from serkit.results.run import Run
from serkit.results.wording import name_of


@dataclass(frozen=True)
class Model:
    """A row of the leaderboard (means over seeds) with its runs.

    Attributes:
        entry: The row.
        runs: Its runs, the best seed first; empty for published results.
    """

    entry: Entry
    runs: tuple[Run, ...]

    @property
    def name(self) -> str:
        """Display name: model, preset and values, without seeds."""
        unseeded = replace(self.entry, seed=None, seeds=(), seed_spread=None, ignores_seed=False)
        return name_of(unseeded)

    @property
    def uar(self) -> float:
        """Its UAR; 0 where only an accuracy was published."""
        return self.entry.uar or 0.0

    @property
    def seconds(self) -> float:
        """Time to fit all folds in s; 0 where that is unknown."""
        return self.entry.train_seconds or 0.0


def models_of(group: Group, runs: Sequence[Run]) -> tuple[Model, ...]:
    """Return a group's rows with their runs, in the order of the leaderboard.

    Args:
        group: A group of the leaderboard.
        runs: The runs, its own among them.
    """
    by_name = {run.name: run for run in runs}
    return tuple(
        Model(
            entry,
            tuple(
                sorted(
                    (by_name[name] for name in entry.runs if name in by_name),
                    key=lambda run: (-run.uar, run.name),
                )
            ),
        )
        for entry in group.entries
    )


def best_of(models: Sequence[Model]) -> Model:
    """Return the model that the others are compared with; the first that has runs if none are."""
    with_runs = [model for model in models if model.runs]
    return next((model for model in with_runs if model.entry.best), with_runs[0])


def pareto_front(models: Sequence[Model]) -> tuple[Model, ...]:
    """Return the models that no other beats in UAR without taking longer to fit."""
    timed = sorted((m for m in models if m.uar and m.seconds), key=lambda m: (m.seconds, -m.uar))
    front: list[Model] = []
    for model in timed:
        if not front or model.uar > front[-1].uar:
            front.append(model)
    return tuple(front)

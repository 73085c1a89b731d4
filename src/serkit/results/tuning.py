"""What a search over settings came to, fold by fold, read from its run."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from serkit.errors import UsageError
from serkit.parameters import Scalar
from serkit.results.run import Run
from serkit.shown import Shown
from serkit.trainers.tuned import FILE


@dataclass(frozen=True)
class FoldSearch:
    """The search of one fold.

    Attributes:
        fold: The fold's name; ``final`` for the model of all speakers.
        values: The best setting.
        inner_uar: Its UAR on the fold's inner folds, which flatters it: it is the best of many.
        test_uar: UAR of the model fitted with it on the fold's test clips; None for ``final``.
        trials: All settings that were tried: ``values``, ``uar`` (None if given up or failed) and
            ``state`` (``complete``, ``pruned`` or ``failed``).
    """

    fold: str
    values: Mapping[str, Scalar]
    inner_uar: float
    test_uar: float | None
    trials: tuple[Mapping[str, Any], ...]

    @property
    def given_up(self) -> int:
        """How many settings were given up early, or could not be fitted."""
        return sum(each["state"] != "complete" for each in self.trials)


@dataclass(frozen=True)
class Tuning(Shown):
    """A run whose folds searched the parameters of a model.

    Attributes:
        run: The run, tested on speakers that no search has heard.
        model: The kind of model.
        preset: The preset that the search started from.
        fixed: Parameters that were set by hand.
        folds: One search for each fold, and one for the final model if there is one.
    """

    run: Run
    model: str
    preset: str
    fixed: Mapping[str, str]
    folds: tuple[FoldSearch, ...]

    @classmethod
    def of(cls, run: Run) -> Tuning:
        """Read a run of ``serkit tune``.

        Raises:
            UsageError: It is another run.
        """
        if run.model != "tuned":
            raise UsageError(f"{run.name} is a run of {run.model}, not of 'serkit tune'")
        folds = [
            _search(run.folder_of(each["fold"]), each["fold"], each["uar"])
            for each in run.record["fold_scores"]
        ]
        if run.final is not None:
            folds.append(_search(run.final, run.final.name, None))
        values = run.record["values"]
        fixed = [part.partition("=") for part in values["fixed"].split(";") if part]
        return cls(
            run,
            values["of"],
            values["of_preset"],
            {key: value for key, _, value in fixed},
            tuple(folds),
        )

    def command(self, search: FoldSearch) -> str:
        """Return the command that trains the model with a fold's setting."""
        preset = [] if self.preset == "best" else ["--preset", self.preset]
        pairs = {**self.fixed, **search.values}
        flags = [part for key, value in pairs.items() for part in ("--set", f"{key}={value}")]
        return shlex.join(["serkit", "train", self.model, *preset, *flags])

    def to_json(self) -> dict[str, Any]:
        """Return it all as JSON, the run by its name."""
        folds = [{**asdict(each), "train": self.command(each)} for each in self.folds]
        return {
            "run": self.run.name,
            "model": self.model,
            "preset": self.preset,
            "fixed": dict(self.fixed),
            "uar": self.run.uar,
            "folds": folds,
        }

    def __rich__(self) -> Any:
        """Draw the run, and below it each fold's setting."""
        from rich.console import Group

        from serkit.results.wording import percent
        from serkit.tables import table

        columns = {"fold": "left", "tried": "right", "given up": "right", "inner UAR %": "right"}
        made = table(
            f"{self.model} ({self.preset}), searched in each fold",
            {**columns, "test UAR %": "right", "setting": "left"},
        )
        for each in self.folds:
            made.add_row(
                each.fold,
                str(len(each.trials)),
                str(each.given_up),
                percent(each.inner_uar),
                "" if each.test_uar is None else percent(each.test_uar),
                ", ".join(f"{key}={_short(value)}" for key, value in each.values.items()),
            )
        return Group(self.run, made, self.sentence)

    @property
    def sentence(self) -> str:
        """How to use a setting, and what its figure is worth."""
        return (
            f"For new speakers: {self.command(self.folds[-1])}. The UAR of this run is honest; a "
            "run by this protocol with one fold's setting is not, as the fold was searched on "
            "speakers whom other folds test."
        )


def _search(folder: Path, fold: str, test_uar: float | None) -> FoldSearch:
    facts = json.loads((folder / FILE).read_text(encoding="utf-8"))
    return FoldSearch(fold, facts["best"], facts["inner_uar"], test_uar, tuple(facts["trials"]))


def _short(value: Scalar) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)

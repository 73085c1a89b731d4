"""When a run learned each emotion, from its history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from serkit.errors import UsageError
from serkit.labels import LabelSet
from serkit.results.run import Run
from serkit.shown import Shown

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

LEARNED = 0.5
"""An emotion is learned once its recall on validation clips has passed this."""


def learned(run: Run) -> list[dict[str, Any]]:
    """Return, a fold, in which epoch each emotion was learned.

    Returns:
        For each fold ``fold``, ``epochs`` (trained), ``best_epoch``, ``uar`` (on validation
        clips, in the best epoch), ``learned`` (by emotion, the first epoch whose recall passed a
        half; None for never) and ``recall`` (by emotion, in the best epoch; None if no validation
        clip has the emotion).

    Raises:
        UsageError: The run has no history, or none of validation clips.
    """
    history = history_of(run)
    if "validation_uar" not in history.columns:
        raise UsageError(
            f"{run.name} had no validation clips", hint="train it with --set refit=false"
        )
    return [
        _fold(str(name), rows, run.labels) for name, rows in history.groupby("fold", sort=False)
    ]


def history_of(run: Run) -> pd.DataFrame:
    """Return a run's history.

    Raises:
        UsageError: It has none.
    """
    history = run.history
    if history is None:
        raise UsageError(
            f"{run.name} has no history: {run.model} is not trained in epochs",
            hint="see 'serkit show' without --learning",
        )
    return history


def _fold(name: str, rows: pd.DataFrame, labels: LabelSet) -> dict[str, Any]:
    best = rows[rows["best"]].iloc[0]
    first: dict[str, int | None] = {}
    recall: dict[str, float | None] = {}
    for emotion in labels:
        column = f"validation_recall_{emotion}"
        passed = rows.loc[rows[column] > LEARNED, "epoch"]
        first[emotion] = None if passed.empty else int(passed.iloc[0])
        value = float(best[column])
        recall[emotion] = None if value != value else value
    return {
        "fold": name,
        "epochs": int(rows["epoch"].max()),
        "best_epoch": int(best["epoch"]),
        "uar": float(best["validation_uar"]),
        "learned": first,
        "recall": recall,
    }


@dataclass(frozen=True)
class Learning(Shown):
    """In which epoch each emotion was learned, fold by fold.

    Attributes:
        run: The run's name.
        folds: What :func:`learned` returns.
    """

    run: str
    folds: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, run: Run) -> Learning:
        """Read it from a run's history.

        Raises:
            UsageError: The run has no history, or none of validation clips.
        """
        return cls(run.name, tuple(learned(run)))

    def to_json(self) -> list[dict[str, Any]]:
        """Return one object for each fold."""
        return list(self.folds)

    def __rich__(self) -> RenderableType:
        """Return one row for each fold."""
        from rich.console import Group
        from rich.text import Text

        from serkit.results.wording import percent
        from serkit.tables import table

        labels = list(self.folds[0]["learned"])
        columns = ("best epoch", "of", "UAR %")
        made = table(
            f"{self.run}: epoch in which each emotion was learned",
            {"fold": "left", **dict.fromkeys((*labels, *columns), "right")},
        )
        for fold in self.folds:
            made.add_row(
                fold["fold"],
                *(_cell(fold["learned"][name], fold["recall"][name]) for name in labels),
                str(fold["best_epoch"]),
                str(fold["epochs"]),
                percent(fold["uar"]),
            )
        legend = (
            f"learned: the first epoch whose recall on validation clips passed {LEARNED:.0%}; "
            "in brackets its recall in the best epoch, in percent; - is never."
        )
        return Group(made, Text(legend, style="dim"))


def _cell(epoch: int | None, recall: float | None) -> str:
    from serkit.results.wording import percent

    return f"{'-' if epoch is None else epoch} ({percent(recall)})"

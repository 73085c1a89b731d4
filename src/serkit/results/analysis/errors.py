"""Where a run errs: by group, clip by clip, and against its own probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from serkit.plainjson import plain
from serkit.results.analysis.calibration import CalibrationBin, calibration_curve
from serkit.results.analysis.evidence import Evidence, evidence
from serkit.results.analysis.recall import GroupRecall, recall_by_group, recall_cells
from serkit.results.analysis.seeds import SeedAgreement, seed_agreement
from serkit.results.run import Run
from serkit.results.wording import percent
from serkit.shown import Shown

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType
    from rich.table import Table

HARDEST = 15
"""Clips that tables show."""


@dataclass(frozen=True, slots=True)
class HardClip:
    """A clip that the run is sure and wrong about.

    Attributes:
        clip_id: The clip.
        path: Its audio file; None where the clips' store is not at hand.
        true: The true class.
        predicted: The predicted class.
        p_true: Probability of the former.
        p_predicted: Probability of the latter.
    """

    clip_id: str
    path: str | None
    true: str
    predicted: str
    p_true: float
    p_predicted: float


@dataclass(frozen=True)
class ErrorAnalysis(Shown):
    """A run's errors.

    Attributes:
        run: Its name.
        labels: The classes.
        recall: Recall of each class by group.
        hardest: Misclassified clips, those with the lowest probability of the true class first.
        calibration: Accuracy against predicted probability.
        seeds: Agreement with runs of other seeds; None if there are none.
        evidence: The predictions behind it.

    Example:
        >>> errors = serkit.analyse("logreg-luna5")
        >>> sorted(errors.to_json())
        ['calibration', 'cells', 'hardest', 'labels', 'recall', 'run', 'seeds']
    """

    run: str
    labels: tuple[str, ...]
    recall: tuple[GroupRecall, ...]
    hardest: tuple[HardClip, ...]
    calibration: tuple[CalibrationBin, ...]
    seeds: SeedAgreement | None
    evidence: Evidence

    def __repr__(self) -> str:
        return f"ErrorAnalysis({self.run!r}, {len(self.hardest):,} clips wrong)"

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain objects; ``cells`` crosses all groups."""
        rows = [
            {
                "column": row.column,
                "group": row.group,
                "uar": row.uar,
                "clips": dict(zip(self.labels, row.clips, strict=True)),
                "recall": dict(zip(self.labels, row.recall, strict=True)),
            }
            for row in self.recall
        ]
        return {
            "run": self.run,
            "labels": list(self.labels),
            "recall": rows,
            "cells": recall_cells(self.evidence),
            "hardest": plain(self.hardest),
            "calibration": plain(self.calibration),
            "seeds": None if self.seeds is None else plain(self.seeds),
        }

    def __rich__(self) -> RenderableType:
        """Return the tables that ``rich.print(analysis)`` shows."""
        from rich.console import Group

        parts: list[RenderableType] = [
            self._recall_table(),
            self._calibration_table(),
            self._hardest_table(),
        ]
        if self.seeds:
            parts.append(_seed_text(self.seeds))
        return Group(*parts)

    def _recall_table(self) -> Table:
        from serkit.tables import table

        headings = {"": "left", "group": "left", **dict.fromkeys(self.labels, "right")}
        made = table(f"{self.run}: recall %", {**headings, "UAR": "right"})
        before = ""
        for row in self.recall:
            name = row.column if row.column != before else ""
            cells = ("" if value is None else percent(value) for value in row.recall)
            made.add_row(name, row.group, *cells, percent(row.uar))
            before = row.column
        return made

    def _calibration_table(self) -> Table:
        from serkit.tables import table

        made = table(
            "calibration",
            {"probability": "left", "clips": "right", "mean %": "right", "right %": "right"},
        )
        for each in self.calibration:
            made.add_row(
                f"{each.low:.1f}-{each.high:.1f}",
                f"{each.clips:,}",
                percent(each.confidence),
                percent(each.accuracy),
            )
        return made

    def _hardest_table(self) -> Table:
        from serkit.tables import table

        names = {"true": "left", "p %": "right", "predicted": "left", "p % ": "right"}
        shown = self.hardest[:HARDEST]
        made = table(
            f"hardest clips ({len(shown)} of {len(self.hardest):,} wrong)",
            {"clip": "left", **names},
        )
        for clip in shown:
            made.add_row(
                clip.path or clip.clip_id,
                clip.true,
                percent(clip.p_true),
                clip.predicted,
                percent(clip.p_predicted),
            )
        return made


def analyse_errors(
    run: Run, *, clips: pd.DataFrame | None = None, seeds: Sequence[Run] = ()
) -> ErrorAnalysis:
    """Analyse a run's errors.

    Args:
        run: The run.
        clips: Its clips' metadata where their store is at hand.
        seeds: Runs that differ from it in the seed alone, itself among them.

    Raises:
        RunError: A run's predictions are damaged.
    """
    found = evidence(run, clips)
    return ErrorAnalysis(
        run.name,
        found.labels,
        recall_by_group(found),
        _hardest(found),
        calibration_curve(found),
        seed_agreement(seeds),
        found,
    )


def _hardest(found: Evidence) -> tuple[HardClip, ...]:
    table = found.probabilities
    of_truth = table[np.arange(len(table)), found.true]
    wrong = np.flatnonzero(~found.right)
    order = wrong[np.argsort(of_truth[wrong], kind="stable")].tolist()
    frame = found.frame
    paths = frame["path"].tolist() if "path" in frame else [None] * len(frame)
    ids, answers = frame.index.tolist(), frame["predicted_id"].to_numpy(np.int64)
    return tuple(
        HardClip(
            str(ids[row]),
            paths[row],
            found.labels[found.true[row]],
            found.labels[answers[row]],
            float(of_truth[row]),
            float(table[row, answers[row]]),
        )
        for row in order
    )


def _seed_text(seeds: SeedAgreement) -> str:
    names = ", ".join(map(str, seeds.seeds))
    return (
        f"seeds {names}: UAR {percent(seeds.uar_mean)} ± {percent(seeds.uar_std)}; two of them "
        f"agree on {percent(seeds.agreement)} % of the clips, all are right on "
        f"{percent(seeds.always_right)} %, none on {percent(seeds.always_wrong)} %"
    )

"""From a group's models to the rows of its table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import isnan
from statistics import fmean
from typing import Any

from serkit.evaluation.metrics import BestComparison, Standing
from serkit.results.entries import Entry
from serkit.results.optimism import gap_key
from serkit.results.overrides import given_today, preset_today
from serkit.results.recount import Counted
from serkit.results.seeds import ModelRuns

_RECORDED = (
    *("protocol", "corpus", "model", "selected_on_test", "synthetic", "transductive"),
    *("published", "corpus_digest", "split_digest", "feature_fingerprints"),
)
"""Fields that a row copies from its run's record."""

_LETTERS = 8
"""Length of shown fingerprint prefixes."""


def rows_of(
    models: Sequence[ModelRuns],
    found: BestComparison,
    gaps: Mapping[str, float],
    *,
    all_seeds: bool = False,
) -> list[Entry]:
    """Return a group's rows, best first.

    Args:
        models: The models of a group, best first.
        found: How they stand against the best.
        gaps: Optimism gaps by :func:`~serkit.results.optimism.gap_key`.
        all_seeds: Give a row to every run. Its verdict stays its model's.
    """
    rows = []
    for place, (model, standing) in enumerate(zip(models, found.standings, strict=True)):
        gap = gaps.get(gap_key(model.first))
        row = _entry(model, standing, found, best=place == found.best, gap=gap)
        rows += _unfolded(row, model) if all_seeds else [row]
    if all_seeds:
        rows.sort(key=lambda row: (-(row.uar or 0.0), row.run or ""))
        rows = _one_best(rows)
    return _with_recipes(rows)


def _entry(
    model: ModelRuns, standing: Standing, found: BestComparison, *, best: bool, gap: float | None
) -> Entry:
    record = model.first.record
    members = model.members
    interval = model.interval
    tested = not (found.why_not or isnan(standing.difference))
    return Entry(
        **{name: record[name] for name in _RECORDED},
        submitted=bool(record.get("submitted")),
        speaker_unknown=bool(record.get("speaker_unknown")),
        trained_on=str(record.get("trained_on", "")),
        run=model.first.name,
        seed=record["seed"],
        preset=None if record["preset"] is None else preset_today(record),
        given=given_today(record),
        uar=model.uar,
        uar_low=_known(interval.low),
        uar_high=_known(interval.high),
        accuracy=fmean(each.scores.accuracy for each in members),
        macro_f1=fmean(each.scores.macro_f1 for each in members),
        parameters=_whole(_mean_of(members, "parameters")),
        folds=len(set(members[0].facts.folds.tolist())),
        actors=members[0].scores.actors,
        clips=members[0].scores.clips,
        seconds=_mean_of(members, "seconds"),
        train_seconds=_mean_of(members, "train_seconds"),
        best=best,
        distinguishable_from_best=standing.worse if tested or best else None,
        p_value=None if best or not tested else _one_if_nan(standing.p_value),
        optimism_gap=gap,
        notes=tuple(dict.fromkeys(note for run in model.runs for note in run.record["notes"])),
        seeds=model.seeds,
        runs=tuple(run.name for run in model.runs),
        seed_spread=model.spread,
        ignores_seed=model.ignores_seed,
        difference=_known(standing.difference),
        difference_low=_known(standing.interval.low),
        difference_high=_known(standing.interval.high),
        p_value_floor=_known(found.floor),
        detectable_difference=_known(found.detectable),
    )


def _unfolded(row: Entry, model: ModelRuns) -> list[Entry]:
    """Return one row per run of a model, without copies, with the model's verdict."""
    rows = []
    for each in model.members:
        alone = ModelRuns((each,))
        rows.append(
            replace(
                row,
                run=each.run.name,
                runs=(each.run.name,),
                seed=each.run.record["seed"],
                seeds=model.seeds if model.ignores_seed else alone.seeds,
                uar=alone.uar,
                uar_low=_known(alone.interval.low),
                uar_high=_known(alone.interval.high),
                accuracy=each.scores.accuracy,
                macro_f1=each.scores.macro_f1,
                parameters=_whole(_mean_of([each], "parameters")),
                seconds=_mean_of([each], "seconds"),
                train_seconds=_mean_of([each], "train_seconds"),
                seed_spread=None,
                notes=tuple(each.run.record["notes"]),
            )
        )
    return rows


def _one_best(rows: Sequence[Entry]) -> list[Entry]:
    """Mark the first run of the best model alone; its other runs are as good by definition."""
    first = next(row for row in rows if row.best)
    return [replace(row, best=row is first) for row in rows]


def _with_recipes(rows: Sequence[Entry]) -> list[Entry]:
    """Mark rows that differ only in the recipe behind a feature's name."""
    names = Counter(map(_reads, rows))
    prints: dict[tuple[Any, ...], set[tuple[str, str]]] = {}
    for row in rows:
        prints.setdefault(_reads(row), set()).update(row.feature_fingerprints.items())
    distinct = []
    for row in rows:
        alike = prints[_reads(row)]
        several = {name for name, count in Counter(n for n, _ in alike).items() if count > 1}
        recipes = [
            f"{name} {value[:_LETTERS]}"
            for name, value in row.feature_fingerprints.items()
            if name in several
        ]
        distinct.append(replace(row, recipes=tuple(recipes)) if names[_reads(row)] > 1 else row)
    return distinct


def _reads(row: Entry) -> tuple[Any, ...]:
    return row.model, row.preset, tuple(sorted((k, repr(v)) for k, v in row.given.items()))


def _mean_of(members: Iterable[Counted], name: str) -> float | None:
    known = [each.run.record[name] for each in members if each.run.record[name] is not None]
    return fmean(known) if known else None


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _known(value: float) -> float | None:
    return None if isnan(value) else value


def _one_if_nan(value: float) -> float:
    """Return the p-value of a model whose predictions equal the best one's."""
    return 1.0 if isnan(value) else value

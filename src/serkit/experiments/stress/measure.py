"""Asking a run's models about perturbed test clips, each by the fold that had not seen it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from serkit.dsp.recording import MEASURES
from serkit.errors import RunError, SerkitError
from serkit.evaluation.metrics import paired_difference, uar, uar_interval
from serkit.evaluation.splits import speaker_numbers
from serkit.experiments.stress.conditions import CLEAN, Condition
from serkit.experiments.stress.perturb import Perturbations, PerturbedSource, Variant
from serkit.models import ClipData, Fitted
from serkit.models.opaque import with_true_names
from serkit.progress import ProgressCallback
from serkit.results.run import Run
from serkit.results.stress import Spread, StressRow, StressTable
from serkit.storage.lock import DEFAULT_WAIT
from serkit.store.store import FeatureStore

if TYPE_CHECKING:
    import pandas as pd


_MOST_DIFFERING = 0.005
"""Share of clips as recorded whose answers may differ from the run's before a note says so."""


@dataclass(frozen=True)
class StressPlan:
    """The models, clips and conditions of a stress test.

    Attributes:
        run: The run.
        store: The store that its clips are of.
        cache: Folder of the store of perturbed clips.
        conditions: What is done to the clips.
        clips: At most so many test clips, evenly over speakers and emotions; None takes all.
        workers: Processes that perturb clips; None is one a core.
        wait: Seconds to wait for another writer of the cache.
    """

    run: Run
    store: FeatureStore
    cache: Path
    conditions: tuple[Condition, ...]
    clips: int | None = None
    workers: int | None = None
    wait: float = DEFAULT_WAIT


def measure_stress(plan: StressPlan, *, progress: ProgressCallback | None = None) -> StressTable:
    """Measure how a run holds.

    Args:
        plan: What is to be measured.
        progress: Called as ``progress(done, total, what)``.

    Raises:
        RunError: The run has no models, or tested other clips than the store holds.
        NotFoundError: An audio file is not there any more.
        SerkitError: Clips cannot be perturbed, or a model cannot be loaded.
    """
    run = plan.run
    tested = _tested(plan)
    models = {fold: run.model_of(fold) for fold in dict.fromkeys(tested["fold"])}
    conditions = (Condition(CLEAN, CLEAN, "as recorded"), *plan.conditions)
    saved = run.saved_models
    asked = Perturbations(plan.store, plan.cache, saved.specs, conditions, plan.workers, plan.wait)
    variants = asked.compute(tested.index, progress)
    cache = FeatureStore(plan.cache)
    by_speaker = saved.trainer.by_speaker(saved.parameters)
    answers: dict[str, _Answers] = {}
    for done, variant in enumerate(variants):
        if progress:
            progress(done, len(variants), "predicting")
        source = PerturbedSource(cache, variant, run.labels)
        found = _ask(models, source, tested, by_speaker)
        name = variant.condition.name
        answers[name] = answers[name].joined(found) if name in answers else found
    return _table(plan, tested, answers, variants)


@dataclass(frozen=True)
class _Answers:
    """Predicted labels by clip, and what the clips are like as recordings, a row each."""

    predicted: dict[str, int]
    recording: npt.NDArray[np.float64]

    def joined(self, other: _Answers) -> _Answers:
        return _Answers(
            self.predicted | other.predicted, np.concatenate([self.recording, other.recording])
        )


def _tested(plan: StressPlan) -> pd.DataFrame:
    """Return the rows of the run's predictions that are looked at."""
    run = plan.run
    if run.record.get("submitted"):
        raise RunError(
            f"{run.name} was submitted: its models are not here",
            allowed="runs that serkit trained can be stressed",
        )
    frame = run.predictions.sort_values(["speaker", "true_id", "fold"], kind="stable")
    missing = [clip_id for clip_id in frame.index if clip_id not in plan.store.state.clips]
    if missing:
        raise RunError(
            f"{run.name} tested {len(missing):,} clips that {plan.store.path} does not hold, "
            f"such as {missing[0]}",
            hint="name the store that it was trained on with --store DIR",
        )
    if plan.clips is None or plan.clips >= len(frame):
        return frame
    return frame.iloc[np.linspace(0, len(frame) - 1, plan.clips).round().astype(int)]


def _ask(
    models: dict[str, Fitted], source: PerturbedSource, tested: pd.DataFrame, by_speaker: bool
) -> _Answers:
    readable = tested.loc[[clip_id in source.state.clips for clip_id in tested.index]]
    predicted: dict[str, int] = {}
    for fold, rows in readable.groupby("fold", sort=False):
        for ids in _companies(rows, by_speaker):
            predicted |= _predict(models[str(fold)], source, ids)
    kept = [clip_id in predicted for clip_id in source.state.clips]
    return _Answers(predicted, source.recording[kept])


def _companies(rows: pd.DataFrame, by_speaker: bool) -> Iterable[list[str]]:
    """Return the clips to predict together: one speaker's, if normalised by speaker."""
    if not by_speaker:
        return [list(rows.index)]
    parts: defaultdict[int, list[str]] = defaultdict(list)
    for clip_id, speaker in zip(rows.index, speaker_numbers(list(rows["speaker"])), strict=True):
        parts[int(speaker)].append(clip_id)
    return parts.values()


def _predict(model: Fitted, source: PerturbedSource, ids: Sequence[str]) -> dict[str, int]:
    """Ask about clips; where one of them cannot be read, about each alone."""
    try:
        probabilities = model.predict(ClipData.of(source, ids))
    except SerkitError as error:
        if len(ids) == 1:
            return {}
        found: dict[str, int] = {}
        for clip_id in ids:
            found |= _predict(model, source, [clip_id])
        if not found:
            raise with_true_names(error, source, ids) from error
        return found
    return dict(zip(ids, probabilities.argmax(axis=1).tolist(), strict=True))


def _table(
    plan: StressPlan,
    tested: pd.DataFrame,
    answers: dict[str, _Answers],
    variants: Sequence[Variant],
) -> StressTable:
    clean = answers[CLEAN]
    rows = [
        _row(condition, tested, clean, answers[condition.name])
        for condition in plan.conditions
        if condition.name in answers and answers[condition.name].predicted
    ]
    known = tested.loc[list(clean.predicted)]
    answer = np.array([clean.predicted[clip_id] for clip_id in known.index])
    classes = len(plan.run.labels)
    found = uar(known["true_id"].to_numpy(np.int64), answer, n_classes=classes)
    return StressTable(
        run=plan.run.name,
        clips=len(tested),
        speakers=int(tested["speaker"].nunique()),
        uar=found,
        recording=_spreads(clean.recording),
        rows=tuple(rows),
        notes=tuple(_notes(plan, tested, known, answer, {v.condition.name for v in variants})),
    )


def _notes(
    plan: StressPlan,
    tested: pd.DataFrame,
    known: pd.DataFrame,
    answer: npt.NDArray[np.int64],
    tried: set[str],
) -> Iterable[str]:
    if not plan.run.record["speaker_independent"]:
        yield "the models know these speakers: new speakers will score lower in every row"
    if len(tested) < len(plan.run.predictions):
        yield f"only {len(tested):,} of {len(plan.run.predictions):,} test clips"
    differing = int((known["predicted_id"].to_numpy(np.int64) != answer).sum())
    if differing > _MOST_DIFFERING * len(known):
        yield (
            f"{differing:,} of {len(known):,} clips as recorded are answered otherwise than when "
            "the run was tested"
        )
    if skipped := [c.title for c in plan.conditions if c.name not in tried]:
        yield f"left out, as there is only one speaker: {'; '.join(skipped)}"


def _row(condition: Condition, tested: pd.DataFrame, clean: _Answers, found: _Answers) -> StressRow:
    ids = [clip_id for clip_id in tested.index if clip_id in found.predicted]
    both = [clip_id for clip_id in ids if clip_id in clean.predicted]
    rows = tested.loc[both]
    true, speakers = rows["true_id"].to_numpy(np.int64), rows["speaker"].to_numpy(str)
    before, after = (
        np.array([each.predicted[clip_id] for clip_id in both], np.int64) for each in (clean, found)
    )
    classes = 1 + int(max(true.max(), before.max(), after.max()))
    limits = uar_interval(true, after, speakers, n_classes=classes)
    change = paired_difference(true, after, before, speakers, n_classes=classes)
    return StressRow(
        condition=condition.name,
        group=condition.group,
        title=condition.title,
        clips=len(both),
        unread=len(tested) - len(both),
        uar=uar(true, after, n_classes=classes),
        uar_low=_known(limits.low),
        uar_high=_known(limits.high),
        change=change.difference,
        change_low=_known(change.interval.low),
        change_high=_known(change.interval.high),
        recording=_spreads(found.recording),
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _spreads(recording: npt.NDArray[np.float64]) -> dict[str, Spread]:
    points = np.percentile(recording, [5, 50, 95], axis=0) if len(recording) else np.zeros((3, 4))
    return {
        name: Spread(*(float(value) for value in points[:, place]))
        for place, name in enumerate(MEASURES)
    }

"""Training a model on more and more speakers: a learning curve over speakers, not over clips.

Nothing is selected with it: every point is the score of a run with that many speakers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral

import numpy as np

from serkit.errors import UsageError
from serkit.evaluation.metrics import uar, uar_interval
from serkit.evaluation.splits import Fold
from serkit.experiments.plan import Plan, split_of
from serkit.experiments.sides import Sides, fit_here
from serkit.experiments.teachers import recipes_of
from serkit.models import ClipData, FitContext
from serkit.progress import ProgressCallback
from serkit.results.curve import Curve, CurvePoint

SHARES = (0.25, 0.5, 0.75, 1.0)
"""Default shares of the training speakers."""


def measure_curve(
    plan: Plan, speakers: Sequence[int] = (), *, progress: ProgressCallback | None = None
) -> Curve:
    """Train a model on more and more speakers of every fold, and test it on all its test clips.

    Validation speakers stay in every set: a model that chooses an epoch needs them.

    Args:
        plan: Model, store, protocol and seed.
        speakers: Numbers of training speakers, without validation speakers; none given uses
            :data:`SHARES`.
        progress: Called as ``progress(done, total)`` in models.

    Raises:
        UsageError: Fewer than two numbers of speakers, or one that no fold has.
    """
    plan.trainer.require()
    plan.trainer.check(plan.parameters)
    folds = split_of(plan).folds
    order = {fold.name: _shuffled_speakers(plan, fold) for fold in folds}
    most = min(len(every) for every in order.values())
    wanted = _numbers(speakers, most)
    points = []
    for done, number in enumerate(wanted):
        smaller = [_with_speakers(plan, fold, order[fold.name], number, most) for fold in folds]
        so_far = (done * len(folds), len(wanted) * len(folds))
        points.append(_point(plan, smaller, so_far, progress))
    return Curve(plan.trainer.name, plan.preset, plan.protocol.name, plan.seed, tuple(points))


def _numbers(speakers: Sequence[int], most: int) -> list[int]:
    """Return how many speakers are fitted on, from few to many."""
    if not all(isinstance(each, Integral) for each in speakers):
        raise UsageError(
            f"speakers = {speakers!r} is not a list of whole numbers",
            allowed="numbers such as [4, 8, 16] are",
        )
    numbers = sorted({*speakers} or {max(1, round(share * most)) for share in SHARES})
    if len(numbers) < 2 and not speakers:
        raise UsageError(
            f"a fold has {most} training speaker beside its validation speakers",
            allowed="a curve needs two or more",
        )
    if len(numbers) < 2:
        raise UsageError(
            f"a curve over {numbers} speakers",
            allowed="two or more different numbers are needed",
        )
    if not 1 <= numbers[0] <= numbers[-1] <= most:
        outside = numbers[0] if numbers[0] < 1 else numbers[-1]
        raise UsageError(
            f"a fold cannot be trained on {outside} speakers",
            allowed=f"1 to {most} are there beside the validation speakers",
        )
    return numbers


def _shuffled_speakers(plan: Plan, fold: Fold) -> list[str]:
    clips = plan.store.state.clips
    every = sorted({clips[clip_id].speaker for clip_id in fold.train})
    return [every[place] for place in np.random.default_rng(plan.seed).permutation(len(every))]


def _with_speakers(plan: Plan, fold: Fold, order: Sequence[str], number: int, most: int) -> Fold:
    """Return a fold restricted to its first training speakers."""
    kept = set(order[: number if number < most else len(order)])
    clips = plan.store.state.clips
    return replace(fold, train=tuple(i for i in fold.train if clips[i].speaker in kept))


def _point(
    plan: Plan, folds: Sequence[Fold], so_far: tuple[int, int], progress: ProgressCallback | None
) -> CurvePoint:
    answers = []
    for number, fold in enumerate(folds):
        if progress:
            progress(so_far[0] + number, so_far[1])
        model = fit_here(
            plan.trainer,
            Sides.of(plan.store, fold, voices=plan.voices),
            plan.parameters,
            FitContext(plan.seed, teachers=recipes_of(plan.teachers)),
        )
        answers.append(model.predict(ClipData.of(plan.store, fold.test)))
    clips = plan.store.state.clips
    tested = [clips[clip_id] for fold in folds for clip_id in fold.test]
    true = np.array([clip.emotion_id for clip in tested])
    probabilities = np.concatenate(answers)
    predicted, labels = probabilities.argmax(axis=1), probabilities.shape[1]
    speakers = [clip.speaker for clip in tested]
    interval = uar_interval(true, predicted, speakers, n_classes=labels)
    sizes = [len({clips[i].speaker for i in (*fold.train, *fold.validation)}) for fold in folds]
    found = uar(true, predicted, n_classes=labels)
    return CurvePoint(float(np.mean(sizes)), found, float(interval.low), float(interval.high))

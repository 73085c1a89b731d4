"""Inner folds of a training side, by speaker, and how good a setting is on them.

Nothing here can reach a test clip: all clips are those of one fold's training side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.errors import TrainingError
from serkit.evaluation.metrics.classification import uar_of
from serkit.models.clips import FoldData, TrainingClips
from serkit.models.trainer import FitContext, Fitted, Trainer
from serkit.parameters import Parameters

Report = Callable[[int, float], None]
"""Called as ``report(step, uar)``; raises to give a setting up."""

STEPS = 100
"""Steps of an inner fold, for reports: its first epochs' come before its end's."""


@dataclass(frozen=True)
class InnerFold:
    """One inner fold.

    Attributes:
        data: What a model is fitted on, and what it chooses an epoch on.
        judged: Clips of other speakers, which the setting is judged on; as recorded only.
    """

    data: FoldData
    judged: TrainingClips


def divide(fold: FoldData, count: int, *, chooses: bool) -> tuple[InnerFold, ...]:
    """Divide a training side into inner folds by speaker; the division is always the same.

    Args:
        fold: The training side.
        count: How many; 1 fits on its training clips and judges on its validation clips.
        chooses: Whether a model chooses an epoch on validation clips. Each inner fold then has the
            next one's clips for that, so that no setting is judged on clips that chose its epoch.

    Raises:
        TrainingError: There are too few speakers.
    """
    if count == 1:
        if not len(fold.validation):
            raise TrainingError(
                "inner = 1 judges on the validation speakers of a fold, and there are none",
                hint="use --inner 4",
            )
        # No refit on the validation clips: they are what a setting is judged on.
        return (InnerFold(replace(fold, everything=fold.train), fold.validation),)
    clips = fold.everything
    parts = list(_parts(clips, count))
    needed = 3 if chooses else 2
    if len(parts) < needed:
        speakers = len(np.unique(clips.speakers))
        raise TrainingError(
            f"{speakers} speaker{'s' * (speakers > 1)} cannot be divided into {needed} inner folds",
            hint="train on more speakers, or use --inner 1",
        )
    return tuple(
        _inner_fold(clips, part, parts[(number + 1) % len(parts)] if chooses else None)
        for number, part in enumerate(parts)
    )


def _parts(clips: TrainingClips, count: int) -> Iterator[npt.NDArray[np.intp]]:
    """Yield the positions of each inner fold's judged clips."""
    from serkit.models.classical.choice import inner_folds

    if len(np.unique(clips.speakers)) > 1:
        for _, judged in inner_folds(clips.labels, clips.speakers, count):
            yield judged


def _inner_fold(
    clips: TrainingClips, judged: npt.NDArray[np.intp], chosen_on: npt.NDArray[np.intp] | None
) -> InnerFold:
    rest = np.setdiff1d(np.arange(len(clips)), judged)
    validation = np.array([], np.intp) if chosen_on is None else chosen_on
    data = FoldData(
        clips.take(np.setdiff1d(rest, validation).tolist()),
        _as_recorded(clips.take(validation.tolist())),
        clips.take(rest.tolist()),
    )
    return InnerFold(data, _as_recorded(clips.take(judged.tolist())))


def _as_recorded(clips: TrainingClips) -> TrainingClips:
    return replace(clips, voices=())


def judge(
    trainer: Trainer[Any],
    parameters: Parameters,
    folds: Sequence[InnerFold],
    context: FitContext,
    report: Report,
) -> float:
    """Return a setting's UAR over the inner folds' clips.

    Args:
        trainer: The kind of model.
        parameters: The setting.
        folds: The inner folds.
        context: Seed and progress of each fit.
        report: Called after each epoch of a fit with the UAR on its validation clips, and after
            each inner fold with that over all clips that were judged on so far.
    """
    classes = len(folds[0].data.labels)
    counts = np.zeros((classes, classes), np.int64)
    for number, each in enumerate(folds):

        def after_epoch(share: float, uar: float, number: int = number) -> None:
            report(STEPS * number + round((STEPS - 1) * share), uar)

        model = trainer.fit(each.data, parameters, replace(context, judged=after_epoch))
        predicted = predict_as_asked(trainer, parameters, model, each.judged).argmax(axis=1)
        np.add.at(counts, (each.judged.labels, predicted), 1)
        report(STEPS * (number + 1), float(uar_of(counts)))
    return float(uar_of(counts))


def predict_as_asked(
    trainer: Trainer[Any], parameters: Parameters, model: Fitted, clips: TrainingClips
) -> npt.NDArray[np.float64]:
    """Return probabilities, asked as a run asks: speaker by speaker where the model wants that."""
    if not trainer.by_speaker(parameters):
        return model.predict(clips)
    found = np.empty((len(clips), len(clips.label_set)))
    for speaker in np.unique(clips.speakers):
        own = clips.speakers == speaker
        found[own] = model.predict(clips.subset(own))
    return found

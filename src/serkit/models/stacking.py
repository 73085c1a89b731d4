"""Stacking: how much each model of an ensemble counts, from predictions on inner folds.

The models of finished runs have seen a fold's whole training side, so what they say of it is no
guide to what they are worth. Each is fitted anew on inner folds by speaker, and its predictions for
the speakers left out decide its weight. No test clip takes part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.models.clips import FoldData
from serkit.models.trainer import FitContext, MemberModel, Trainer
from serkit.models.training import emotion_weights, training_key
from serkit.models.tuning.inner import divide, predict_as_asked
from serkit.parameters import Parameters

Probabilities = npt.NDArray[np.float64]

LEAST = 1e-6
"""A model that is sure of being right must not overrule all others where it is wrong."""

_MOST = 10.0


def pool(answers: Sequence[Probabilities], weights: Sequence[float]) -> Probabilities:
    """Return probabilities whose logarithms are weighted sums of the models'.

    Args:
        answers: Each model's, shape ``(n, classes)``.
        weights: One for each model, 0 or more.

    Returns:
        Shape ``(n, classes)``; rows sum to 1.

    Example:
        >>> one, other = np.array([[0.9, 0.1]]), np.array([[0.2, 0.8]])
        >>> pool([one, other], [1.0, 0.0]).round(2).tolist()
        [[0.9, 0.1]]
    """
    logs = sum(
        weight * np.log(np.maximum(each, LEAST))
        for weight, each in zip(weights, answers, strict=True)
    )
    mixed = np.exp(logs - np.max(logs, axis=1, keepdims=True))
    return np.asarray(mixed / mixed.sum(axis=1, keepdims=True))


def pooling_weights(
    answers: Sequence[Probabilities], labels: npt.NDArray[np.int64]
) -> tuple[float, ...]:
    """Return the weights with the least log loss, every emotion counted alike.

    Args:
        answers: Each model's predictions for speakers that it was not fitted on.
        labels: The clips' emotions, shape ``(n,)``.
    """
    from scipy.optimize import minimize

    every, rows = list(answers), np.arange(len(labels))
    importance = emotion_weights(labels, every[0].shape[1], "balanced")[labels]

    def loss(weights: npt.NDArray[np.float64]) -> float:
        right = pool(every, weights.tolist())[rows, labels]
        return float(-np.average(np.log(np.maximum(right, 1e-12)), weights=importance))

    start, bounds = np.full(len(every), 1 / len(every)), [(0.0, _MOST)] * len(every)
    found = minimize(loss, start, method="L-BFGS-B", bounds=bounds).x
    return tuple(round(float(weight), 4) for weight in found)


def out_of_fold(
    trainer: Trainer[Any], parameters: Parameters, fold: FoldData, count: int, context: FitContext
) -> Probabilities:
    """Predict every clip of a training side by a model that was not fitted on its speaker.

    Args:
        trainer: The kind of model.
        parameters: Its parameters.
        fold: The training side.
        count: Inner folds, 2 or more.
        context: Seed and progress; where it has a working folder, predictions are kept there and
            found again after an interruption.

    Returns:
        Shape ``(n, classes)``, for ``fold.everything``.
    """
    key = training_key(fold, trainer.name, parameters.to_json(), context.seed, count)
    kept: Path | None = context.workdir and context.workdir / f"inner-{key[:16]}.npy"
    if kept and kept.exists():
        return np.asarray(np.load(kept))
    place = {clip: position for position, clip in enumerate(fold.everything.clip_ids)}
    found = np.zeros((len(place), len(fold.labels)))
    folds = divide(fold, count, chooses=trainer.validates(parameters))
    for number, each in enumerate(folds):
        said = f"{trainer.name}, inner fold {number + 1} of {len(folds)}"

        def step(done: int, total: int, what: str = "", said: str = said) -> None:
            context.batches(done, total, f"{said}, {what}")

        model = trainer.fit(each.data, parameters, FitContext(context.seed, progress=step))
        rows = [place[clip] for clip in each.judged.clip_ids]
        found[rows] = predict_as_asked(trainer, parameters, model, each.judged)
    if kept:
        partial = kept.with_suffix(".part.npy")
        np.save(partial, found)
        partial.replace(kept)
    return found


def stacked_weights(
    members: Sequence[MemberModel],
    trainers: Sequence[Trainer[Any]],
    fold: FoldData,
    count: int,
    context: FitContext,
) -> tuple[float, ...]:
    """Return each member's weight, from models like it that were fitted on inner folds.

    Args:
        members: The members.
        trainers: Their kinds, in the same order.
        fold: The training side.
        count: Inner folds.
        context: Progress and working folder; each member is fitted with its own run's seed.
    """
    answers = []
    for number, (member, trainer) in enumerate(zip(members, trainers, strict=True)):
        context.progress(number, len(members) + 1, f"fitting {trainer.name} on inner folds")
        parameters = trainer.recall(member.values)
        theirs = replace(context, seed=member.seed)
        answers.append(out_of_fold(trainer, parameters, fold, count, theirs))
    return pooling_weights(answers, fold.everything.labels)

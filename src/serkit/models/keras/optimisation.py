"""Loss, regularisation and learning rate of a net.

This module imports Keras inside functions only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from serkit.models.keras.beside import LINEAR, WIDE
from serkit.models.keras.parameters import KerasLoopParameters, KerasParameters

WARM_UP = 0.1
"""Share of a cosine schedule in which the learning rate rises."""


def optimiser(parameters: KerasLoopParameters) -> Any:
    """Make Adam, or AdamW for decoupled weight decay; the loop sets its learning rate.

    Args:
        parameters: Of the loop.
    """
    import keras

    options: dict[str, Any] = {"global_clipnorm": parameters.clip_norm or None}
    rate = parameters.learning_rate
    if decay := parameters.weight_decay:
        return keras.optimizers.AdamW(rate, weight_decay=decay, **options)
    return keras.optimizers.Adam(rate, **options)


def learning_rate(
    parameters: KerasLoopParameters, epochs: int, steps: int
) -> Callable[[int], float]:
    """Return the learning rate of each step, the first of which is 0.

    It is no part of the compiled step, so that trainings of different length can share that.

    Args:
        parameters: Of the loop.
        epochs: Of the whole training.
        steps: Of an epoch.
    """
    rate = parameters.learning_rate
    if parameters.schedule == "exponential":
        return lambda step: rate * 0.9 ** (step / 1000)
    if parameters.schedule == "restarts":
        cycle = max(1, parameters.cycle * steps)
        return lambda step: rate * _falling(step % cycle / cycle)
    if parameters.schedule == "cosine":
        rising = max(1, int(WARM_UP * epochs * steps))
        falling = max(1, epochs * steps - rising)
        return lambda step: (
            rate * (step / rising if step < rising else _falling(min(1, (step - rising) / falling)))
        )
    return lambda _step: rate


def _falling(done: float) -> float:
    """Return half a cosine, from 1 down to 0."""
    return 0.5 * (1 + math.cos(math.pi * done))


def loss(model: Any, parameters: KerasParameters) -> Any:
    """Return the cross-entropy, plus an L2 penalty if it is set.

    ``l2`` holds for all weights but those of the linear layer for tables, for which it is
    ``beside_l2``.

    Half the penalty's factor times the squared weights: the gradient of a weight then holds
    ``l2`` times that weight, and Adam scales it like all the rest of the gradient. AdamW's
    ``weight_decay`` takes the weight down beside Adam's step, which is something else: on small
    nets the penalty was worth several points (docs/experiments/voices-and-tracks.md).

    Args:
        model: The Keras model.
        parameters: Of the loop.
    """
    import keras

    smoothing = parameters.label_smoothing
    factors = [_penalty(each, parameters) for each in model.trainable_weights]
    if not any(factors):
        return keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)

    def penalised(targets: Any, probabilities: Any) -> Any:
        found = keras.losses.categorical_crossentropy(
            targets, probabilities, label_smoothing=smoothing
        )
        weights = zip(factors, model.trainable_weights, strict=True)
        squares = [factor * keras.ops.sum(keras.ops.square(each)) for factor, each in weights]
        return found + 0.5 * sum(squares)

    return penalised


def _penalty(weight: Any, parameters: KerasParameters) -> float:
    """Return the L2 penalty on a weight: a linear layer that reads tables has its own."""
    linear = weight.path.split("/")[0] in (LINEAR, WIDE)
    return parameters.beside_l2 if linear else parameters.l2

"""Loss, regularisation and learning rate of a net.

This module imports Keras inside functions only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from serkit.models.keras.parameters import KerasLoopParameters

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


def loss(model: Any, parameters: KerasLoopParameters) -> Any:
    """Return the cross-entropy, plus the penalty ``l2`` on all weights if it is set.

    Half the penalty's factor times the squared weights: the gradient of a weight then holds
    ``l2`` times that weight, and Adam scales it like all the rest of the gradient. AdamW's
    ``weight_decay`` takes the weight down beside Adam's step, which is something else: on small
    nets the penalty was worth several points (docs/experiments/voices-and-tracks.md).

    Args:
        model: The Keras model.
        parameters: Of the loop.
    """
    import keras

    smoothing, factor = parameters.label_smoothing, parameters.l2
    if not factor:
        return keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)

    def penalised(targets: Any, probabilities: Any) -> Any:
        found = keras.losses.categorical_crossentropy(
            targets, probabilities, label_smoothing=smoothing
        )
        squares = [keras.ops.sum(keras.ops.square(each)) for each in model.trainable_weights]
        return found + 0.5 * factor * sum(squares)

    return penalised

"""Loss, regularisation and learning rate of a net.

This module imports Keras inside functions only.
"""

from __future__ import annotations

from typing import Any

from serkit.models.keras.parameters import KerasLoopParameters

WARM_UP = 0.1
"""Share of a cosine schedule in which the learning rate rises."""


def optimiser(parameters: KerasLoopParameters, epochs: int, steps: int) -> Any:
    """Make Adam, or AdamW for decoupled weight decay.

    Args:
        parameters: Of the loop.
        epochs: Of the whole training.
        steps: Of an epoch.
    """
    import keras

    options: dict[str, Any] = {"global_clipnorm": parameters.clip_norm or None}
    rate = learning_rate(parameters, epochs, steps)
    if decay := parameters.weight_decay:
        return keras.optimizers.AdamW(rate, weight_decay=decay, **options)
    return keras.optimizers.Adam(rate, **options)


def learning_rate(parameters: KerasLoopParameters, epochs: int, steps: int) -> Any:
    """Return the learning rate: a number, or one of Keras's schedules."""
    import keras

    rate, schedules = parameters.learning_rate, keras.optimizers.schedules
    if parameters.schedule == "exponential":
        return schedules.ExponentialDecay(rate, decay_steps=1000, decay_rate=0.9)
    if parameters.schedule == "restarts":
        cycle = parameters.cycle * steps
        return schedules.CosineDecayRestarts(rate, max(1, cycle), t_mul=1.0, m_mul=1.0)
    if parameters.schedule == "cosine":
        rising = max(1, int(WARM_UP * epochs * steps))
        return schedules.CosineDecay(
            0.0, max(1, epochs * steps - rising), warmup_target=rate, warmup_steps=rising
        )
    return rate


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

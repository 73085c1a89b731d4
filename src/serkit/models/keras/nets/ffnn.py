"""A feed-forward net on the whole padded spectrogram, on its statistics, or on a table's row."""

from __future__ import annotations

from typing import Any

from serkit.models.keras.nets.parts import Inputs, Shape, emotions
from serkit.parameters import Parameters, integer, number


def build(parameters: Parameters, input_shape: Shape, classes: int) -> Any:
    """Build the net.

    With clips of true length its input is the mean and deviation over live frames of each band
    and of each band's change; padded clips, and rows of a table, are flattened.

    Args:
        parameters: ``padding, units, layers, dropout, l1``.
        input_shape: Frames and bands; the number of frames must be known for padded clips.
        classes: How many emotions there are.
    """
    import keras

    inputs = Inputs.of(parameters, input_shape)
    penalty = keras.regularizers.L1(number(parameters, "l1")) if parameters["l1"] else None
    x = _statistics(inputs) if inputs.live is not None else keras.layers.Flatten()(inputs.frames)
    for _ in range(integer(parameters, "layers")):
        x = keras.layers.Dense(
            integer(parameters, "units"),
            activation="relu",
            kernel_regularizer=penalty,
            bias_regularizer=penalty,
        )(x)
        x = keras.layers.Dropout(number(parameters, "dropout"))(x)
    return inputs.model(emotions(x, classes), "ffnn")


def _statistics(inputs: Inputs) -> Any:
    import keras

    from serkit.models.keras.layers.pooling import Deltas, WeightedStatistics

    changes = Deltas(name="deltas")([inputs.frames, inputs.live])
    values = keras.layers.Concatenate()([inputs.frames, changes])
    # Equal scores: every live frame weighs the same.
    scores = keras.layers.Reshape((-1, 1))(inputs.live)
    pooled = WeightedStatistics(name="statistics", dtype="float32")([values, scores, inputs.live])
    return keras.layers.BatchNormalization(name="scaled")(pooled)

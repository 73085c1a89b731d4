"""Residual convolutions over time, with attention over live frames: small, and quick to train."""

from __future__ import annotations

from typing import Any

from serkit.models.keras.nets.parts import Inputs, Shape, attention_statistics, emotions
from serkit.parameters import Parameters, integer, number


def build(parameters: Parameters, input_shape: Shape, classes: int) -> Any:
    """Build the net.

    Each layer sees a few frames on either side of every frame. Frames behind a clip's end are
    zero before every convolution and take no part in batch norms, so that neither training nor
    prediction depends on how long a clip's batch mates are.

    Args:
        parameters: ``width, layers, kernel, dropout, attention``; ``padding`` must be ``crop``.
        input_shape: Frames and bands.
        classes: How many emotions there are.
    """
    import keras

    layers = keras.layers
    inputs = Inputs.of(parameters, input_shape)
    live = layers.Reshape((-1, 1))(inputs.live)
    width, kernel = integer(parameters, "width"), integer(parameters, "kernel")
    x = inputs.frames
    for position in range(integer(parameters, "layers")):
        seen = layers.Multiply()([x, live])
        inner = layers.Conv1D(width, kernel, padding="same")(seen)
        inner = layers.BatchNormalization()(inner, mask=inputs.live)
        inner = layers.Dropout(number(parameters, "dropout"))(layers.Activation("relu")(inner))
        x = layers.Add()([x, inner]) if position else inner
    pooled = attention_statistics(x, inputs.live, integer(parameters, "attention"))
    pooled = layers.Dropout(number(parameters, "dropout"))(pooled)
    return inputs.model(emotions(pooled, classes), "tcn")

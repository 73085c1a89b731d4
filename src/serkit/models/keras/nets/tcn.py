"""Residual convolutions over time, with attention over live frames: small, and quick to train."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from serkit.models.keras.nets.parts import Inputs, Shape, attention_statistics, emotions
from serkit.models.keras.parameters import KerasParameters
from serkit.parameters import parameter
from serkit.ranges import Among, Between


@dataclass(frozen=True)
class TcnParameters(KerasParameters):
    """Parameters of this net."""

    width: int = parameter(
        64, "channels of the hidden layers", minimum=1, search=Among((32, 64, 96))
    )
    layers: int = parameter(3, "number of stacked convolutions", minimum=1, search=Between(2, 5))
    kernel: int = parameter(5, "kernel size in frames", minimum=1, search=Among((3, 5, 7)))
    dropout: float = parameter(
        0.4,
        "share of values dropped in training",
        minimum=0,
        maximum=0.95,
        search=Between(0.1, 0.6),
    )
    attention: int = parameter(64, "width of the attention layer", minimum=1)


def build(parameters: TcnParameters, input_shape: Shape, classes: int) -> Any:
    """Build the net.

    Each layer sees a few frames on either side of every frame. Frames behind a clip's end are
    zero before every convolution and take no part in batch norms, so that neither training nor
    prediction depends on how long a clip's batch mates are.

    Args:
        parameters: Its size and the rest.
        input_shape: Frames and bands.
        classes: How many emotions there are.
    """
    import keras

    layers = keras.layers
    inputs = Inputs.of(parameters, input_shape)
    live = layers.Reshape((-1, 1))(inputs.live)
    width, kernel = parameters.width, parameters.kernel
    x = inputs.frames
    for position in range(parameters.layers):
        seen = layers.Multiply()([x, live])
        inner = layers.Conv1D(width, kernel, padding="same")(seen)
        inner = layers.BatchNormalization()(inner, mask=inputs.live)
        inner = layers.Dropout(parameters.dropout)(layers.Activation("relu")(inner))
        x = layers.Add()([x, inner]) if position else inner
    pooled = attention_statistics(x, inputs.live, parameters.attention)
    pooled = layers.Dropout(parameters.dropout)(pooled)
    return inputs.model(emotions(pooled, inputs, parameters, classes), "tcn")

"""A small residual convolutional net over mel bands and time, with attention over live frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from serkit.models.keras.nets.parts import Inputs, Shape, attention_statistics, emotions
from serkit.models.keras.parameters import KerasParameters, sizes
from serkit.parameters import parameter
from serkit.ranges import Between

STRIDE = 8
"""Frames that become one; lengths that clips are padded to must be multiples of it."""


@dataclass(frozen=True)
class CnnParameters(KerasParameters):
    """Parameters of this net."""

    channels: str = parameter("24,48,96", "channels of each stage, separated by commas")
    blocks: int = parameter(1, "residual blocks per stage", minimum=1)
    dropout: float = parameter(
        0.3,
        "share of values dropped in training",
        minimum=0,
        maximum=0.95,
        search=Between(0.1, 0.6),
    )
    attention: int = parameter(64, "width of the attention layer", minimum=1)


def build(parameters: CnnParameters, input_shape: Shape, classes: int) -> Any:
    """Build the net.

    A first convolution sees the values and their change over time and leaves a quarter of the
    bands and frames; stages of residual blocks follow, between which bands are halved, and after
    the first also frames; what is left of the bands is joined and
    pooled over live frames. Frames behind a clip's end are zero before every convolution, as they
    would be if the clip had ended there.

    Args:
        parameters: Its size and the rest.
        input_shape: Frames and bands.
        classes: How many emotions there are.
    """
    import keras

    from serkit.models.keras.layers.pooling import Deltas

    layers = keras.layers
    inputs = Inputs.of(parameters, input_shape)
    changes = Deltas(name="deltas")([inputs.frames, inputs.live])
    planes = [layers.Reshape((-1, input_shape.bands, 1))(each) for each in (inputs.frames, changes)]
    live = layers.Reshape((-1, 1, 1))(inputs.live)
    x = layers.Multiply()([layers.Concatenate()(planes), live])
    channels = sizes("channels", parameters.channels)
    x = layers.Conv2D(channels[0], 5, strides=2, padding="same", use_bias=False)(x)
    live = layers.MaxPooling2D((2, 1))(live)
    x, live = _thin(x, live, time=2, bands=2)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    for position, width in enumerate(channels):
        for _ in range(parameters.blocks):
            x = _residual(x, live, width)
        if position < len(channels) - 1:
            x, live = _thin(x, live, time=2 if position == 0 else 1, bands=2)
    x = layers.Reshape((-1, x.shape[2] * x.shape[3]))(x)
    x = layers.Dropout(parameters.dropout)(x)
    x = layers.Dense(channels[-1], activation="relu", name="joined")(x)
    pooled = attention_statistics(x, layers.Reshape((-1,))(live), parameters.attention)
    pooled = layers.Dropout(parameters.dropout)(pooled)
    return inputs.model(emotions(pooled, inputs, parameters, classes), "cnn")


def _residual(x: Any, live: Any, width: int) -> Any:
    """Two convolutions beside a short cut, behind batch norms and ReLUs; dead frames stay 0."""
    import keras

    layers = keras.layers
    inner = layers.Multiply()([x, live])
    inner = layers.Conv2D(width, 3, padding="same", use_bias=False)(inner)
    inner = layers.Activation("relu")(layers.BatchNormalization()(inner))
    inner = layers.Multiply()([inner, live])
    inner = layers.Conv2D(width, 3, padding="same", use_bias=False)(inner)
    inner = layers.BatchNormalization()(inner)
    if x.shape[-1] != width:
        x = layers.BatchNormalization()(layers.Conv2D(width, 1, use_bias=False)(x))
    return layers.Activation("relu")(layers.Add()([x, inner]))


def _thin(x: Any, live: Any, *, time: int, bands: int) -> tuple[Any, Any]:
    """Average neighbouring frames and bands; a frame made of a live one is live."""
    import keras

    layers = keras.layers
    x = layers.AveragePooling2D((time, bands))(layers.Multiply()([x, live]))
    return x, layers.MaxPooling2D((time, 1))(live) if time > 1 else live

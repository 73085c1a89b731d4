"""Stacked LSTM layers: the study's and its variants, or with attention over live frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from serkit.models.keras.nets.parts import Inputs, Shape, attention_statistics, emotions
from serkit.models.keras.parameters import KerasParameters, sizes
from serkit.parameters import parameter
from serkit.ranges import Between


@dataclass(frozen=True)
class LstmParameters(KerasParameters):
    """Parameters of this net."""

    units: str = parameter("128,128", "units of each LSTM layer, separated by commas")
    norm: bool = parameter(False, "batch normalisation after each layer")
    residual: bool = parameter(False, "residual connections between layers of equal size")
    dense: str = parameter("64", "units of each following dense layer, separated by commas")
    noise: float = parameter(
        0.0,
        "standard deviation of Gaussian input noise in training, and its maximum per clip",
        minimum=0,
    )
    dropout: float = parameter(
        0.4,
        "share of values dropped in training",
        minimum=0,
        maximum=0.95,
        search=Between(0.1, 0.6),
    )
    pool: int = parameter(4, "number of frames averaged into one", minimum=1)
    attention: int = parameter(64, "width of the attention layer", minimum=1)
    padding: str = parameter(
        "crop",
        "true length, or padded in front to the length of the recipe or of the batch",
        choices=("crop", "front", "short"),
    )


def build(parameters: LstmParameters, input_shape: Shape, classes: int) -> Any:
    """Build the net.

    Padded clips are summed up by the last layer's last state, as in the study. Clips of true
    length are summed up by attention over live frames: an LSTM's output does not depend on later
    frames, so the recurrence needs no mask.

    Args:
        parameters: Its size and the rest.
        input_shape: Frames and bands.
        classes: How many emotions there are.

    Raises:
        UsageError: A list of sizes cannot be read.
    """
    import keras

    from serkit.models.keras.layers.lstm import LSTM

    inputs = Inputs.of(parameters, input_shape)
    dropout = parameters.dropout
    x = inputs.frames
    if parameters.noise:
        x = keras.layers.GaussianNoise(parameters.noise)(x)
    if parameters.pool > 1:
        x = keras.layers.AveragePooling1D(parameters.pool)(x)
    units, live = sizes("units", parameters.units), _pooled(inputs, parameters)
    for position, width in enumerate(units):
        whole = live is not None or position < len(units) - 1
        before, x = x, LSTM(width, return_sequences=whole)(x)
        if parameters.norm:
            x = keras.layers.BatchNormalization()(x, mask=live if whole else None)
        if parameters.residual and whole and before.shape[-1] == width:
            x = keras.layers.Add()([x, before])
        x = keras.layers.Dropout(dropout)(x)
    if live is not None:
        x = attention_statistics(x, live, parameters.attention)
        x = keras.layers.Dropout(dropout)(x)
    for width in sizes("dense", parameters.dense) if parameters.dense else ():
        x = keras.layers.Dense(width, activation="relu")(x)
    return inputs.model(emotions(x, inputs, parameters, classes), "lstm")


def _pooled(inputs: Inputs, parameters: LstmParameters) -> Any:
    """Return which frames are live once ``pool`` of them have become one; None where all are."""
    import keras

    every = parameters.pool
    if every == 1 or inputs.live is None:
        return inputs.live
    column = keras.layers.Reshape((-1, 1))(inputs.live)
    return keras.layers.Reshape((-1,))(keras.layers.MaxPooling1D(every)(column))

"""Stacked LSTM layers: the study's and its variants, or with attention over live frames."""

from __future__ import annotations

from typing import Any

from serkit.errors import UsageError
from serkit.models.keras.nets.parts import Inputs, Shape, attention_statistics, emotions
from serkit.parameters import Parameters, integer, number, text


def build(parameters: Parameters, input_shape: Shape, classes: int) -> Any:
    """Build the net.

    Padded clips are summed up by the last layer's last state, as in the study. Clips of true
    length are summed up by attention over live frames: what an LSTM says of a frame does not
    depend on the frames behind it, so nothing has to be masked inside the recurrence.

    Args:
        parameters: ``padding, units, norm, residual, dense, noise, dropout, pool, attention``.
        input_shape: Frames and bands.
        classes: How many emotions there are.

    Raises:
        UsageError: A list of sizes cannot be read.
    """
    import keras

    from serkit.models.keras.layers.lstm import LSTM

    inputs = Inputs.of(parameters, input_shape)
    dropout = number(parameters, "dropout")
    x = inputs.frames
    if parameters["noise"]:
        x = keras.layers.GaussianNoise(number(parameters, "noise"))(x)
    if integer(parameters, "pool") > 1:
        x = keras.layers.AveragePooling1D(integer(parameters, "pool"))(x)
    units, live = sizes(parameters, "units"), _pooled(inputs, parameters)
    for position, width in enumerate(units):
        whole = live is not None or position < len(units) - 1
        before, x = x, LSTM(width, return_sequences=whole)(x)
        if parameters["norm"]:
            x = keras.layers.BatchNormalization()(x, mask=live if whole else None)
        if parameters["residual"] and whole and before.shape[-1] == width:
            x = keras.layers.Add()([x, before])
        x = keras.layers.Dropout(dropout)(x)
    if live is not None:
        x = attention_statistics(x, live, integer(parameters, "attention"))
        x = keras.layers.Dropout(dropout)(x)
    for width in sizes(parameters, "dense") if parameters["dense"] else ():
        x = keras.layers.Dense(width, activation="relu")(x)
    return inputs.model(emotions(x, classes), "lstm")


def sizes(parameters: Parameters, name: str) -> tuple[int, ...]:
    """Read layers' sizes, separated by commas.

    Raises:
        UsageError: They are not whole numbers above 0.
    """
    value = text(parameters, name)
    try:
        found = tuple(int(part) for part in value.split(","))
    except ValueError:
        found = ()
    if not found or min(found) < 1:
        raise UsageError(
            f"{name} = {value!r} names no sizes", allowed="a value such as '512,512' is allowed"
        )
    return found


def _pooled(inputs: Inputs, parameters: Parameters) -> Any:
    """Return which frames are live once ``pool`` of them have become one; None where all are."""
    import keras

    every = integer(parameters, "pool")
    if every == 1 or inputs.live is None:
        return inputs.live
    column = keras.layers.Reshape((-1, 1))(inputs.live)
    return keras.layers.Reshape((-1,))(keras.layers.MaxPooling1D(every)(column))

"""Shared parts of the nets: inputs, pooling over time, output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from serkit.models.keras.beside import LINEAR, WIDE
from serkit.models.keras.parameters import KerasParameters


class Shape(NamedTuple):
    """The size of a clip.

    Attributes:
        frames: How many frames; None for any number.
        bands: How many bands each has.
        columns: How many columns the tables have that are read beside.
    """

    frames: int | None
    bands: int
    columns: int = 0


@dataclass(frozen=True)
class Inputs:
    """A net's symbolic inputs.

    Attributes:
        frames: Shape ``(clips, frames, bands)``.
        live: Shape ``(clips, frames)``; None if padding is not masked, or there is one
            frame.
        beside: Shape ``(clips, columns)``; None if no tables are read beside.
    """

    frames: Any
    live: Any = None
    beside: Any = None

    @classmethod
    def of(cls, parameters: KerasParameters, input_shape: Shape) -> Inputs:
        """Make the inputs for a ``padding`` mode."""
        import keras

        length = None if parameters.padding in ("short", "masked") else input_shape.frames
        frames = keras.Input((length, input_shape.bands), name="frames")
        unmasked = parameters.padding in ("front", "short", "none")
        live = None if unmasked else keras.Input((length,), name="live")
        columns = input_shape.columns
        beside = keras.Input((columns,), name="beside") if columns else None
        return cls(frames, live, beside)

    def joined(self, x: Any, parameters: KerasParameters) -> Any:
        """Return what the net made of the frames, and what a small branch made of the tables.

        Args:
            x: Shape ``(clips, values)``.
            parameters: Size and dropout of the branch.

        Returns:
            ``x`` itself where no tables are read, or where a linear layer reads them.
        """
        import keras

        if self.beside is None or parameters.linear_beside:
            return x
        layers, dropout = keras.layers, parameters.beside_dropout
        rows = layers.Dropout(dropout)(self.beside)
        rows = layers.Dense(parameters.beside_units, activation="relu", name="beside_hidden")(rows)
        return layers.Concatenate()([x, layers.Dropout(dropout)(rows)])

    def model(self, outputs: Any, name: str) -> Any:
        """Close the net from these inputs to its outputs."""
        import keras

        inputs = {"frames": self.frames}
        if self.live is not None:
            inputs["live"] = self.live
        if self.beside is not None:
            inputs["beside"] = self.beside
        return keras.Model(inputs, outputs, name=name)


def emotions(
    x: Any, inputs: Inputs, parameters: KerasParameters, classes: int, wide: Any = None
) -> Any:
    """Return a softmax over the emotions, in float32 even after layers of lower precision.

    Args:
        x: What the net made of the frames, shape ``(clips, values)``.
        inputs: The net's inputs, with tables if it reads any.
        parameters: How tables are read.
        classes: How many emotions there are.
        wide: What a linear layer reads as well, shape ``(clips, columns)``; None for nothing.
    """
    import keras

    layers, x = keras.layers, inputs.joined(x, parameters)
    read = {LINEAR: inputs.beside} if parameters.linear_beside else {}
    read |= {} if wide is None else {WIDE: wide}
    if not read:
        return layers.Dense(classes, activation="softmax", name="emotions", dtype="float32")(x)
    paths = [layers.Dense(classes, name="emotions", dtype="float32")(x)]
    for name, rows in read.items():
        # From zeros: it begins as logistic regression does, whatever the seed.
        linear = layers.Dense(classes, name=name, kernel_initializer="zeros", dtype="float32")
        paths.append(linear(rows))
    return layers.Softmax(dtype="float32")(layers.Add(dtype="float32")(paths))


def attention_statistics(x: Any, live: Any, units: int) -> Any:
    """Pool over live frames: mean and deviation, each frame weighted by learned attention.

    Okabe et al. (2018), Interspeech, "Attentive statistics pooling".

    Args:
        x: Shape ``(clips, frames, values)``.
        live: Shape ``(clips, frames)``.
        units: Width of the layer that attends.

    Returns:
        Shape ``(clips, 2 * values)``.
    """
    import keras

    from serkit.models.keras.layers.pooling import WeightedStatistics

    hidden = keras.layers.Dense(units, activation="tanh", name="attention_hidden")(x)
    scores = keras.layers.Dense(1, name="attention_scores")(hidden)
    return WeightedStatistics(name="attention_statistics", dtype="float32")([x, scores, live])

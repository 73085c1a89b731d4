"""Shared parts of the nets: inputs, pooling over time, output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from serkit.models.keras.parameters import KerasParameters

Shape = tuple[int | None, int]
"""Frames (None: any number) and bands of a clip."""


@dataclass(frozen=True)
class Inputs:
    """A net's symbolic inputs.

    Attributes:
        frames: Shape ``(clips, frames, bands)``.
        live: Shape ``(clips, frames)``; None if padding is not masked, or there is one
            frame.
    """

    frames: Any
    live: Any = None

    @classmethod
    def of(cls, parameters: KerasParameters, input_shape: Shape) -> Inputs:
        """Make the inputs for a ``padding`` mode."""
        import keras

        if parameters.padding in ("short", "masked"):
            input_shape = (None, input_shape[1])
        frames = keras.Input(input_shape, name="frames")
        if parameters.padding in ("front", "short", "none"):
            return cls(frames)
        return cls(frames, keras.Input(input_shape[:1], name="live"))

    def model(self, outputs: Any, name: str) -> Any:
        """Close the net from these inputs to its outputs."""
        import keras

        inputs = {"frames": self.frames}
        if self.live is not None:
            inputs["live"] = self.live
        return keras.Model(inputs, outputs, name=name)


def emotions(x: Any, classes: int) -> Any:
    """Return a softmax over the emotions, in float32 even after layers of lower precision."""
    import keras

    return keras.layers.Dense(classes, activation="softmax", name="emotions", dtype="float32")(x)


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

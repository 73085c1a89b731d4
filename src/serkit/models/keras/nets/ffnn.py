"""A feed-forward net on the whole padded spectrogram, on its statistics, or on a table's row.

With ``wide`` a linear layer stands beside the hidden ones (Cheng et al. 2016, "Wide & deep learning
for recommender systems"): it learns from whitened columns as logistic regression does, and the
hidden layers what it leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from serkit.errors import UsageError
from serkit.models.keras.beside import DEEP
from serkit.models.keras.nets.parts import Inputs, Shape, emotions
from serkit.models.keras.parameters import KerasParameters
from serkit.models.keras.whitening import FrameWhitening
from serkit.parameters import parameter
from serkit.ranges import Between


@dataclass(frozen=True)
class FfnnParameters(KerasParameters):
    """Parameters of this net."""

    units: int = parameter(256, "units per hidden layer", minimum=1)
    layers: int = parameter(2, "hidden layers", minimum=1)
    dropout: float = parameter(
        0.5,
        "share of units dropped in training",
        minimum=0,
        maximum=0.95,
        search=Between(0.1, 0.6),
    )
    l1: float = parameter(0.0, "L1 penalty of weights and biases", minimum=0)
    padding: str = parameter(
        "crop",
        "true length, padded in front to the recipe's length, or a table's row",
        choices=("crop", "front", "none"),
    )
    wide: bool = parameter(
        False,
        "lead a linear layer from a table's columns straight to the emotions as well, and whiten "
        "the columns for it and for the hidden layers (padding=none)",
    )

    invariance: float = parameter(
        0.0,
        "how much directions are shortened in which copies of clips differ from the clips "
        "(wide=true)",
        minimum=0,
        search=Between(0.1, 1.0, log=True),
    )

    @property
    def frame_whitening(self) -> FrameWhitening | None:
        """How the columns are whitened, if a linear layer reads them."""
        return FrameWhitening(self.invariance) if self.wide else None


def build(parameters: FfnnParameters, input_shape: Shape, classes: int) -> Any:
    """Build the net.

    With clips of true length its input is the mean and deviation over live frames of each band
    and of each band's change; padded clips, and rows of a table, are flattened.

    Args:
        parameters: Its size and the rest.
        input_shape: Frames and bands; the number of frames must be known for padded clips.
        classes: How many emotions there are.

    Raises:
        UsageError: ``wide`` without a table.
    """
    import keras

    if parameters.wide and parameters.padding != "none":
        raise UsageError(
            f"wide = true reads a table's columns, and padding = {parameters.padding!r} frames",
            hint="add --set padding=none and name tables with --set features=",
        )

    inputs = Inputs.of(parameters, input_shape)
    penalty = keras.regularizers.L1(parameters.l1) if parameters.l1 else None
    x = _statistics(inputs) if inputs.live is not None else keras.layers.Flatten()(inputs.frames)
    wide = x if parameters.wide else None
    for position in range(parameters.layers):
        x = keras.layers.Dense(
            parameters.units,
            activation="relu",
            kernel_regularizer=penalty,
            bias_regularizer=penalty,
            name=DEEP if parameters.wide and not position else None,
        )(x)
        x = keras.layers.Dropout(parameters.dropout)(x)
    return inputs.model(emotions(x, inputs, parameters, classes, wide), "ffnn")


def _statistics(inputs: Inputs) -> Any:
    import keras

    from serkit.models.keras.layers.pooling import Deltas, WeightedStatistics

    changes = Deltas(name="deltas")([inputs.frames, inputs.live])
    values = keras.layers.Concatenate()([inputs.frames, changes])
    # Equal scores: every live frame weighs the same.
    scores = keras.layers.Reshape((-1, 1))(inputs.live)
    pooled = WeightedStatistics(name="statistics", dtype="float32")([values, scores, inputs.live])
    return keras.layers.BatchNormalization(name="scaled")(pooled)

"""A transformer encoder: the study's with its constant position term, or with learned ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from serkit.models.keras.nets.parts import Inputs, Shape, attention_statistics, emotions
from serkit.models.keras.parameters import KerasParameters
from serkit.parameters import parameter
from serkit.ranges import Between


@dataclass(frozen=True)
class TransformerParameters(KerasParameters):
    """Parameters of this net."""

    width: int = parameter(128, "channels of the hidden layers", minimum=1)
    blocks: int = parameter(3, "blocks of attention and feed-forward layers", minimum=1)
    heads: int = parameter(4, "attention heads", minimum=1)
    key_dim: int = parameter(32, "size of a head (padding=front or masked)", minimum=1)
    hidden: int = parameter(256, "units of a feed-forward layer", minimum=1)
    noise: float = parameter(
        0.0,
        "standard deviation of Gaussian input noise in training, and its maximum per clip",
        minimum=0,
    )
    dropout: float = parameter(
        0.2,
        "share of values dropped in training",
        minimum=0,
        maximum=0.95,
        search=Between(0.1, 0.6),
    )
    reach: int = parameter(
        32, "largest relative position with its own bias (padding=crop)", minimum=0
    )
    stride: int = parameter(4, "number of frames merged into one (padding=crop)", minimum=1)
    attention: int = parameter(64, "width of the pooling layer (padding=crop)", minimum=1)
    padding: str = parameter(
        "crop",
        "true length, or padded in front to the recipe's length, unmasked or masked",
        choices=("crop", "front", "masked"),
    )


def build(parameters: TransformerParameters, input_shape: Shape, classes: int) -> Any:
    """Build the net.

    Args:
        parameters: Its size and the rest.
        input_shape: Frames and bands; the most frames must be known for padded clips.
        classes: How many emotions there are.
    """
    inputs = Inputs.of(parameters, input_shape)
    if parameters.padding == "crop":
        x = _of_true_length(inputs, parameters)
    else:
        x = _of_the_study(inputs, parameters, input_shape.frames)
    return inputs.model(emotions(x, inputs, parameters, classes), "transformer")


def _of_the_study(inputs: Inputs, parameters: TransformerParameters, frames: int | None) -> Any:
    """Post-norm blocks of Keras's attention, averaged over frames: all, or those that are live.

    Args:
        inputs: ``live`` where padding is masked.
        parameters: See :func:`build`.
        frames: The most frames of a clip.
    """
    import keras

    from serkit.models.keras.layers.attention import MultiHeadAttention
    from serkit.models.keras.layers.pooling import ConstantRelativePositions

    layers, dropout = keras.layers, parameters.dropout
    width = parameters.width
    x = layers.GaussianNoise(parameters.noise)(inputs.frames)
    x = layers.Dense(width)(x)
    x = ConstantRelativePositions(frames, name="positions")(x)
    seen = None if inputs.live is None else layers.Reshape((1, -1))(inputs.live)
    for _ in range(parameters.blocks):
        attention = MultiHeadAttention(parameters.heads, parameters.key_dim)
        mixed = layers.Dropout(dropout)(attention(x, x, attention_mask=seen))
        x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, mixed]))
        hidden = layers.Dense(parameters.hidden, activation="relu")(x)
        mixed = layers.Dropout(dropout)(layers.Dense(width)(hidden))
        x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, mixed]))
    return layers.GlobalAveragePooling1D()(x, mask=inputs.live)


def _of_true_length(inputs: Inputs, parameters: TransformerParameters) -> Any:
    """Pre-norm blocks with learned relative positions, after a convolution that thins frames."""
    import keras

    from serkit.models.keras.layers.pooling import RelativeAttention

    layers, dropout = keras.layers, parameters.dropout
    width, stride = parameters.width, parameters.stride
    x = layers.GaussianNoise(parameters.noise)(inputs.frames)
    x = layers.Multiply()([x, layers.Reshape((-1, 1))(inputs.live)])
    # A kernel as long as the stride: no frame is seen twice, none across the clip's end.
    x = layers.Conv1D(width, stride, stride, activation="gelu", name="patches")(x)
    live = layers.MaxPooling1D(stride)(layers.Reshape((-1, 1))(inputs.live))
    live = layers.Reshape((-1,))(live)
    for position in range(parameters.blocks):
        attention = RelativeAttention(
            parameters.heads,
            parameters.reach,
            dropout,
            name=f"attention_{position + 1}",
        )
        mixed = attention([layers.LayerNormalization()(x), live])
        x = layers.Add()([x, layers.Dropout(dropout)(mixed)])
        hidden = layers.Dense(parameters.hidden, activation="gelu")(layers.LayerNormalization()(x))
        x = layers.Add()([x, layers.Dropout(dropout)(layers.Dense(width)(hidden))])
    x = layers.LayerNormalization()(x)
    pooled = attention_statistics(x, live, parameters.attention)
    return layers.Dropout(dropout)(pooled)

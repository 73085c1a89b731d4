"""A transformer encoder: the study's with its constant position term, or with learned ones."""

from __future__ import annotations

from typing import Any

from serkit.models.keras.nets.parts import Inputs, Shape, attention_statistics, emotions
from serkit.parameters import Parameters, integer, number


def build(parameters: Parameters, input_shape: Shape, classes: int) -> Any:
    """Build the net.

    Args:
        parameters: ``padding, width, blocks, heads, key_dim, hidden, noise, dropout, reach,
            stride, attention``.
        input_shape: Frames and bands; the most frames must be known for padded clips.
        classes: How many emotions there are.
    """
    inputs = Inputs.of(parameters, input_shape)
    if parameters["padding"] == "crop":
        x = _of_true_length(inputs, parameters)
    else:
        x = _of_the_study(inputs, parameters, input_shape[0])
    return inputs.model(emotions(x, classes), "transformer")


def _of_the_study(inputs: Inputs, parameters: Parameters, frames: int | None) -> Any:
    """Post-norm blocks of Keras's attention, averaged over frames: all, or those that are live.

    Args:
        inputs: ``live`` where padding is masked.
        parameters: See :func:`build`.
        frames: The most frames of a clip.
    """
    import keras

    from serkit.models.keras.layers.attention import MultiHeadAttention
    from serkit.models.keras.layers.pooling import ConstantRelativePositions

    layers, dropout = keras.layers, number(parameters, "dropout")
    width = integer(parameters, "width")
    x = layers.GaussianNoise(number(parameters, "noise"))(inputs.frames)
    x = layers.Dense(width)(x)
    x = ConstantRelativePositions(frames, name="positions")(x)
    seen = None if inputs.live is None else layers.Reshape((1, -1))(inputs.live)
    for _ in range(integer(parameters, "blocks")):
        attention = MultiHeadAttention(integer(parameters, "heads"), integer(parameters, "key_dim"))
        mixed = layers.Dropout(dropout)(attention(x, x, attention_mask=seen))
        x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, mixed]))
        hidden = layers.Dense(integer(parameters, "hidden"), activation="relu")(x)
        mixed = layers.Dropout(dropout)(layers.Dense(width)(hidden))
        x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, mixed]))
    return layers.GlobalAveragePooling1D()(x, mask=inputs.live)


def _of_true_length(inputs: Inputs, parameters: Parameters) -> Any:
    """Pre-norm blocks with learned relative positions, after a convolution that thins frames."""
    import keras

    from serkit.models.keras.layers.pooling import RelativeAttention

    layers, dropout = keras.layers, number(parameters, "dropout")
    width, stride = integer(parameters, "width"), integer(parameters, "stride")
    x = layers.GaussianNoise(number(parameters, "noise"))(inputs.frames)
    x = layers.Multiply()([x, layers.Reshape((-1, 1))(inputs.live)])
    # A kernel as long as the stride: no frame is seen twice, none across the clip's end.
    x = layers.Conv1D(width, stride, stride, activation="gelu", name="patches")(x)
    live = layers.MaxPooling1D(stride)(layers.Reshape((-1, 1))(inputs.live))
    live = layers.Reshape((-1,))(live)
    for position in range(integer(parameters, "blocks")):
        attention = RelativeAttention(
            integer(parameters, "heads"),
            integer(parameters, "reach"),
            dropout,
            name=f"attention_{position + 1}",
        )
        mixed = attention([layers.LayerNormalization()(x), live])
        x = layers.Add()([x, layers.Dropout(dropout)(mixed)])
        hidden = layers.Dense(integer(parameters, "hidden"), activation="gelu")(
            layers.LayerNormalization()(x)
        )
        x = layers.Add()([x, layers.Dropout(dropout)(layers.Dense(width)(hidden))])
    x = layers.LayerNormalization()(x)
    pooled = attention_statistics(x, live, integer(parameters, "attention"))
    return layers.Dropout(dropout)(pooled)

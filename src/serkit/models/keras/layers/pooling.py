"""Layers that Keras does not have.

Registered under ``serkit``, so that a saved architecture names them and holds no code. This module
imports Keras, so it is imported inside functions only.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

_MASKED = -1e9
"""Added to a score that must get no weight."""


@keras.saving.register_keras_serializable(package="serkit")
class WeightedStatistics(keras.layers.Layer):  # type: ignore[misc]
    """Mean and standard deviation over live frames, weighted by a softmax of scores.

    Inputs: values ``(clips, frames, values)``, scores ``(clips, frames, 1)``, live
    ``(clips, frames)``. Output: ``(clips, 2 * values)``.
    """

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """Drop the mask: there are no frames left."""

    def call(self, inputs: list[Any]) -> Any:
        """Pool."""
        values, scores, live = inputs
        hidden = (1.0 - ops.expand_dims(live, -1)) * _MASKED
        weights = ops.softmax(scores + hidden, axis=1)
        mean = ops.sum(weights * values, axis=1)
        square = ops.sum(weights * ops.square(values - mean[:, None, :]), axis=1)
        return ops.concatenate([mean, ops.sqrt(square + 1e-6)], axis=-1)

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[Any, ...]:
        """Return the pooled shape."""
        values = input_shape[0]
        return (values[0], None if values[2] is None else 2 * values[2])


@keras.saving.register_keras_serializable(package="serkit")
class Deltas(keras.layers.Layer):  # type: ignore[misc]
    """How fast each value changes: half the difference of the next and the previous frame.

    Inputs: values ``(clips, frames, values)``, live ``(clips, frames)``. A frame beside which
    there is none on one side, or that is not live, changes by 0.
    """

    def call(self, inputs: list[Any]) -> Any:
        """Return the changes, shaped as the values."""
        values, live = inputs
        inner = live[:, 2:] * live[:, :-2]
        change = 0.5 * (values[:, 2:] - values[:, :-2]) * ops.expand_dims(inner, -1)
        return ops.pad(change, [[0, 0], [1, 1], [0, 0]])

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[Any, ...]:
        """Return the values' shape."""
        return tuple(input_shape[0])


@keras.saving.register_keras_serializable(package="serkit")
class ConstantRelativePositions(keras.layers.Layer):  # type: ignore[misc]
    """The study's position term: the mean embedding of a frame's distances to all frames.

    For frame ``i`` of ``n`` it is ``mean_j table[j - i + n - 1]``. The table is random and never
    trained (as in the study), so only these means are kept. The length is fixed when it is built;
    shorter clips are those that end where the others do, and get the last frames' terms.

    Args:
        frames: The length; None takes it from the input.
    """

    def __init__(self, frames: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.frames = frames

    def build(self, input_shape: tuple[int | None, int | None, int]) -> None:
        """Draw the table and keep its means."""
        shape = (self.frames or input_shape[1], input_shape[2])
        self.term = self.add_weight(
            name="term", shape=shape, initializer=self._means, trainable=False
        )

    def call(self, x: Any) -> Any:
        """Add the term."""
        return x + self.term[self.term.shape[0] - ops.shape(x)[1] :]

    def get_config(self) -> dict[str, Any]:
        """Return its configuration."""
        return {**super().get_config(), "frames": self.frames}

    def _means(self, shape: tuple[int, int], dtype: Any = None) -> Any:
        frames, values = shape
        table = keras.initializers.RandomUniform(-0.05, 0.05)((2 * frames - 1, values), dtype)
        sums = ops.concatenate([ops.zeros((1, values), dtype), ops.cumsum(table, axis=0)])
        means = (sums[frames:] - sums[:frames]) / frames
        return ops.flip(means, axis=0)


@keras.saving.register_keras_serializable(package="serkit")
class RelativeAttention(keras.layers.Layer):  # type: ignore[misc]
    """Self-attention over live frames with a learned bias for each head and distance.

    Shaw et al. (2018) and Raffel et al. (2020): distances beyond the reach share one bias.
    Inputs: values ``(clips, frames, values)``, live ``(clips, frames)``.

    Args:
        heads: Attention heads; a divisor of the number of values.
        reach: Largest distance in frames with its own bias.
        dropout: Share of attention weights that are dropped in training.
    """

    def __init__(self, heads: int, reach: int, dropout: float = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.heads, self.reach, self.dropout = heads, reach, dropout

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Make the projections and the biases."""
        shape = tuple(input_shape[0])
        width = shape[-1]
        if width is None or width % self.heads:
            raise ValueError(f"{width} values cannot be divided among {self.heads} heads")
        self.project = keras.layers.Dense(3 * width, name="project")
        self.project.build(shape)
        self.merge = keras.layers.Dense(width, name="merge")
        self.merge.build(shape)
        self.drop = keras.layers.Dropout(self.dropout)
        self.bias = self.add_weight(
            name="bias", shape=(2 * self.reach + 1, self.heads), initializer="zeros"
        )

    def call(self, inputs: list[Any], training: bool | None = None) -> Any:
        """Attend."""
        x, live = inputs
        clips, frames, width = ops.shape(x)[0], ops.shape(x)[1], x.shape[-1]
        split = ops.reshape(self.project(x), (clips, frames, 3, self.heads, width // self.heads))
        query, key, value = (ops.transpose(split[:, :, i], (0, 2, 1, 3)) for i in range(3))
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2)))
        scores = scores * (width // self.heads) ** -0.5 + self._biases(frames)
        # In float32 whatever the layer computes in: float16 has no number as low as the mask.
        hidden = (1.0 - ops.cast(live, "float32")) * _MASKED
        scores = ops.softmax(ops.cast(scores, "float32") + hidden[:, None, None, :], axis=-1)
        weights = self.drop(ops.cast(scores, self.compute_dtype), training=training)
        mixed = ops.transpose(ops.matmul(weights, value), (0, 2, 1, 3))
        return self.merge(ops.reshape(mixed, (clips, frames, width)))

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[Any, ...]:
        """Return the values' shape."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """Return its configuration."""
        own = {"heads": self.heads, "reach": self.reach, "dropout": self.dropout}
        return {**super().get_config(), **own}

    def _biases(self, frames: Any) -> Any:
        """Return each head's bias for each pair of frames, shape ``(heads, frames, frames)``."""
        places = ops.arange(frames)
        apart = ops.clip(places[None, :] - places[:, None], -self.reach, self.reach)
        return ops.transpose(ops.take(self.bias, apart + self.reach, axis=0), (2, 0, 1))

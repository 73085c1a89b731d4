"""Self-attention, clip by clip, in TensorFlow, with a custom gradient.

Frames are the last axis of queries, keys and values: so the projections of all heads are one
product each, nothing is transposed, and products run over whole rows of frames.

This module imports TensorFlow, so it is imported inside functions only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf


class Weights(NamedTuple):
    """Weights of a multi-head attention layer, with heads concatenated.

    Attributes:
        projection: Queries', keys' and values' kernels, shape ``(rows, width)``.
        bias: Shape ``(rows, 1)``.
        output: Shape ``(heads * values, width of the output)``.
    """

    projection: Any
    bias: Any
    output: Any

    @classmethod
    def of(cls, query: Any, key: Any, value: Any, output: Any, scale: float) -> Weights:
        """Read Keras's dense layers; the scale of the scores goes into the queries."""
        kernels, biases = zip(*(_rows(each) for each in (query, key, value)), strict=True)
        return cls(
            tf.concat([scale * kernels[0], *kernels[1:]], 0),
            tf.concat([scale * biases[0], *biases[1:]], 0),
            tf.reshape(output.kernel, (-1, output.kernel.shape[-1])),
        )


def attend(x: Any, weights: Weights, heads: int, seen: Any = None) -> Any:
    """Return each frame's values, mixed by a softmax over its scores, and projected.

    Args:
        x: Shape ``(clips, frames, width)``.
        weights: See :class:`Weights`.
        heads: How many.
        seen: Which frames attend and are attended to, shape ``(clips, frames)``; None for all. At
            least one of each clip does.

    Returns:
        Shape ``(clips, frames, width of the output)``, without the output's bias; zeros for a frame
        that does not attend.
    """
    if seen is not None:
        seen = tf.cast(seen, tf.bool)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def attended(x: Any, *given: Any) -> Any:
        weights = Weights(*given)
        outputs, kept = _forward(x, weights, heads, seen)

        def gradient(d_outputs: Any) -> Any:
            return _backward(x, weights, heads, seen, kept, d_outputs)

        return outputs, gradient

    return attended(x, *weights)


def _forward(x: Any, weights: Weights, heads: int, seen: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return the outputs, and for the gradient each clip's mixed values and softmax.

    The two are kept in arrays that hold them where they are: stacked, they would be copied. In
    prediction nothing reads them, and TensorFlow leaves them out.
    """
    clips = tf.shape(x)[0]
    shapes = (weights.output.shape[0], None), (heads, None, None)
    kept = tuple(tf.TensorArray(x.dtype, clips, element_shape=s, infer_shape=False) for s in shapes)

    def step(clip: Any, outputs: Any, mixed: Any, softmax: Any) -> Any:
        output, found = _attend(_frames(x, clip, seen), weights, heads)
        outputs = outputs.write(clip, _put_back(output, clip, seen))
        return clip + 1, outputs, mixed.write(clip, found[0]), softmax.write(clip, found[1])

    outputs, *kept_arrays = _for_each_clip(clips, step, tf.TensorArray(x.dtype, clips), *kept)
    return outputs.stack(), tuple(kept_arrays)


def _backward(
    x: Any, weights: Weights, heads: int, seen: Any, kept: tuple[Any, ...], d_outputs: Any
) -> tuple[Any, ...]:
    """Return the gradients of the clips and of the weights."""
    clips = tf.shape(x)[0]

    def step(clip: Any, d_x: Any, *sums: Any) -> Any:
        frames, d_output = _frames(x, clip, seen), _frames(d_outputs, clip, seen)
        mixed, softmax = (array.read(clip) for array in kept)
        d_frames, found = _attend_back(frames, weights, heads, mixed, softmax, d_output)
        d_x = d_x.write(clip, _put_back(d_frames, clip, seen))
        return clip + 1, d_x, *(a + b for a, b in zip(sums, found, strict=True))

    nothing = (tf.zeros_like(each) for each in weights)
    d_x, *sums = _for_each_clip(clips, step, tf.TensorArray(x.dtype, clips), *nothing)
    return d_x.stack(), *sums


def _attend(frames: Any, weights: Weights, heads: int) -> tuple[Any, tuple[Any, Any]]:
    """Return one clip's output of shape ``(frames, width)``, its mixed values and its softmax."""
    query, key, value = _projected(frames, weights, heads)
    softmax = tf.nn.softmax(tf.matmul(query, key, transpose_a=True))
    mixed = _joined(tf.matmul(value, softmax, transpose_b=True))
    return tf.matmul(mixed, weights.output, transpose_a=True), (mixed, softmax)


def _attend_back(
    frames: Any, weights: Weights, heads: int, mixed: Any, softmax: Any, d_output: Any
) -> tuple[Any, Weights]:
    """Return the gradients of one clip's frames and of the weights."""
    query, key, value = _projected(frames, weights, heads)
    d_joined = tf.matmul(weights.output, d_output, transpose_b=True)
    d_mixed = _by_head(d_joined, heads)
    d_value = tf.matmul(d_mixed, softmax)
    # the softmax term: the effect of shifting all scores of a frame
    shared = tf.reduce_sum(_by_head(mixed * d_joined, heads), axis=1)[..., tf.newaxis]
    d_scores = softmax * (tf.matmul(d_mixed, value, transpose_a=True) - shared)
    d_query, d_key = tf.matmul(key, d_scores, transpose_b=True), tf.matmul(query, d_scores)
    d_rows = tf.concat([_joined(each) for each in (d_query, d_key, d_value)], 0)
    d_weights = Weights(
        tf.matmul(d_rows, frames),
        tf.reduce_sum(d_rows, axis=1, keepdims=True),
        tf.matmul(mixed, d_output),
    )
    return tf.matmul(d_rows, weights.projection, transpose_a=True), d_weights


def _projected(frames: Any, weights: Weights, heads: int) -> list[Any]:
    """Return queries, keys and values of shape ``(heads, values, frames)``."""
    rows = tf.matmul(weights.projection, frames, transpose_b=True) + weights.bias
    values = weights.output.shape[0]
    keys = (weights.projection.shape[0] - values) // 2
    return [_by_head(each, heads) for each in tf.split(rows, (keys, keys, values))]


def _rows(dense: Any) -> tuple[Any, Any]:
    """Return a projection's kernel of shape ``(rows, width)``, and its bias as ``(rows, 1)``."""
    width = dense.kernel.shape[0]
    kernel = tf.reshape(tf.transpose(dense.kernel, (1, 2, 0)), (-1, width))
    return kernel, tf.reshape(dense.bias, (-1, 1))


def _by_head(rows: Any, heads: int) -> Any:
    return tf.reshape(rows, (heads, rows.shape[0] // heads, -1))


def _joined(by_head: Any) -> Any:
    return tf.reshape(by_head, (by_head.shape[0] * by_head.shape[1], -1))


def _frames(values: Any, clip: Any, seen: Any) -> Any:
    """Return one clip's frames, or those of them that are seen."""
    return values[clip] if seen is None else tf.boolean_mask(values[clip], seen[clip])


def _put_back(frames: Any, clip: Any, seen: Any) -> Any:
    """Return the output of :func:`_frames` with zeros for skipped frames."""
    if seen is None:
        return frames
    shape = tf.stack([tf.shape(seen)[1], frames.shape[1]])
    return tf.scatter_nd(tf.where(seen[clip]), frames, tf.cast(shape, tf.int64))


def _for_each_clip(clips: Any, step: Callable[..., Any], *first: Any) -> list[Any]:
    """Run a step for one clip after another; two in parallel would share the cache."""
    state = (0, *first)
    _, *last = tf.while_loop(lambda clip, *_: clip < clips, step, state, parallel_iterations=1)
    return list(last)

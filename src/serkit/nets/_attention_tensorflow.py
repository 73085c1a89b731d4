"""Attention clip by clip in TensorFlow, with a gradient that computes the scores again.

This module imports TensorFlow, so it is imported inside functions only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def attend(query: Any, key: Any, value: Any, scale: float, seen: Any = None) -> Any:
    """Return each frame's values, mixed by a softmax over ``scale * query * key``.

    Args:
        query: Shape ``(clips, frames, heads, values)``.
        key: Same shape; the frames may be others.
        value: Shape as the key's; the number of values may be another.
        scale: Factor of the scores.
        seen: Which frames of the key are attended to, shape ``(clips, frames)``; None for all. At
            least one of each clip is.

    Returns:
        Shape ``(clips, frames of the query, heads, values of the value)``.
    """
    if seen is None:
        seen = tf.ones(tf.shape(key)[:2], tf.bool)
    swapped = [tf.transpose(each, (0, 2, 1, 3)) for each in (query * scale, key, value)]
    return tf.transpose(_attend(*swapped, tf.cast(seen, tf.bool)), (0, 2, 1, 3))


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _attend(query: Any, key: Any, value: Any, seen: Any) -> Any:
    """Attend; all but ``seen`` of shape ``(clips, heads, frames, values)``."""
    (mixed,) = _clip_by_clip(_forward, (query, key, value, seen), 1)

    def gradient(d_mixed: Any) -> Any:
        given = (query, key, value, seen, mixed, d_mixed)
        return *_clip_by_clip(_backward, given, 3), None

    return mixed, gradient


def _forward(query: Any, key: Any, value: Any, seen: Any) -> tuple[Any]:
    key, value = _seen(key, seen), _seen(value, seen)
    return (tf.matmul(_weights(query, key), value),)


def _backward(
    query: Any, key: Any, value: Any, seen: Any, mixed: Any, d_mixed: Any
) -> tuple[Any, Any, Any]:
    key, value = _seen(key, seen), _seen(value, seen)
    weights = _weights(query, key)
    d_value = tf.matmul(weights, d_mixed, transpose_a=True)
    # The softmax's own share: what a change of all scores of a frame would do.
    shared = tf.reduce_sum(mixed * d_mixed, axis=-1, keepdims=True)
    d_scores = weights * (tf.matmul(d_mixed, value, transpose_b=True) - shared)
    d_key = tf.matmul(d_scores, query, transpose_a=True)
    return tf.matmul(d_scores, key), _put_back(d_key, seen), _put_back(d_value, seen)


def _weights(query: Any, key: Any) -> Any:
    return tf.nn.softmax(tf.matmul(query, key, transpose_b=True))


def _seen(values: Any, seen: Any) -> Any:
    """Return the frames that are seen; the shape is ``(heads, frames, values)``."""
    return tf.boolean_mask(values, seen, axis=1)


def _put_back(values: Any, seen: Any) -> Any:
    """Return values of the seen frames among zeros for the others."""
    frames_first = tf.transpose(values, (1, 0, 2))
    shape = tf.concat([tf.shape(seen), tf.shape(frames_first)[1:]], 0)
    spread = tf.scatter_nd(tf.where(seen), frames_first, tf.cast(shape, tf.int64))
    return tf.transpose(spread, (1, 0, 2))


def _clip_by_clip(
    compute: Callable[..., tuple[Any, ...]], given: tuple[Any, ...], count: int
) -> tuple[Any, ...]:
    """Apply a function to each clip's arrays, one clip at a time; stack what it returns."""
    clips = tf.shape(given[0])[0]
    arrays = [tf.TensorArray(each.dtype, clips).unstack(each) for each in given]
    kept = [tf.TensorArray(given[0].dtype, clips) for _ in range(count)]

    def step(clip: Any, *kept: Any) -> Any:
        found = compute(*(array.read(clip) for array in arrays))
        return clip + 1, *(array.write(clip, each) for array, each in zip(kept, found, strict=True))

    _, *kept = tf.while_loop(lambda clip, *_: clip < clips, step, (0, *kept), parallel_iterations=1)
    return tuple(array.stack() for array in kept)

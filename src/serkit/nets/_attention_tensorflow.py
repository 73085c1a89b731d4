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
        key: Same shape; the frames may be others where ``seen`` is None.
        value: Shape as the key's; the number of values may be another.
        scale: Factor of the scores.
        seen: Which frames attend and are attended to, shape ``(clips, frames)``; None for all. At
            least one of each clip does.

    Returns:
        Shape ``(clips, frames of the query, heads, values of the value)``; zeros for a frame that
        does not attend.
    """
    given = [tf.transpose(each, (0, 2, 1, 3)) for each in (query * scale, key, value)]
    mixed = _attend_to_all(*given) if seen is None else _attend(*given, tf.cast(seen, tf.bool))
    return tf.transpose(mixed, (0, 2, 1, 3))


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _attend_to_all(query: Any, key: Any, value: Any) -> Any:
    """Attend; all of shape ``(clips, heads, frames, values)``."""
    (mixed,) = _clip_by_clip(_forward, (query, key, value), 1)

    def gradient(d_mixed: Any) -> Any:
        return _clip_by_clip(_backward, (query, key, value, mixed, d_mixed), 3)

    return mixed, gradient


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _attend(query: Any, key: Any, value: Any, seen: Any) -> Any:
    """Attend among the frames that are seen; the shapes are those of :func:`_attend_to_all`."""
    (mixed,) = _clip_by_clip(_among(_forward), (seen, query, key, value), 1)

    def gradient(d_mixed: Any) -> Any:
        given = (seen, query, key, value, mixed, d_mixed)
        return *_clip_by_clip(_among(_backward), given, 3), None

    return mixed, gradient


def _forward(query: Any, key: Any, value: Any) -> tuple[Any]:
    return (tf.matmul(_weights(query, key), value),)


def _backward(query: Any, key: Any, value: Any, mixed: Any, d_mixed: Any) -> tuple[Any, Any, Any]:
    weights = _weights(query, key)
    d_value = tf.matmul(weights, d_mixed, transpose_a=True)
    # The softmax's own share: what a change of all scores of a frame would do.
    shared = tf.reduce_sum(mixed * d_mixed, axis=-1, keepdims=True)
    d_scores = weights * (tf.matmul(d_mixed, value, transpose_b=True) - shared)
    return tf.matmul(d_scores, key), tf.matmul(d_scores, query, transpose_a=True), d_value


def _weights(query: Any, key: Any) -> Any:
    return tf.nn.softmax(tf.matmul(query, key, transpose_b=True))


def _among(compute: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
    """Return the function for the frames that are seen; what it returns is zero elsewhere."""

    def computed(seen: Any, *given: Any) -> tuple[Any, ...]:
        found = compute(*(_seen(each, seen) for each in given))
        return tuple(_put_back(each, seen) for each in found)

    return computed


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
    kept = [tf.TensorArray(given[-1].dtype, clips) for _ in range(count)]

    def step(clip: Any, *kept: Any) -> Any:
        found = compute(*(array.read(clip) for array in arrays))
        return clip + 1, *(array.write(clip, each) for array, each in zip(kept, found, strict=True))

    _, *kept = tf.while_loop(lambda clip, *_: clip < clips, step, (0, *kept), parallel_iterations=1)
    return tuple(array.stack() for array in kept)

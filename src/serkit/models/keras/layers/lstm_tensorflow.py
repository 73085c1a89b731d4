"""The recurrence of an LSTM in TensorFlow, with a custom gradient.

The loops over frames are compiled by XLA, each length once (well under a second). Gates are in
Keras's order: input, forget, candidate, output. This module imports TensorFlow, so it is imported
inside functions only.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def suits(sequences: Any) -> bool:
    """Return whether to use this recurrence: not on a GPU, where Keras uses cuDNN."""
    del sequences
    return not tf.config.list_physical_devices("GPU")


def recur(
    sequences: Any, hidden: Any, cell: Any, kernel: Any, recurrent: Any, bias: Any
) -> tuple[Any, Any, Any]:
    """Run over all frames.

    Args:
        sequences: Shape ``(clips, frames, values)``.
        hidden: First hidden state, shape ``(clips, units)``.
        cell: First cell state, shape ``(clips, units)``.
        kernel: Shape ``(values, 4 * units)``.
        recurrent: Shape ``(units, 4 * units)``.
        bias: Shape ``(4 * units,)``.

    Returns:
        Outputs of shape ``(clips, frames, units)``, the last hidden state, the last cell state.
    """
    frames_first = tf.transpose(sequences, (1, 0, 2))
    clips, frames = tf.shape(sequences)[0], tf.shape(sequences)[1]
    # Flat: of a product in three dimensions, the kernel's gradient would be formed frame by frame.
    flat = tf.matmul(tf.reshape(frames_first, (-1, kernel.shape[0])), kernel) + bias
    projected = tf.reshape(flat, (frames, clips, kernel.shape[1]))
    outputs, last = _recurrence(projected, hidden, cell, recurrent)
    outputs.set_shape((sequences.shape[1], sequences.shape[0], recurrent.shape[0]))
    return tf.transpose(outputs, (1, 0, 2)), outputs[-1], last


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _recurrence(projected: Any, hidden: Any, cell: Any, recurrent: Any) -> Any:
    """Return all hidden states, frames first, and the last cell state."""
    outputs, cells, gates = _forward(projected, hidden, cell, recurrent)

    def gradient(d_outputs: Any, d_last: Any) -> Any:
        before = tf.concat([hidden[None], outputs[:-1]], 0)
        cells_before = tf.concat([cell[None], cells[:-1]], 0)
        d_gates, d_hidden, d_cell = _backward(
            d_outputs, d_last, cells, cells_before, gates, recurrent
        )
        units = recurrent.shape[0]
        d_recurrent = tf.matmul(
            tf.reshape(before, (-1, units)), tf.reshape(d_gates, (-1, 4 * units)), transpose_a=True
        )
        return d_gates, d_hidden, d_cell, d_recurrent

    return (outputs, cells[-1]), gradient


@tf.function(jit_compile=True, autograph=False)  # type: ignore[untyped-decorator]
def _forward(projected: Any, hidden: Any, cell: Any, recurrent: Any) -> tuple[Any, Any, Any]:
    """Return hidden states, cell states and opened gates of all frames."""
    frames = tf.shape(projected)[0]
    given = _array(projected)
    kept = [tf.TensorArray(projected.dtype, frames) for _ in range(3)]

    def step(frame: Any, hidden: Any, cell: Any, *kept: Any) -> Any:
        i, f, g, o = tf.split(given.read(frame) + tf.matmul(hidden, recurrent), 4, 1)
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        cell = f * cell + i * g
        hidden = o * tf.tanh(cell)
        found = (hidden, cell, tf.concat([i, f, g, o], 1))
        written = [array.write(frame, each) for array, each in zip(kept, found, strict=True)]
        return frame + 1, hidden, cell, *written

    _, _, _, *kept = tf.while_loop(lambda frame, *_: frame < frames, step, (0, hidden, cell, *kept))
    outputs, cells, gates = (array.stack() for array in kept)
    return outputs, cells, gates


@tf.function(jit_compile=True, autograph=False)  # type: ignore[untyped-decorator]
def _backward(
    d_outputs: Any, d_last: Any, cells: Any, before: Any, gates: Any, recurrent: Any
) -> tuple[Any, Any, Any]:
    """Return the gradients of all frames' gates before they open, and of the first states."""
    frames = tf.shape(d_outputs)[0]
    # All factors that do not depend on later frames, for all frames at once.
    i, f, g, o = tf.split(gates, 4, 2)
    squashed = tf.tanh(cells)
    to_gates = tf.concat([g * i * (1 - i), before * f * (1 - f), i * (1 - g * g)], 2)
    factors = (d_outputs, o * (1 - squashed * squashed), to_gates, squashed * o * (1 - o), f)
    arrays = [_array(each) for each in factors]
    transposed = tf.transpose(recurrent)

    def step(frame: Any, d_hidden: Any, d_cell: Any, kept: Any) -> Any:
        d_output, to_cell, to_gates, to_o, f = (array.read(frame) for array in arrays)
        d_hidden = d_hidden + d_output
        d_cell = d_cell + d_hidden * to_cell
        d_gates = tf.concat([tf.tile(d_cell, (1, 3)) * to_gates, d_hidden * to_o], 1)
        kept = kept.write(frame, d_gates)
        return frame - 1, tf.matmul(d_gates, transposed), d_cell * f, kept

    first = (frames - 1, tf.zeros_like(d_last), d_last, tf.TensorArray(gates.dtype, frames))
    _, d_hidden, d_cell, kept = tf.while_loop(lambda frame, *_: frame >= 0, step, first)
    return kept.stack(), d_hidden, d_cell


def _array(values: Any) -> Any:
    return tf.TensorArray(values.dtype, tf.shape(values)[0]).unstack(values)

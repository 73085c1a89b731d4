"""The recurrence of an LSTM in JAX, with a custom gradient.

Gates are in Keras's order: input, forget, candidate, output. This module imports JAX, so it is
imported inside functions only.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp


def suits(sequences: Any) -> bool:
    """Return whether to use this recurrence: not on a GPU, where Keras uses cuDNN."""
    del sequences
    return bool(jax.default_backend() == "cpu")


def recur(
    sequences: Any, hidden: Any, cell: Any, kernel: Any, recurrent: Any, bias: Any
) -> tuple[Any, Any, Any]:
    """Run over all frames; shapes as in ``lstm_tensorflow.recur``."""
    projected = jnp.swapaxes(sequences, 0, 1) @ kernel + bias
    outputs, last = _recurrence(projected, hidden, cell, recurrent)
    return jnp.swapaxes(outputs, 0, 1), outputs[-1], last


@jax.custom_vjp  # type: ignore[untyped-decorator]
def _recurrence(projected: Any, hidden: Any, cell: Any, recurrent: Any) -> tuple[Any, Any]:
    """Return all hidden states, frames first, and the last cell state."""
    (outputs, last), _ = _forward(projected, hidden, cell, recurrent)
    return outputs, last


def _forward(projected: Any, hidden: Any, cell: Any, recurrent: Any) -> tuple[Any, Any]:
    def step(states: Any, given: Any) -> Any:
        hidden, cell = states
        i, f, g, o = jnp.split(given + hidden @ recurrent, 4, axis=1)
        i, f, g, o = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(g), jax.nn.sigmoid(o)
        cell = f * cell + i * g
        hidden = o * jnp.tanh(cell)
        return (hidden, cell), (hidden, cell, i, f, g, o)

    _, (outputs, cells, *gates) = jax.lax.scan(step, (hidden, cell), projected)
    return (outputs, cells[-1]), (outputs, cells, gates, hidden, cell, recurrent)


def _backward(kept: Any, gradients: Any) -> tuple[Any, Any, Any, Any]:
    outputs, cells, (i, f, g, o), hidden, cell, recurrent = kept
    d_outputs, d_last = gradients
    before = jnp.concatenate([hidden[None], outputs[:-1]])
    cells_before = jnp.concatenate([cell[None], cells[:-1]])
    # All factors that do not depend on later frames, for all frames at once.
    squashed = jnp.tanh(cells)
    to_gates = jnp.concatenate(
        [g * i * (1 - i), cells_before * f * (1 - f), i * (1 - g * g)], axis=2
    )
    factors = (d_outputs, o * (1 - squashed**2), to_gates, squashed * o * (1 - o), f)

    def step(states: Any, given: Any) -> Any:
        d_hidden, d_cell = states
        d_output, to_cell, to_gates, to_o, f = given
        d_hidden = d_hidden + d_output
        d_cell = d_cell + d_hidden * to_cell
        d_gates = jnp.concatenate([jnp.tile(d_cell, (1, 3)) * to_gates, d_hidden * to_o], axis=1)
        return (d_gates @ recurrent.T, d_cell * f), d_gates

    first = (jnp.zeros_like(d_last), d_last)
    (d_hidden, d_cell), d_gates = jax.lax.scan(step, first, factors, reverse=True)
    d_recurrent = jnp.einsum("tbu,tbg->ug", before, d_gates)
    return d_gates, d_hidden, d_cell, d_recurrent


_recurrence.defvjp(_forward, _backward)

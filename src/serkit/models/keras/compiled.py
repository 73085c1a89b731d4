"""Nets that are compiled once and trained many times: folds, refits and seeds share them.

TensorFlow takes seconds to trace the steps of a net, often longer than a small net trains. So a
trainer keeps the last nets that it compiled, and a training with the same architecture and
parameters takes one over: every variable gets the value that it would have in a new net.
"""

from __future__ import annotations

import json
import weakref
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from serkit.models.keras.optimisation import loss, optimiser
from serkit.models.keras.parameters import KerasParameters

KEPT = 2
"""Nets that a trainer keeps: a fold's, and the one that is fitted again on all of its clips."""

LARGEST = 4_000_000
"""Weights of the largest net that is kept: what it takes to trace a larger one hardly matters
beside its training, and its memory does."""


@dataclass(frozen=True, eq=False)
class CompiledNet:
    """A compiled net. Whoever holds this object has the net to themselves.

    Attributes:
        model: The Keras model, with an optimiser.
        confusion: The :class:`serkit.models.keras.metrics.Confusion` that each step updates.
    """

    model: Any
    confusion: Any


@dataclass(frozen=True, eq=False)
class _Idle:
    """A compiled net that nobody holds."""

    key: str
    model: Any
    confusion: Any


@dataclass(frozen=True)
class CompiledNets:
    """The compiled nets that nobody holds."""

    _idle: deque[_Idle] = field(default_factory=lambda: deque(maxlen=KEPT))

    def adopt(self, fresh: Any, parameters: KerasParameters) -> CompiledNet:
        """Return a compiled net in the state of a new one; training it gives the same numbers.

        The net goes back when the object returned is no longer referenced.

        Args:
            fresh: A newly built Keras model, not compiled.
            parameters: Everything else that a step depends on.
        """
        # A step holds the architecture and the parameters, and nothing else as a constant.
        key = json.dumps([fresh.to_json(), parameters.to_json()], sort_keys=True)
        found = self._take(key)
        if found is None:
            net = CompiledNet(fresh, compile_(fresh, parameters))
        else:
            net = CompiledNet(found.model, found.confusion)
            _start_over(found.model, fresh)
        if fresh.count_params() <= LARGEST:
            idle = _Idle(key, net.model, net.confusion)
            weakref.finalize(net, self._idle.append, idle).atexit = False
        return net

    def _take(self, key: str) -> _Idle | None:
        for each in tuple(self._idle):
            if each.key == key:
                self._idle.remove(each)
                return each
        return None


def compile_(model: Any, parameters: KerasParameters) -> Any:
    """Give a net its optimiser, its loss, and a metric that counts.

    Args:
        model: The Keras model.
        parameters: Of the loop and the machine.

    Returns:
        The :class:`serkit.models.keras.metrics.Confusion` that each step updates.
    """
    from serkit.models.keras.metrics import Confusion

    confusion = Confusion(int(model.output_shape[-1]))
    model.compile(
        optimizer=optimiser(parameters),
        loss=loss(model, parameters),
        metrics=[confusion],
        jit_compile=compiled_by_xla(parameters.jit),
    )
    model.optimizer.build(model.trainable_variables)
    _trace_for_all_shapes(model)
    return confusion


def compiled_by_xla(wanted: bool) -> bool:
    """Return whether to compile the training step; without it JAX runs single operations."""
    import keras

    backend = keras.config.backend()
    return backend == "jax" or (wanted and backend == "tensorflow")


def _start_over(model: Any, fresh: Any) -> None:
    """Give a net the weights and random states of a new one, and its optimiser a new one's state.

    Adam starts from zeros. The learning rate is set at every step.
    """
    import keras

    for variable, start in zip(model.variables, fresh.variables, strict=True):
        variable.assign(start.value)
    for variable in model.optimizer.variables:
        variable.assign(keras.ops.zeros_like(variable))


def _trace_for_all_shapes(model: Any) -> None:
    """Make TensorFlow trace a net's steps once, for any number of clips and frames.

    Keras traces them for the first shape that it meets, and again for the second; which of the two
    a batch meets, and so how its sums are rounded, would depend on the batches before it.
    """
    import keras

    if keras.config.backend() != "tensorflow":
        return
    import tensorflow as tf

    def spec(shape: tuple[int | None, ...]) -> Any:
        return tf.TensorSpec(shape, "float32")

    inputs = keras.tree.map_structure(lambda each: spec(each.shape), model.input)
    batch = (inputs, spec((None, model.output_shape[-1])), spec((None,)))
    options = {"jit_compile": model.jit_compile, "autograph": False}
    step = tf.function(model.train_step, [batch], **options)
    forward = tf.function(lambda read: model(read, training=False), [inputs], **options)
    # Keras calls the first with batches of inputs, targets and weights, the second with a list.
    model.train_function = lambda batches: step(next(batches))
    model.predict_function = lambda batches: forward(batches[0][0])

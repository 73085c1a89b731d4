"""Nets that are compiled once and trained many times: folds, refits and seeds share them.

TensorFlow takes seconds to trace the steps of a net, often longer than a small net trains. So a
trainer keeps the last nets that it compiled, and a training of the same kind takes one over: every
variable gets the value that it would have in a new net.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.models.keras.backend import set_torch_random, torch_random
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


@dataclass(frozen=True)
class _Start:
    """The state of a new net.

    Attributes:
        seed: What it follows from.
        values: The variables' values, random states of layers included.
        random: torch's random states.
    """

    seed: int
    values: list[npt.NDArray[Any]]
    random: dict[str, npt.NDArray[Any]]

    @classmethod
    def of(cls, model: Any, seed: int) -> _Start:
        """Note the state of a net that was built just now."""
        import keras

        values = [np.array(keras.ops.convert_to_numpy(each)) for each in model.variables]
        return cls(seed, values, torch_random())

    def give(self, model: Any) -> None:
        """Bring a compiled net to this state, and its optimiser to a new one's.

        Adam starts from zeros. The learning rate is set at every step.
        """
        import keras

        for variable, value in zip(model.variables, self.values, strict=True):
            variable.assign(value)
        for variable in model.optimizer.variables:
            variable.assign(keras.ops.zeros_like(variable))
        set_torch_random(self.random)


@dataclass(frozen=True, eq=False)
class _Idle:
    """A compiled net that nobody holds."""

    kind: str
    model: Any
    confusion: Any
    start: _Start


@dataclass(frozen=True)
class CompiledNets:
    """The compiled nets that nobody holds."""

    _idle: deque[_Idle] = field(default_factory=lambda: deque(maxlen=KEPT))

    def begin(
        self, kind: str, build: Callable[[int], Any], seed: int, parameters: KerasParameters
    ) -> CompiledNet:
        """Return a compiled net in the state of a new one; training it gives the same numbers.

        The net goes back when the object returned is no longer referenced. A net that was last
        begun from the same seed is not built again: its state was noted.

        Args:
            kind: All that the nets that ``build`` makes depend on, but the seed.
            build: From a seed to a new Keras model, not compiled.
            seed: Of all random numbers.
            parameters: All that a training step depends on besides the net.
        """
        found = self._take(kind)
        if found is None:
            return self._compiled(kind, build, seed, parameters)
        start = found.start if found.start.seed == seed else _Start.of(build(seed), seed)
        start.give(found.model)
        return self._lent(_Idle(kind, found.model, found.confusion, start))

    def _compiled(
        self, kind: str, build: Callable[[int], Any], seed: int, parameters: KerasParameters
    ) -> CompiledNet:
        """Build and compile a net."""
        import keras

        # Layers are numbered from 1 again. It also makes TensorFlow optimise every step that was
        # traced before once more, so it is not done where a net is taken over.
        keras.backend.clear_session()
        model = build(seed)
        if model.count_params() > LARGEST:
            return CompiledNet(model, compile_(model, parameters))
        start = _Start.of(model, seed)
        return self._lent(_Idle(kind, model, compile_(model, parameters), start))

    def _lent(self, idle: _Idle) -> CompiledNet:
        """Hand out a net that comes back by itself."""
        net = CompiledNet(idle.model, idle.confusion)
        weakref.finalize(net, self._idle.append, idle).atexit = False
        return net

    def _take(self, kind: str) -> _Idle | None:
        for each in tuple(self._idle):
            if each.kind == kind:
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

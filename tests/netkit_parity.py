"""How far serkit's LSTM is from Keras's, as JSON; run as a script with the name of a backend."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

from serkit.models.keras.backend import load_keras

CLIPS, FRAMES, VALUES, UNITS = 3, 9, 4, 5

Arrays = list[np.ndarray]


def differences(backend: str) -> dict[str, float]:
    """Return the greatest difference of outputs and of gradients, for both kinds of output."""
    keras = load_keras(backend)
    from serkit.models.keras.layers.lstm import LSTM

    found = {}
    for sequences in (True, False):
        random = np.random.default_rng(0)
        frames = random.normal(size=(CLIPS, FRAMES, VALUES)).astype(np.float32)
        layers = [kind(UNITS, return_sequences=sequences) for kind in (LSTM, keras.layers.LSTM)]
        for layer in layers:
            layer.build(frames.shape)
        weights = [0.4 * random.normal(size=each.shape) for each in layers[0].get_weights()]
        for layer in layers:
            layer.set_weights(weights)
        shape = (CLIPS, FRAMES, UNITS) if sequences else (CLIPS, UNITS)
        factor = random.normal(size=shape).astype(np.float32)
        own, kerass = (outputs_and_gradients(layer, frames, factor) for layer in layers)
        for name, one, other in zip(("outputs", "frames", *"KRb"), own, kerass, strict=True):
            assert one.shape == other.shape
            found[f"{name}, {sequences}"] = float(np.abs(one - other).max())
    return found


def outputs_and_gradients(layer: Any, frames: np.ndarray, factor: np.ndarray) -> Arrays:
    """Return a layer's outputs, and the gradients of their weighted sum by frames and weights."""
    import keras

    return [np.asarray(each) for each in _GRADIENTS[keras.config.backend()](layer, frames, factor)]


def _tensorflow(layer: Any, frames: np.ndarray, factor: np.ndarray) -> Any:
    import tensorflow as tf

    @tf.function(autograph=False)
    def compute(frames: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(frames)
            outputs = layer(frames)
            total = tf.reduce_sum(outputs * factor)
        weights = [each.value for each in layer.trainable_variables]
        return [outputs, *tape.gradient(total, [frames, *weights])]

    return compute(tf.constant(frames))


def _torch(layer: Any, frames: np.ndarray, factor: np.ndarray) -> Any:
    import torch

    given = torch.tensor(frames, requires_grad=True)
    outputs = layer(given)
    total = (outputs * torch.tensor(factor)).sum()
    weights = [each.value for each in layer.trainable_variables]
    return [outputs.detach(), *(torch.autograd.grad(total, [given, *weights]))]


def _jax(layer: Any, frames: np.ndarray, factor: np.ndarray) -> Any:
    import jax

    fixed = [each.value for each in layer.non_trainable_variables]

    def total(given: Any) -> Any:
        outputs = layer.stateless_call(given[1:], fixed, given[0])[0]
        return (outputs * factor).sum(), outputs

    given = [frames, *(each.value for each in layer.trainable_variables)]
    gradients, outputs = jax.jit(jax.grad(total, has_aux=True))(given)
    return [outputs, *gradients]


_GRADIENTS = {"tensorflow": _tensorflow, "torch": _torch, "jax": _jax}


if __name__ == "__main__":
    print(json.dumps(differences(sys.argv[1])))

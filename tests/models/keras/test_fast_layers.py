"""Layers that compute faster than Keras's: the same numbers, gradients, weights and files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import netkit_parity
from netkit_parity import differences, outputs_and_gradients
from serkit.models.keras.backend import load_keras

pytestmark = pytest.mark.skipif(not find_spec("tensorflow"), reason="needs TensorFlow")

CLOSE = 1e-5


@pytest.fixture
def keras() -> Any:
    return load_keras("tensorflow")


def frames(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


class TestLSTM:
    def test_has_keras_outputs_and_gradients(self):
        found = differences("tensorflow")
        assert len(found) == 10
        assert max(found.values()) < CLOSE, found

    @pytest.mark.parametrize("backend", ["torch", "jax"])
    def test_has_them_on_another_backend(self, backend, tmp_path):
        if not find_spec(backend):
            pytest.skip(f"needs {backend}")
        done = subprocess.run(
            [sys.executable, netkit_parity.__file__, backend],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert len(found) == 10
        assert max(found.values()) < CLOSE, found

    def test_starts_from_the_given_states(self, keras):
        from serkit.models.keras.layers.lstm import LSTM

        x, states = frames(2, 7, 3), [frames(2, 4), 2 * frames(2, 4)]
        one = LSTM(4, return_sequences=True, return_state=True)
        other = keras.layers.LSTM(4, return_sequences=True, return_state=True)
        one.build(x.shape)
        other.build(x.shape)
        other.set_weights(one.get_weights())
        pairs = zip(one(x, initial_state=states), other(x, initial_state=states), strict=True)
        for mine, kerass in pairs:
            np.testing.assert_allclose(mine, kerass, atol=CLOSE)

    @pytest.mark.parametrize(
        "options",
        [
            {"activation": "relu"},
            {"recurrent_activation": "hard_sigmoid"},
            {"use_bias": False},
            {"go_backwards": True},
        ],
    )
    def test_falls_back_to_keras_for_other_arguments(self, keras, options):
        from serkit.models.keras.layers.lstm import LSTM

        x = frames(2, 5, 3)
        one, other = LSTM(4, **options), keras.layers.LSTM(4, **options)
        one.build(x.shape)
        other.build(x.shape)
        other.set_weights(one.get_weights())
        np.testing.assert_allclose(one(x), other(x), atol=CLOSE)

    def test_keeps_to_a_mask(self, keras):
        from serkit.models.keras.layers.lstm import LSTM

        x, mask = frames(2, 5, 3), np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], bool)
        layer = LSTM(4)
        np.testing.assert_allclose(layer(x, mask=mask)[0], layer(x[:1, :3])[0], atol=CLOSE)

    def test_has_keras_configuration(self, keras):
        from serkit.models.keras.layers.lstm import LSTM

        one = LSTM(4, name="it").get_config()
        other = keras.layers.LSTM(4, name="it").get_config()
        assert one == other


class TestAttention:
    def layers(self, keras: Any, **options: Any) -> list[Any]:
        from serkit.models.keras.layers.attention import MultiHeadAttention

        kinds = (MultiHeadAttention, keras.layers.MultiHeadAttention)
        layers = [kind(2, 3, name="it", **options) for kind in kinds]
        for layer in layers:
            layer.build((None, None, 4), (None, None, 4))
        layers[1].set_weights(layers[0].get_weights())
        return layers

    @pytest.mark.parametrize("masked", [False, True])
    @pytest.mark.parametrize("options", [{}, {"value_dim": 5, "output_shape": 2}])
    def test_has_keras_outputs_and_gradients(self, keras, masked, options):
        x, factor = frames(3, 6, 4), frames(3, 6, options.get("output_shape", 4))
        seen = np.array([[0, 0, 1, 1, 1, 1], [1] * 6, [1, 0, 0, 1, 0, 1]], bool)
        mask = seen[:, None] if masked else None
        if masked:  # what a hidden frame gets is for nobody to read
            factor *= seen[..., None]
        found = []
        for layer in self.layers(keras, **options):
            itself = keras.layers.Wrapper(layer)
            itself.call = lambda values, layer=layer: layer(values, values, attention_mask=mask)
            found.append(outputs_and_gradients(itself, x, factor))
        assert len(found[0]) == 2 + 8
        if masked:
            found = [[outputs[seen], *gradients] for outputs, *gradients in found]
        for one, other in zip(*found, strict=True):
            np.testing.assert_allclose(one, other, atol=CLOSE)

    def test_of_other_frames_has_keras_outputs(self, keras):
        one, other = (layer(frames(3, 6, 4), frames(3, 5, 4)) for layer in self.layers(keras))
        np.testing.assert_allclose(one, other, atol=CLOSE)

    @pytest.mark.parametrize(
        "options",
        [
            {"use_causal_mask": True},
            {"attention_mask": np.tril(np.ones((1, 6, 6), bool), 1)},
            {"attention_mask": np.tril(np.ones((3, 6, 6), bool), 1)},
        ],
    )
    def test_keeps_to_masks_by_pairs_of_frames(self, keras, options):
        x = keras.ops.convert_to_tensor(frames(3, 6, 4))  # the same tensor twice: to itself
        one, other = (layer(x, x, **options) for layer in self.layers(keras))
        np.testing.assert_allclose(one, other, atol=CLOSE)

    def test_keeps_to_the_mask_of_the_layer_before(self, keras):
        x = frames(3, 6, 4)
        x[0, 4:] = x[2, :2] = 0
        found = []
        for layer in self.layers(keras):
            hidden = keras.layers.Masking()(x)  # of its own: Keras takes the mask off
            found.append(layer(hidden, hidden))
        one, other = found
        np.testing.assert_allclose(one, other, atol=CLOSE)

    def test_without_biases_has_keras_outputs(self, keras):
        x = keras.ops.convert_to_tensor(frames(3, 6, 4))
        one, other = (layer(x, x) for layer in self.layers(keras, use_bias=False))
        np.testing.assert_allclose(one, other, atol=CLOSE)

    def test_drops_scores_in_training(self, keras):
        x = keras.ops.convert_to_tensor(frames(3, 6, 4))
        layer, _ = self.layers(keras, dropout=0.9)
        once, again = (np.asarray(layer(x, x, training=True)) for _ in range(2))
        assert np.abs(once - again).max() > 0.01

    def test_returns_scores_on_request(self, keras):
        x = keras.ops.convert_to_tensor(frames(3, 6, 4))
        pairs = [layer(x, x, return_attention_scores=True) for layer in self.layers(keras)]
        for one, other in zip(*pairs, strict=True):
            np.testing.assert_allclose(one, other, atol=CLOSE)

    def test_has_keras_configuration(self, keras):
        one, other = self.layers(keras)
        assert one.get_config() == other.get_config()


class TestPositions:
    def test_of_shorter_clips_are_those_of_the_last_frames(self, keras):
        from serkit.models.keras.layers.pooling import ConstantRelativePositions

        layer = ConstantRelativePositions(6)
        layer.build((None, None, 2))
        whole = np.asarray(layer(np.zeros((1, 6, 2), np.float32)))
        short = np.asarray(layer(np.zeros((1, 4, 2), np.float32)))
        assert np.abs(whole).min() > 0
        np.testing.assert_array_equal(short, whole[:, 2:])

    def test_of_a_file_from_before_take_their_number_from_the_input(self, keras):
        from serkit.models.keras.layers.pooling import ConstantRelativePositions

        config = ConstantRelativePositions(name="it").get_config()
        del config["frames"]
        layer = ConstantRelativePositions.from_config(config)
        layer.build((None, 5, 2))
        assert layer.term.shape == (5, 2)

"""The nets: the study's to the last parameter, and answers that padding does not change."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from netkit import BANDS, NETS, TINY
from serkit.errors import UsageError
from serkit.models import TRAINERS
from serkit.models.keras.backend import load_keras
from serkit.models.keras.nets.parts import Shape

pytestmark = pytest.mark.skipif(not find_spec("tensorflow"), reason="needs TensorFlow")


def build(name: str, preset: str, shape: tuple[int | None, int], **values: object) -> Any:
    load_keras("tensorflow")
    parameters = TRAINERS.get(name).settle(preset, values)
    return import_module(f"serkit.models.keras.nets.{name}").build(parameters, Shape(*shape), 8)


def trainable(model: Any) -> int:
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


class TestTheStudysNets:
    @pytest.mark.parametrize(
        ("name", "preset", "bands", "count"),
        [
            ("ffnn", "notebook", 128, 31_935_008),
            ("lstm", "notebook", 128, 3_445_320),
            ("transformer", "notebook", 256, 376_834),
            # Four gates of units x (inputs + units + 1) each, and the dense layers.
            ("lstm", "notebook-3-layer", 128, 3_445_320 + 4 * 512 * 1025),
            ("lstm", "notebook-1024", 128, 4 * 1024 * 1153 + 4 * 512 * 1537 + 33_352),
            (
                "lstm",
                "notebook-4-layer",
                128,
                3_411_968 + 4 * 256 * (769 + 513) + 257 * 128 + 129 * 64 + 65 * 8,
            ),
            (
                "lstm",
                "notebook-small",
                128,
                1_312_768 + 4 * 256 * (769 + 513) + 4 * 128 * 385 + 129 * 64 + 65 * 8,
            ),
        ],
    )
    def test_have_the_studys_number_of_parameters(self, name, preset, bands, count):
        assert trainable(build(name, preset, (495, bands))) == count

    def test_transformer_answers_the_same_however_much_masked_padding_precedes(self):
        tiny = {"width": 8, "heads": 2, "key_dim": 4, "hidden": 8, "blocks": 2}
        net = build("transformer", "notebook", (96, BANDS), **tiny)
        frames = np.random.default_rng(0).normal(size=(1, 40, BANDS)).astype(np.float32)
        answers = []
        for lead in (24, 56):
            padded = np.pad(frames, [(0, 0), (lead, 0), (0, 0)], constant_values=3)
            live = np.concatenate([np.zeros((1, lead)), np.ones((1, 40))], axis=1)
            answers.append(answer(net, {"frames": padded, "live": live.astype(np.float32)}))
        np.testing.assert_allclose(*answers, atol=1e-6)

    def test_a_block_of_attention_has_101550(self):
        model = build("transformer", "notebook", (495, 256))
        attention = [each for each in model.layers if "attention" in each.name]
        assert [each.count_params() for each in attention] == [101_550] * 3

    def test_the_position_term_is_the_mean_embedding_of_all_distances_and_never_trained(self):
        keras = load_keras("tensorflow")
        from serkit.models.keras.layers.pooling import ConstantRelativePositions

        frames = 5
        keras.utils.set_random_seed(3)
        layer = ConstantRelativePositions()
        layer.build((None, frames, 2))
        keras.utils.set_random_seed(3)
        initializer = keras.initializers.RandomUniform(-0.05, 0.05)
        table = np.asarray(initializer((2 * frames - 1, 2)))
        expected = [
            np.mean([table[j - i + frames - 1] for j in range(frames)], axis=0)
            for i in range(frames)
        ]
        np.testing.assert_allclose(np.asarray(layer.term), expected, atol=1e-7)
        assert layer.trainable_weights == []


@pytest.fixture(scope="module", params=NETS)
def net(request) -> Any:
    return build(request.param, "best", (None, BANDS), **TINY[request.param], beside="")


def padded(frames: np.ndarray, length: int) -> dict[str, np.ndarray]:
    out = np.zeros((1, length, frames.shape[1]), np.float32)
    live = np.zeros((1, length), np.float32)
    out[0, : len(frames)], live[0, : len(frames)] = frames, 1
    return {"frames": out, "live": live}


def answer(net: Any, inputs: dict[str, np.ndarray]) -> np.ndarray:
    return np.asarray(net.predict_on_batch(inputs))


class TestNetsForTrueLengths:
    @pytest.mark.parametrize("length", [17, 40, 64])
    def test_answer_the_same_however_much_padding_follows(self, net, length):
        frames = np.random.default_rng(length).normal(size=(length, BANDS)).astype(np.float32)
        short, long = padded(frames, 64), padded(frames, 128)
        np.testing.assert_allclose(answer(net, short), answer(net, long), atol=1e-6)

    def test_see_what_is_live(self, net):
        frames = np.random.default_rng(0).normal(size=(40, BANDS)).astype(np.float32)
        louder = answer(net, padded(frames + 1, 64))
        assert np.abs(answer(net, padded(frames, 64)) - louder).max() > 1e-5

    def test_give_probabilities(self, net):
        frames = np.random.default_rng(1).normal(size=(40, BANDS)).astype(np.float32)
        found = answer(net, padded(frames, 64))
        assert found.shape == (1, 8)
        assert found.sum() == pytest.approx(1, abs=1e-5)

    def test_are_rebuilt_from_their_architecture_alone(self, net):
        keras = load_keras("tensorflow")
        architecture = net.to_json()
        json.loads(architecture)
        again = keras.models.model_from_json(architecture)
        again.set_weights(net.get_weights())
        frames = np.random.default_rng(2).normal(size=(40, BANDS)).astype(np.float32)
        inputs = padded(frames, 64)
        np.testing.assert_allclose(answer(net, inputs), answer(again, inputs), atol=1e-7)


def test_layers_with_batch_norm_and_residuals_answer_the_same_however_much_padding_follows():
    given = {**TINY["lstm"], "units": "8,8", "dense": "", "norm": True, "residual": True}
    net = build("lstm", "best", (None, BANDS), **given)
    kinds = [type(layer).__name__ for layer in net.layers]
    assert (kinds.count("BatchNormalization"), kinds.count("Add")) == (2, 2)
    frames = np.random.default_rng(3).normal(size=(40, BANDS)).astype(np.float32)
    short, long = padded(frames, 64), padded(frames, 128)
    np.testing.assert_allclose(answer(net, short), answer(net, long), atol=1e-6)


@pytest.mark.parametrize("sizes", ["", "a", "8,", "8,0", "-1", "8;8"])
def test_sizes_that_are_none_are_refused(sizes):
    with pytest.raises(UsageError, match=r"is not a list of sizes; a value such as '512,512'"):
        build("lstm", "best", (None, BANDS), units=sizes)

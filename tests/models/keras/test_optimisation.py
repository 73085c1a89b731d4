"""What training minimises and how large its steps are, against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.models import TRAINERS
from serkit.models.keras.backend import load_keras
from serkit.models.keras.beside import LINEAR
from serkit.models.keras.optimisation import learning_rate, loss, optimiser


@pytest.fixture
def keras():
    return load_keras("tensorflow")


def parameters(**given):
    return TRAINERS.get("tcn").settle("best", given)


@pytest.fixture
def model(keras):
    keras.utils.set_random_seed(0)
    net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, activation="softmax")])
    net.layers[0].bias.assign(np.arange(8, dtype=np.float32))
    return net


def gradients(model, **given):
    import tensorflow as tf

    inputs, targets = np.ones((4, 3), np.float32), np.eye(8, dtype=np.float32)[[0, 1, 2, 3]]
    minimised = loss(model, parameters(**given))
    with tf.GradientTape() as tape:
        total = tf.reduce_mean(minimised(targets, model(inputs)))
    weights = model.trainable_weights
    found = tape.gradient(total, [each.value for each in weights])
    return [np.asarray(each) for each in found], [np.asarray(each) for each in weights]


def test_l2_adds_its_share_of_every_weight_to_that_weight_s_gradient(model):
    plain, weights = gradients(model, l2=0.0)
    penalised, _ = gradients(model, l2=0.01)
    for before, after, weight in zip(plain, penalised, weights, strict=True):
        np.testing.assert_allclose(after, before + 0.01 * weight, rtol=1e-4, atol=1e-6)


def test_the_linear_layer_for_tables_has_a_penalty_of_its_own(keras):
    inputs = keras.Input((3,))
    layers = [keras.layers.Dense(8, name=name) for name in ("emotions", LINEAR)]
    outputs = keras.layers.Softmax()(keras.layers.Add()([each(inputs) for each in layers]))
    net = keras.Model(inputs, outputs)
    both = {"l2": 0.01, "beside_l2": 0.5}
    plain, weights = gradients(net, l2=0.0, beside_l2=0.0)
    penalised, _ = gradients(net, **both)
    for position, factor in enumerate((0.01, 0.01, 0.5, 0.5)):
        expected = plain[position] + factor * weights[position]
        np.testing.assert_allclose(penalised[position], expected, rtol=1e-4, atol=1e-6)


def test_restarts_go_from_the_top_down_to_nothing_in_every_cycle():
    given = parameters(schedule="restarts", cycle=2, learning_rate=0.004)
    rate = learning_rate(given, epochs=6, steps=10)
    seen = [rate(step) for step in (0, 10, 19, 20, 30, 40)]
    assert seen[0] == pytest.approx(0.004)
    assert seen[1] == pytest.approx(0.002)
    assert seen[2] < 0.0001
    assert seen[3:] == pytest.approx([0.004, 0.002, 0.004], rel=1e-4)


def test_cosine_rises_in_the_first_tenth_and_ends_at_nothing():
    given = parameters(schedule="cosine", learning_rate=0.004)
    rate = learning_rate(given, epochs=10, steps=10)
    assert [rate(step) for step in (0, 5, 10, 55, 100)] == pytest.approx(
        [0, 0.002, 0.004, 0.002, 0], abs=1e-9
    )


def test_schedules_are_those_of_keras(keras):
    schedules, epochs, steps = keras.optimizers.schedules, 5, 8
    expected = {
        "restarts": schedules.CosineDecayRestarts(0.01, 2 * steps, t_mul=1.0, m_mul=1.0),
        "cosine": schedules.CosineDecay(0.0, 36, warmup_target=0.01, warmup_steps=4),
        "exponential": schedules.ExponentialDecay(0.01, decay_steps=1000, decay_rate=0.9),
        "constant": lambda _step: 0.01,
    }
    for schedule, reference in expected.items():
        given = parameters(schedule=schedule, cycle=2, learning_rate=0.01)
        rate = learning_rate(given, epochs, steps)
        ours = [rate(step) for step in range(epochs * steps)]
        theirs = [float(reference(step)) for step in range(epochs * steps)]
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-8)


def test_weight_decay_is_decoupled_only_on_request(keras):
    assert type(optimiser(parameters())) is keras.optimizers.Adam
    decaying = optimiser(parameters(weight_decay=0.01, clip_norm=2.0))
    assert type(decaying) is keras.optimizers.AdamW
    assert (decaying.weight_decay, decaying.global_clipnorm) == (0.01, 2.0)

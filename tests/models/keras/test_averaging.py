"""The average of a net's weights."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.models.keras.averaging import EVERY, Average


class Model:
    """A net of one weight."""

    def __init__(self, value):
        self.value = np.float32(value)

    def get_weights(self):
        return [np.array([self.value])]

    def set_weights(self, weights):
        self.value = weights[0][0]


def noted(average, values):
    for value in values:
        average.note(Model(value))
    return average


def test_a_constant_weight_is_its_own_average():
    assert noted(Average(0.9), [3.0] * 50).weights[0] == pytest.approx(3.0)


def test_an_average_follows_a_change_by_its_momentum():
    """Long after the first steps, as an average over every step would."""
    average = noted(Average(0.9), [0.0] * 1000 + [1.0] * 2 * EVERY)
    assert average.weights[0] == pytest.approx(1 - 0.9 ** (2 * EVERY), rel=1e-5)


def test_the_first_steps_are_soon_forgotten():
    average = noted(Average(0.999), [100.0] * EVERY + [0.0] * 40 * EVERY)
    assert abs(average.weights[0]) < 1  # 85 if the momentum were 0.999 from the first step


def test_a_net_has_its_average_only_while_it_is_lent():
    average, model = noted(Average(0.9), [2.0] * EVERY), Model(7.0)
    with average.applied(model):
        assert model.value == 2.0
    assert model.value == 7.0


def test_without_momentum_nothing_is_averaged():
    average, model = noted(Average(0.0), [2.0] * EVERY), Model(7.0)
    with average.applied(model):
        assert model.value == 7.0
    assert average.weights == []

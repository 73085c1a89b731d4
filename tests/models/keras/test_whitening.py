"""Whitened tables: what a net learns on them holds for the standardised tables that it reads."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.models.keras.beside import DEEP, LINEAR, WIDE
from serkit.models.keras.scaling import Scaling
from serkit.models.keras.trainer import merged
from serkit.models.keras.whitening import LENGTH, Whitening


class Layer:
    """A dense layer: a kernel and a bias."""

    def __init__(self, columns, classes, random):
        self.weights = [random.normal(size=(columns, classes)), random.normal(size=classes)]

    def get_layer(self, name):
        assert name == LINEAR
        return self

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights

    def __call__(self, rows):
        kernel, bias = self.weights
        return rows @ kernel + bias


@pytest.fixture
def random():
    return np.random.default_rng(1)


@pytest.fixture
def rows(random):
    """Forty rows of six columns of which two nearly agree."""
    found = random.normal(2.0, 1.0, (40, 6))
    found[:, 1] = found[:, 0] + 0.1 * found[:, 1]
    return found.astype(np.float32)


def test_whitened_rows_are_uncorrelated_and_of_known_length(rows):
    found = Whitening.fit(rows)(rows)
    covariance = found.T @ found
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-2)
    assert np.sqrt((found**2).sum(axis=1).mean()) == pytest.approx(LENGTH, rel=1e-4)
    assert found.dtype == np.float32


def test_fewer_clips_than_columns_leave_axes_at_zero(rows):
    whitening = Whitening.fit(rows[:3])
    assert whitening.axes.shape == (6, 6)
    np.testing.assert_array_equal(whitening(rows)[:, 2:], 0)


class TestInvariance:
    """Forty clips, and two copies of each that differ from it in the first column alone."""

    CLIPS = 40

    @pytest.fixture
    def copied(self, random):
        clips = random.normal(size=(self.CLIPS, 6))
        found = np.concatenate([clips] * 3)
        found[self.CLIPS :, 0] += random.normal(0.0, 3.0, 2 * self.CLIPS)
        return ((found - found.mean(axis=0)) / found.std(axis=0)).astype(np.float32)

    def lengths(self, rows, invariance):
        return np.linalg.norm(Whitening.fit(rows, self.CLIPS, invariance).axes, axis=1)

    def test_shortens_what_copies_change_and_nothing_else(self, copied):
        plain, some, much = (self.lengths(copied, each) for each in (0.0, 0.25, 4.0))
        assert plain[0] > some[0] > much[0]
        assert (much[1:] > plain[1:]).all()

    def test_keeps_the_length_of_rows(self, copied):
        found = Whitening.fit(copied, self.CLIPS, 4.0)(copied)
        assert np.sqrt((found**2).sum(axis=1).mean()) == pytest.approx(LENGTH, rel=1e-4)

    def test_changes_nothing_without_copies(self, copied):
        plain = Whitening.fit(copied)
        np.testing.assert_array_equal(Whitening.fit(copied, len(copied), 4.0).axes, plain.axes)


def test_a_merged_layer_gives_the_same_for_standardised_rows(rows, random):
    whitening, layer = Whitening.fit(rows), Layer(6, 8, random)
    expected = layer(whitening(rows))
    whitening.merge_into(layer, [LINEAR])
    np.testing.assert_allclose(layer(rows), expected, rtol=1e-4, atol=1e-4)


def test_what_is_left_of_a_scaling_clips_and_standardises(rows, random):
    layer, limits = Layer(6, 8, random), {"limit": 1.5, "whitening": Whitening.fit(rows)}
    columns = Scaling(rows.mean(axis=0), rows.std(axis=0), **limits)
    scaling = Scaling(np.zeros(4), np.ones(4), columns)
    expected = layer(columns.whitened(columns(rows)))
    left = merged(layer, scaling)
    assert left.beside.whitening is None
    assert np.abs(left.beside(rows)).max() == pytest.approx(1.5)
    np.testing.assert_allclose(layer(left.beside(rows)), expected, rtol=1e-4, atol=1e-4)
    assert Scaling.from_json(left.to_json()).to_json() == left.to_json()


class Paths(dict):
    """A net whose layers read the same rows, by name."""

    get_layer = dict.__getitem__


def test_all_layers_that_read_whitened_frames_are_merged(rows, random):
    net = Paths({name: Layer(6, 8, random) for name in (WIDE, DEEP)})
    scaling = Scaling(rows.mean(axis=0), rows.std(axis=0), whitening=Whitening.fit(rows))
    scaled = scaling(rows)
    expected = [layer(scaling.whitened(scaled)) for layer in net.values()]
    left = merged(net, scaling)
    found = [layer(left.whitened(scaled)) for layer in net.values()]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert not np.allclose(found[0], found[1])


def test_a_scaling_without_whitening_is_left_alone(rows, random):
    scaling = Scaling(np.zeros(4), np.ones(4), Scaling(np.zeros(6), np.ones(6)))
    assert merged(Layer(6, 8, random), scaling) is scaling

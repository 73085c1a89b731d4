"""Features whitened apart, and joined to one product."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.models.classical.by_feature import mean_and_axes, whitening_of

BLOCKS = (slice(0, 3), slice(3, 8))


@pytest.fixture
def rows() -> np.ndarray:
    random = np.random.default_rng(0)
    return random.normal(size=(50, 8)) @ random.normal(size=(8, 8)) + 5


def test_each_block_has_its_share(rows):
    found = whitening_of(BLOCKS, 0.5, (1.0, 0.25)).fit_transform(rows)
    lengths = [np.mean(np.sum(found[:, part] ** 2, axis=1)) for part in BLOCKS]
    assert np.allclose(lengths, (1.0, 0.25))


def test_a_block_is_whitened_as_if_it_were_alone(rows):
    both = whitening_of(BLOCKS, 0.5, (1.0, 1.0)).fit_transform(rows)
    alone = whitening_of(BLOCKS[:1], 0.5, (1.0,)).fit_transform(rows[:, :3])
    assert np.allclose(both[:, :3], alone)


def test_joined_it_is_the_same_product(rows):
    step = whitening_of(BLOCKS, 0.5, (1.0, 0.25)).fit(rows)
    mean, axes = mean_and_axes(step)
    assert np.allclose((rows - mean) @ axes, step.transform(rows))

"""The logarithm of a covariance: against SciPy's matrix logarithm, and what it depends on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import logm

from serkit.dsp.covariance import LIMIT, SHRINKAGE, log_covariance, pairs


def moving(frames: int = 60, tracks: int = 5, seed: int = 0):
    """Tracks that move with each other, about as far as is typical."""
    rng = np.random.default_rng(seed)
    return 0.3 * rng.standard_normal((frames, tracks)) @ rng.standard_normal((tracks, tracks))


def matrix(values, tracks: int):
    """Lay the values out as the symmetric matrix that they are."""
    first, second = pairs(tracks)
    out = np.zeros((tracks, tracks))
    out[first, second] = values / np.where(first == second, 1, np.sqrt(2))
    return out + np.triu(out, 1).T


def test_it_is_the_matrix_logarithm_of_the_covariance_shrunk_towards_its_mean_variance():
    frames = moving()
    covariance = np.cov(frames.T)
    mean = np.trace(covariance) / 5
    expected = logm((1 - SHRINKAGE) * covariance + SHRINKAGE * mean * np.eye(5))
    found = matrix(log_covariance(frames, np.ones(5)), 5)
    assert found == pytest.approx(expected, abs=1e-4)


def test_distances_are_those_of_the_matrices():
    one, other = (log_covariance(moving(seed=seed), np.ones(5)) for seed in (1, 2))
    apart = np.linalg.norm(matrix(one, 5) - matrix(other, 5))
    assert np.linalg.norm(one - other) == pytest.approx(apart, rel=1e-5)


@given(level=st.floats(-100, 100), unit=st.floats(0.01, 1_000))
def test_neither_means_nor_units_count(level, unit):
    frames = moving()
    again = log_covariance(level + unit * frames, np.full(5, unit))
    assert again == pytest.approx(log_covariance(frames, np.ones(5)), abs=1e-3)


def test_the_order_of_frames_does_not_count():
    frames = moving()
    assert log_covariance(frames[::-1], np.ones(5)) == pytest.approx(
        log_covariance(frames, np.ones(5)), abs=1e-5
    )


def test_one_odd_frame_counts_no_more_than_the_limit():
    frames = moving(frames=200)
    far, further = frames.copy(), frames.copy()
    far[3], further[3] = 10 * LIMIT, 1_000 * LIMIT
    found = [log_covariance(each - each.mean(axis=0), np.ones(5)) for each in (frames, far)]
    assert np.abs(found[1] - found[0]).max() < 1.5
    assert np.isfinite(log_covariance(further, np.ones(5))).all()


@pytest.mark.parametrize("frames", [np.ones((1, 3)), np.ones((50, 3)), np.zeros((2, 3))])
def test_a_clip_in_which_nothing_moves_has_small_equal_variances(frames):
    found = matrix(log_covariance(frames, np.ones(3)), 3)
    assert found == pytest.approx(np.diag([np.log(SHRINKAGE * 0.05)] * 3), abs=1e-4)

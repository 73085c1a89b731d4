"""Resonances: a gain of one at 0 Hz, a peak where they are, and borders that do not click."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serkit.synthesis.resonance import moving, sections


def sample_by_sample(blocks, resonances):
    """The definition, written down: y[n] = b x[n] - a1 y[n-1] - a2 y[n-2]."""
    y = [0.0, 0.0]
    for block, (b, _, _, _, a1, a2) in zip(blocks, resonances, strict=True):
        for x in block:
            y.append(b * x - a1 * y[-1] - a2 * y[-2])
    return np.array(y[2:]).reshape(blocks.shape)


@given(
    count=st.integers(1, 8),
    length=st.integers(2, 12),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_moving_resonance_is_the_recursion_with_changing_coefficients(count, length, seed):
    rng = np.random.default_rng(seed)
    blocks = rng.standard_normal((count, length))
    resonances = sections(rng.uniform(200, 8000, count), rng.uniform(50, 500, count))
    assert moving(blocks, resonances) == pytest.approx(
        sample_by_sample(blocks, resonances), rel=1e-9, abs=1e-12
    )


def test_a_resonance_that_does_not_move_is_scipys_filter():
    from scipy.signal import sosfilt

    signal = np.random.default_rng(0).standard_normal(2400)
    section = sections([700.0], [90.0])
    still = moving(signal.reshape(10, 240), np.repeat(section, 10, axis=0))
    assert still.ravel() == pytest.approx(sosfilt(section, signal))


@pytest.mark.parametrize("frequency", [300.0, 1500.0, 6000.0])
def test_a_resonance_peaks_at_its_frequency_and_has_gain_one_at_zero(frequency):
    from scipy.signal import sosfreqz

    at, response = sosfreqz(sections([frequency], [80.0]), worN=24_000, fs=48_000)
    assert abs(response[0]) == pytest.approx(1.0)
    assert at[np.argmax(abs(response))] == pytest.approx(frequency, rel=0.02)


def test_many_resonances_keep_the_shape_of_their_frequencies():
    assert sections(np.full((4, 3), 500.0), [80.0, 90.0, 100.0]).shape == (4, 3, 6)

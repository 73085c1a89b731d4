"""Synthetic rooms: how long they ring, and how loud."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.dsp.rooms import impulse_response, reverberate
from serkit.testing import example_signal

RATE = 48_000


@pytest.mark.parametrize("seconds", [0.3, 0.9])
def test_the_echo_falls_by_sixty_decibels_in_the_reverberation_time(seconds):
    response = impulse_response(seconds, 0.0, RATE, np.random.default_rng(0))
    # Schroeder's backward integral, fitted from -5 to -25 dB as ISO 3382 does.
    echo = response[1:] ** 2
    decay = 10 * np.log10(np.cumsum(echo[::-1])[::-1] / echo.sum())
    part = (decay < -5) & (decay > -25)
    slope = np.polyfit(np.arange(len(decay))[part] / RATE, decay[part], 1)[0]
    assert -60 / slope == pytest.approx(seconds, rel=0.05)


@pytest.mark.parametrize("ratio", [6.0, -3.0])
def test_the_direct_to_reverberant_ratio_is_as_requested(ratio):
    response = impulse_response(0.5, ratio, RATE, np.random.default_rng(0))
    assert response[0] == 1.0
    assert -10 * np.log10(np.sum(response[1:] ** 2)) == pytest.approx(ratio, abs=1e-6)


def test_a_room_keeps_length_and_mean_power_and_is_the_same_each_time():
    samples = example_signal(RATE)
    wet = reverberate(samples, 0.9, -3.0, RATE)
    assert len(wet) == len(samples)
    assert np.mean(wet.astype(float) ** 2) == pytest.approx(
        np.mean(samples.astype(float) ** 2), rel=0.01
    )
    assert np.array_equal(wet, reverberate(samples.copy(), 0.9, -3.0, RATE))
    assert not np.array_equal(wet, samples)


def test_silence_stays_silent():
    assert not reverberate(np.zeros(960, np.int16), 0.3, 6.0, RATE).any()

"""Noise under a clip: its level, its colour, and that it is the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.dsp.noise import add_background, add_pink_noise
from serkit.testing import example_signal

RATE = 48_000


def snr(samples, noisy):
    """Return the signal-to-noise ratio in dB."""
    noise = noisy.astype(float) - samples
    return 10 * np.log10(np.mean(samples.astype(float) ** 2) / np.mean(noise**2))


def octave_levels(noise):
    """Return the mean power density in dB of the octaves from 500 Hz to 8 kHz."""
    power = np.abs(np.fft.rfft(noise.astype(float))) ** 2
    frequency = np.fft.rfftfreq(len(noise), 1 / RATE)
    edges = [500 * 2**k for k in range(5)]
    bands = [(frequency >= low) & (frequency < 2 * low) for low in edges[:-1]]
    return [10 * np.log10(power[band].mean()) for band in bands]


@pytest.mark.parametrize("wanted", [30.0, 10.0, 0.0])
def test_pink_noise_and_backgrounds_have_the_requested_level(wanted):
    samples = example_signal(RATE)
    background = np.random.default_rng(0).integers(-9_000, 9_000, 7_000).astype(np.int16)
    assert snr(samples, add_pink_noise(samples, wanted, RATE)) == pytest.approx(wanted, abs=0.2)
    assert snr(samples, add_background(samples, background, wanted)) == pytest.approx(
        wanted, abs=0.2
    )


def test_pink_noise_falls_by_three_decibels_an_octave():
    samples = example_signal(2 * RATE)
    noise = add_pink_noise(samples, 0.0, RATE).astype(float) - samples
    steps = np.diff(octave_levels(noise))
    assert steps == pytest.approx([-3.0] * 3, abs=0.6)


def test_the_same_clip_gets_the_same_noise_and_another_clip_another():
    samples, background = example_signal(9_600), np.arange(-400, 400, dtype=np.int16)
    other = samples.copy()
    other[0] += 1
    for add in (
        lambda clip: add_pink_noise(clip, 10.0, RATE),
        lambda clip: add_background(clip, background, 10.0),
    ):
        assert np.array_equal(add(samples), add(samples.copy()))
        assert not np.array_equal(add(samples)[1:], add(other)[1:])


def test_a_silent_background_and_a_silent_clip_stay_silent():
    samples = example_signal(4_800)
    assert np.array_equal(add_background(samples, np.zeros(99, np.int16), 0.0), samples)
    assert not add_pink_noise(np.zeros(4_800, np.int16), 0.0, RATE).any()

"""Changes of voice: what each of them moves, and what it leaves."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.dsp.disguise import add_noise, change_formants, change_gain, change_speed
from serkit.testing import example_signal

RATE = 48_000


def tone(hertz, seconds=0.5):
    time = np.arange(int(RATE * seconds)) / RATE
    return np.round(8_000 * np.sin(2 * np.pi * hertz * time)).astype(np.int16)


def loudest(samples):
    """Return the strongest frequency in Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return spectrum.argmax() * RATE / len(samples)


def pulses(hertz):
    """Return a train of pulses through one resonance at 1 kHz: a voice with a single formant."""
    from scipy.signal import lfilter

    train = np.zeros(RATE // 2)
    train[:: RATE // hertz] = 1.0
    pole = 0.99 * np.exp(2j * np.pi * 1_000 / RATE)
    voice = lfilter([1.0], np.poly([pole, pole.conjugate()]).real, train)
    return np.round(10_000 * voice / np.abs(voice).max()).astype(np.int16)


def centre(samples):
    """Return the power-weighted mean frequency in Hz."""
    power = np.abs(np.fft.rfft(samples.astype(float))) ** 2
    return (np.fft.rfftfreq(len(samples), 1 / RATE) * power).sum() / power.sum()


@pytest.mark.parametrize("factor", [0.9, 1.1, 2.0])
def test_speed_changes_length_and_pitch_by_its_factor(factor):
    samples = tone(440)
    changed = change_speed(samples, factor)
    assert len(changed) == pytest.approx(len(samples) / factor, abs=1)
    assert loudest(changed) == pytest.approx(440 * factor, rel=0.01)


def test_gain_changes_the_level_and_clips_at_full_scale():
    samples = np.array([100, -30_000], np.int16)
    assert change_gain(samples, 20.0).tolist() == [1_000, -32_768]
    assert change_gain(samples, -20.0).tolist() == [10, -3_000]


def test_noise_has_the_requested_level():
    samples = example_signal(RATE)
    noise = add_noise(samples, 20.0).astype(float) - samples
    ratio = 10 * np.log10(np.mean(samples.astype(float) ** 2) / np.mean(noise**2))
    assert ratio == pytest.approx(20.0, abs=0.2)


def test_noise_is_the_same_for_the_same_samples_only():
    samples = example_signal(4_800)
    assert np.array_equal(add_noise(samples, 20.0), add_noise(samples.copy(), 20.0))
    other = samples.copy()
    other[0] += 1
    assert not np.array_equal(add_noise(samples, 20.0)[1:], add_noise(other, 20.0)[1:])


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_formants_move_while_pitch_and_length_stay(factor):
    samples = pulses(100)
    changed = change_formants(samples, factor, RATE)
    assert len(changed) == len(samples)
    assert centre(changed) == pytest.approx(centre(samples) * factor, rel=0.1)
    # Every harmonic stays a multiple of 100 Hz.
    spectrum = np.abs(np.fft.rfft(changed.astype(float)))
    step = round(100 * len(changed) / RATE)
    on, between = spectrum[step : 30 * step : step], spectrum[step + step // 2 : 30 * step : step]
    assert on.sum() > 20 * between.sum()


def test_formants_scaled_by_one_hardly_change():
    samples = example_signal(RATE)
    assert np.abs(change_formants(samples, 1.0, RATE).astype(int) - samples).max() <= 1


@pytest.mark.parametrize("frames", [1, 100])
@pytest.mark.parametrize("level", [0, 1_000])
def test_short_and_silent_clips_stay_finite_and_as_long_as_they_should(frames, level):
    samples = np.full(frames, level, np.int16)
    assert len(change_formants(samples, 1.1, RATE)) == frames
    assert len(add_noise(samples, 20.0)) == frames
    assert len(change_speed(samples, 0.9)) == pytest.approx(frames / 0.9, abs=1)

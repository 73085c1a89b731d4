"""Tempo without pitch and pitch without tempo."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.dsp.stretch import change_pitch, change_tempo

RATE = 48_000


def tone(hertz, seconds=1.0):
    time = np.arange(int(RATE * seconds)) / RATE
    return np.round(8_000 * np.sin(2 * np.pi * hertz * time)).astype(np.int16)


def loudest(samples):
    """Return the strongest frequency in Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return spectrum.argmax() * RATE / len(samples)


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_tempo_changes_only_the_length(factor):
    changed = change_tempo(tone(220), factor, RATE)
    assert len(changed) == pytest.approx(RATE / factor, abs=1)
    assert loudest(changed) == pytest.approx(220, abs=1.5)
    # No dips where frames overlap.
    inner = changed[4_800:-4_800].astype(float)
    assert np.sqrt(np.mean(inner**2)) == pytest.approx(8_000 / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_pitch_changes_only_the_pitch(factor):
    changed = change_pitch(tone(220), factor, RATE)
    assert len(changed) == pytest.approx(RATE, abs=2)
    assert loudest(changed) == pytest.approx(220 * factor, abs=1.5)


def test_a_tempo_of_one_hardly_changes_anything():
    samples = tone(220)
    assert np.abs(change_tempo(samples, 1.0, RATE).astype(int) - samples).max() <= 80


@pytest.mark.parametrize("frames", [1, 100, 3_000])
def test_short_clips_stay_about_as_long_as_they_should(frames):
    samples = np.full(frames, 1_000, np.int16)
    assert len(change_tempo(samples, 0.9, RATE)) == pytest.approx(frames / 0.9, abs=1)
    assert len(change_pitch(samples, 1.1, RATE)) == pytest.approx(frames, abs=2)

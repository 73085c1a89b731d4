"""A murmur of synthetic voices under a clip: its level, its spectrum, who gets which."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.dsp import murmur
from serkit.dsp.murmur import add_murmur
from serkit.testing import example_signal

RATE = 48_000


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Two seconds of murmur instead of twenty: enough to measure, and quickly made."""
    monkeypatch.setattr(murmur, "SECONDS", 2)
    murmur._murmur.cache_clear()
    yield
    murmur._murmur.cache_clear()


def test_it_lies_as_far_below_the_clip_as_asked_for():
    samples = example_signal(RATE)
    added = add_murmur(samples, 10.0, RATE).astype(float) - samples
    ratio = np.mean(samples.astype(float) ** 2) / np.mean(added**2)
    assert 10 * np.log10(ratio) == pytest.approx(10.0, abs=0.2)


def test_most_of_it_lies_where_voices_do():
    sound = murmur._murmur(RATE)
    power = np.abs(np.fft.rfft(sound)) ** 2
    frequency = np.fft.rfftfreq(len(sound), 1 / RATE)
    voices = (frequency > 150) & (frequency < 4_000)
    assert power[voices].sum() > 0.8 * power.sum()


def test_it_comes_and_goes_as_syllables_do():
    sound = murmur._murmur(RATE)
    level = np.sqrt(np.mean(sound.reshape(-1, RATE // 50) ** 2, axis=1))
    noise = np.random.default_rng(0).standard_normal(sound.shape).reshape(-1, RATE // 50)
    steady = np.sqrt(np.mean(noise**2, axis=1))
    assert level.std() / level.mean() > 4 * steady.std() / steady.mean()


def test_the_same_clip_gets_the_same_murmur_in_every_process_and_another_clip_another():
    samples = example_signal(9_600)
    first = add_murmur(samples, 0.0, RATE)
    murmur._murmur.cache_clear()
    assert np.array_equal(add_murmur(samples.copy(), 0.0, RATE), first)
    other = samples.copy()
    other[0] += 1
    assert not np.array_equal(add_murmur(other, 0.0, RATE)[1:], first[1:])


def test_a_silent_clip_stays_silent():
    assert not add_murmur(np.zeros(4_800, np.int16), 0.0, RATE).any()

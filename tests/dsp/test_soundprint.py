"""Copies of a take are found whatever their gain, ends and rate; other takes are not."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.audio import resample
from serkit.dsp.alike import DIFFERENT, differing_bits, same_takes
from serkit.dsp.soundprint import soundprint


def gain(samples, decibels):
    scaled = samples * 10 ** (decibels / 20)
    return np.clip(np.round(scaled), -32768, 32767).astype(np.int16)


def at(samples, rate):
    return resample(resample(samples, 48_000, rate), rate, 48_000)


def noisy(samples):
    rms = float(np.sqrt(np.mean(samples.astype(float) ** 2)))
    return gain(samples + np.random.default_rng(0).normal(0, rms / 10, len(samples)), 0)


COPIES = {
    "12 dB quieter": lambda s: gain(s, -12),
    "3 dB louder": lambda s: gain(s, 3),
    "trimmed in front": lambda s: s[12_345:],
    "trimmed behind": lambda s: s[:-24_000],
    "padded": lambda s: np.concatenate([np.zeros(7_777, np.int16), s]),
    "by 16 kHz": lambda s: at(s, 16_000),
    "by 44.1 kHz": lambda s: at(s, 44_100),
    "noise 20 dB below": noisy,
    "all at once": lambda s: noisy(gain(at(s[5_000:-5_000], 16_000), -9)),
}


@pytest.fixture(scope="module")
def takes(speech):
    from serkit.audio import read_audio

    return [read_audio(path).samples for path in sorted(speech.rglob("*.wav"))[:24]]


@pytest.mark.parametrize("change", COPIES.values(), ids=COPIES)
def test_a_copy_of_a_take_is_found_and_nothing_else(takes, change):
    prints = [soundprint(samples) for samples in takes]
    copies = [soundprint(change(takes[number])) for number in (3, 17)]
    found = {(pair.first, pair.second) for pair in same_takes([*prints, *copies])}
    assert found == {(3, 24), (17, 25)}


def test_gain_hardly_changes_any_bit(takes):
    one, other = soundprint(takes[0]), soundprint(gain(takes[0], -6))
    assert differing_bits(one, other, 0) < 0.02


def test_silence_and_short_signals_are_like_nothing():
    silence, short = np.zeros(96_000, np.int16), np.ones(3_000, np.int16)
    prints = [soundprint(samples) for samples in (silence, silence, short, short)]
    assert [np.count_nonzero(words) for words in prints] == [0, 0, 0, 0]
    assert same_takes(prints) == []
    assert same_takes([]) == []


def test_a_short_overlap_proves_nothing():
    words = np.random.default_rng(0).integers(1, 2**32, 60, dtype=np.uint32)
    assert differing_bits(words, words[40:], 40) == 1.0
    assert differing_bits(words, words[20:], 20) == 0.0


def test_a_hum_that_everybody_has_makes_no_candidates():
    hum = np.full(60, 7, np.uint32)
    assert same_takes([hum.copy() for _ in range(10)]) == []


def test_takes_of_one_sentence_by_one_actor_are_different(ravdess):
    from serkit.audio import read_audio

    files = sorted((ravdess / "Actor_01").iterdir())
    prints = [soundprint(read_audio(path).samples) for path in files]
    assert same_takes(prints) == []
    assert DIFFERENT == 0.25

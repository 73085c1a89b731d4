"""The voice: what it is asked for is what is heard."""

from dataclasses import replace

import numpy as np
import pytest

from serkit.synthesis.sentences import DOGS, KIDS, SENTENCES
from serkit.synthesis.voice import Delivery, speak

PLAIN = Delivery(
    frames=160_160,
    lead_frames=48_000,
    speech_seconds=1.6,
    pitch_hz=120.0,
    span_semitones=2.0,
    final_semitones=0.0,
    tract=1.0,
    openness=1.0,
    level_dbfs=-30.0,
    tilt_hz=3000.0,
    open_quotient=0.6,
    breath=0.05,
    jitter=0.003,
    shimmer=0.02,
    tremor=0.0,
    tremor_hz=6.0,
    floor=0.3,
)


def spoken(sentence=KIDS, seed=0, **changes):
    return speak(sentence, replace(PLAIN, **changes), np.random.default_rng(seed))


def speech_of(clip):
    return clip[48_000 : 48_000 + 76_800].astype(np.float64)


def pitch_of(clip):
    """Median pitch of the loud 40 ms windows, by autocorrelation from 60 to 600 Hz."""
    windows = speech_of(clip)[: 40 * 1920].reshape(40, 1920)
    power = np.mean(np.square(windows), axis=1)
    loud = windows[power > np.median(power)]
    loud = loud - loud.mean(axis=1, keepdims=True)
    spectrum = np.abs(np.fft.rfft(loud, 4096)) ** 2
    lags = np.fft.irfft(spectrum)[:, 80:800]
    return float(np.median(48_000 / (80 + lags.argmax(axis=1))))


def power_between(clip, low, high):
    spectrum = np.abs(np.fft.rfft(speech_of(clip))) ** 2
    at = np.fft.rfftfreq(76_800, 1 / 48_000)
    return spectrum[(at >= low) & (at < high)].sum() / spectrum.sum()


@pytest.mark.parametrize("sentence", [KIDS, DOGS])
def test_a_clip_is_int16_and_has_the_requested_length(sentence):
    clip = spoken(sentence)
    assert clip.dtype == np.int16
    assert clip.shape == (160_160,)


def test_there_are_the_two_sentences_of_ravdess():
    assert {number: s.text for number, s in SENTENCES.items()} == {
        1: "Kids are talking by the door",
        2: "Dogs are sitting by the door",
    }


def test_the_same_random_state_gives_the_same_samples_and_another_gives_others():
    assert np.array_equal(spoken(seed=1), spoken(seed=1))
    assert not np.array_equal(spoken(seed=1), spoken(seed=2))


def test_the_speech_has_its_level_and_is_surrounded_by_silence():
    clip = spoken(level_dbfs=-30.0).astype(np.float64)
    level = 20 * np.log10(np.sqrt(np.mean(np.square(speech_of(clip)))) / 32767)
    assert level == pytest.approx(-30.0, abs=0.1)
    silences = np.concatenate([clip[:48_000], clip[-30_000:]])
    assert 0 < np.std(silences) < 1


@pytest.mark.parametrize("pitch", [100.0, 200.0, 300.0])
def test_the_pitch_is_the_requested_one(pitch):
    assert pitch_of(spoken(pitch_hz=pitch)) == pytest.approx(pitch, rel=0.08)


def test_a_louder_wish_than_full_scale_is_not_clipped():
    clip = spoken(level_dbfs=0.0).astype(np.int64)
    peak = np.abs(clip).max()
    assert 31_000 < peak < 32_767
    assert np.count_nonzero(np.abs(clip) >= peak - 1) < 5


def test_a_higher_tilt_frequency_is_a_brighter_voice():
    assert power_between(spoken(tilt_hz=8000.0), 1500, 4000) > 1.5 * power_between(
        spoken(tilt_hz=1000.0), 1500, 4000
    )


def test_a_shorter_tract_moves_the_formants_up():
    # Between the second formant of a man's /ih/ (1990 Hz) and that of a throat a fifth shorter.
    assert power_between(spoken(tract=1.2), 2200, 2600) > power_between(
        spoken(tract=1.0), 2200, 2600
    )


def test_breath_fills_the_gaps_between_the_harmonics():
    calm = {"span_semitones": 0.5, "jitter": 0.0, "shimmer": 0.0}
    assert power_between(spoken(breath=1.0, **calm), 4500, 8000) > power_between(
        spoken(breath=0.0, **calm), 4500, 8000
    )

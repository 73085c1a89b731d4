"""Prosody: who speaks, in what mood, and how much of it is chance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serkit.corpora.ravdess import LABELS
from serkit.synthesis.prosody import (
    LONGEST,
    SHORTEST,
    VIDEO_FRAME,
    ClipKey,
    actor,
    delivery,
    expression,
    sounds,
    stream,
)

SEEDS = st.integers(0, 2**32 - 1)
KEYS = st.builds(
    ClipKey,
    actor=st.integers(1, 24),
    emotion=st.integers(2, 8),
    intensity=st.integers(1, 2),
    statement=st.integers(1, 2),
    repetition=st.integers(1, 2),
)


def mean_over_actors(field, emotion, intensity=1):
    number = LABELS.index(emotion) + 1
    keys = [ClipKey(a, number, intensity, s, 1) for a in range(1, 25) for s in (1, 2)]
    return np.mean([getattr(delivery(key, 0), field) for key in keys])


@given(seed=SEEDS)
@settings(max_examples=25)
def test_every_man_speaks_lower_than_every_woman(seed):
    actors = {n: actor(seed, n) for n in range(1, 25)}
    men = [a.pitch_hz for n, a in actors.items() if n % 2 == 1]
    women = [a.pitch_hz for n, a in actors.items() if n % 2 == 0]
    assert max(men) < min(women)
    assert len(set(men + women)) == 24


@given(key=KEYS, seed=SEEDS)
def test_a_clip_has_a_length_of_ravdess_and_room_for_its_speech(key, seed):
    d = delivery(key, seed)
    assert 140_941 <= d.frames <= 253_053
    assert d.frames in {round(n * VIDEO_FRAME) for n in range(SHORTEST, LONGEST + 1)}
    assert d.lead_frames > 0
    assert d.lead_frames + d.speech_seconds * 48_000 + 240 <= d.frames


@given(key=KEYS, seed=SEEDS)
def test_voice_parameters_are_in_range(key, seed):
    d = delivery(key, seed)
    assert 60 < d.pitch_hz < 700
    assert 0 < d.open_quotient < 1
    assert d.level_dbfs <= -12
    assert min(d.breath, d.jitter, d.shimmer, d.floor, d.span_semitones) > 0
    assert d.tremor >= 0


def test_two_takes_differ():
    first, second = (ClipKey(3, 5, 1, 1, take) for take in (1, 2))
    assert expression(first, 0) != expression(second, 0)
    assert sounds(first, 0).random() != sounds(second, 0).random()


def test_streams_of_different_things_are_different():
    keys = [(1,), (1, 2), (1, 2, 1), (1, 2, 1, 1, 1), (1, 2, 1, 1, 1, 1), (2,), (2, 1)]
    assert len({stream(0, *key).random() for key in keys}) == len(keys)
    assert stream(0, 1).random() != stream(1, 1).random()


def test_a_clip_id_is_a_ravdess_name():
    assert ClipKey(7, 5, 2, 1, 2).clip_id == "03-01-05-02-01-02-07"


@pytest.mark.parametrize(
    ("field", "more", "less"),
    [
        ("level_dbfs", "angry", "calm"),
        ("pitch_hz", "fearful", "sad"),
        ("speech_seconds", "calm", "surprised"),
        ("final_semitones", "surprised", "angry"),
        ("tremor", "fearful", "neutral"),
        ("breath", "sad", "angry"),
        ("tract", "happy", "disgust"),
        ("tilt_hz", "angry", "calm"),
    ],
)
def test_emotions_differ_as_they_do_in_people(field, more, less):
    assert mean_over_actors(field, more) > mean_over_actors(field, less)


@pytest.mark.parametrize("emotion", ["happy", "sad", "angry", "fearful", "disgust", "surprised"])
def test_strong_is_louder_and_higher_than_normal(emotion):
    for field in ("level_dbfs", "pitch_hz"):
        assert mean_over_actors(field, emotion, 2) > mean_over_actors(field, emotion, 1)


def test_emotions_overlap():
    # Some happy clip is as loud and as bright as some angry one, or telling them is no work.
    happy = [delivery(ClipKey(a, 3, 1, s, t), 0) for a in range(1, 25) for s, t in ((1, 1), (2, 2))]
    angry = [delivery(ClipKey(a, 5, 1, s, t), 0) for a in range(1, 25) for s, t in ((1, 1), (2, 2))]
    assert max(d.level_dbfs for d in happy) > min(d.level_dbfs for d in angry)
    assert max(d.tilt_hz for d in happy) > min(d.tilt_hz for d in angry)

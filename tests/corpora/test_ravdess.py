"""RAVDESS: what its file names say, what is left out, and what was published."""

from __future__ import annotations

import csv
import re
from collections import Counter
from contextlib import suppress
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serkit.corpora.ravdess import EMOTIONS, LABELS
from serkit.ingest.corpus import CORPORA, UnparsedNameError

RAVDESS = CORPORA.get("ravdess")


def parse(name):
    return RAVDESS.parse(PurePosixPath(name))


def test_a_name_says_who_speaks_what_and_how():
    name = parse("Actor_12/03-01-06-02-02-01-12.wav")
    assert name.clip_id == "03-01-06-02-02-01-12"
    assert (name.modality, name.vocal_channel) == ("audio-only", "speech")
    assert (name.emotion, name.intensity) == ("fearful", "strong")
    assert name.statement == "Dogs are sitting by the door"
    assert (name.repetition, name.speaker, name.actor, name.sex) == (1, "12", 12, "female")


@pytest.mark.parametrize(
    ("number", "emotion"),
    [
        (1, "neutral"),
        (2, "calm"),
        (3, "happy"),
        (4, "sad"),
        (5, "angry"),
        (6, "fearful"),
        (7, "disgust"),
        (8, "surprised"),
    ],
)
def test_emotions_are_numbered_from_0_in_the_study_s_order(number, emotion):
    name = parse(f"03-01-{number:02d}-01-01-01-01.wav")
    assert (name.emotion, LABELS.index(name.emotion)) == (emotion, number - 1)


@pytest.mark.parametrize(("actor", "sex"), [(1, "male"), (2, "female"), (23, "male")])
def test_odd_actors_are_male_and_even_ones_female(actor, sex):
    assert parse(f"03-01-01-01-01-01-{actor:02d}.wav").sex == sex


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("notes.wav", "notes.wav is not a RAVDESS name; MM-VC-EE-II-SS-RR-AA is"),
        ("03-01-01-01-01-01.wav", "03-01-01-01-01-01.wav is not a RAVDESS name"),
        ("03-01-01-01-01-01-01-01.wav", "is not a RAVDESS name"),
        ("03-01-01-01-01-01-01 (1).wav", "is not a RAVDESS name"),
        ("3-1-1-1-1-1-1.wav", "is not a RAVDESS name"),
        ("٠٣-٠١-٠١-٠١-٠١-٠١-٠١.wav", "is not a RAVDESS name"),
        ("03-01-09-01-01-01-01.wav", "has emotion 09; 01 to 08 are allowed"),
        ("03-01-00-01-01-01-01.wav", "has emotion 00; 01 to 08 are allowed"),
        ("04-01-01-01-01-01-01.wav", "has modality 04; 01 to 03 are allowed"),
        ("03-03-01-01-01-01-01.wav", "has vocal channel 03; 01 to 02 are allowed"),
        ("03-01-01-03-01-01-01.wav", "has intensity 03"),
        ("03-01-01-01-03-01-01.wav", "has statement 03"),
        ("03-01-01-01-01-03-01.wav", "has repetition 03"),
        ("03-01-01-01-01-01-25.wav", "has actor 25; 01 to 24 are allowed"),
    ],
)
def test_a_name_that_does_not_parse_says_what_is_wrong_with_it(name, message):
    with pytest.raises(UnparsedNameError) as caught:
        parse(name)
    assert message in str(caught.value)


@given(st.text(max_size=30))
def test_no_text_breaks_the_parser(stem):
    with suppress(UnparsedNameError):
        assert re.fullmatch(r"[0-9-]{20}", parse(f"{stem}.wav").clip_id)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("03-01-01-01-01-01-01", None),
        ("03-02-01-01-01-01-01", "song"),
        ("01-01-01-01-01-01-01", "full-av"),
        ("02-01-01-01-01-01-01", "video-only"),
        ("01-02-01-01-01-01-01", "full-av"),
    ],
)
def test_song_and_the_sound_of_videos_are_left_out(name, reason):
    assert RAVDESS.leave_out(parse(f"{name}.wav")) == reason


class TestPublished:
    def test_there_are_1440_clips_of_which_two_hold_the_same_samples(self):
        published = RAVDESS.published()
        assert len(published) == 1_440
        assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in published.values())
        twice = [digest for digest, n in Counter(published.values()).items() if n > 1]
        assert [clip for clip, digest in published.items() if digest in twice] == [
            "03-01-03-01-02-01-07",
            "03-01-03-01-02-02-07",
        ]

    def test_they_are_the_clips_that_are_not_left_out_192_an_emotion_and_96_neutral(self):
        names = [parse(f"{clip_id}.wav") for clip_id in RAVDESS.published()]
        assert not any(RAVDESS.leave_out(name) for name in names)
        counts = Counter(name.emotion for name in names)
        assert counts == {emotion: 96 if emotion == "neutral" else 192 for emotion in EMOTIONS}
        assert set(Counter(name.actor for name in names).values()) == {60}

    def test_the_shipped_table_is_the_one_beside_the_clips(self, ravdess):
        with (ravdess / "pcm-sha256.tsv").open(newline="") as file:
            rows = csv.DictReader(file, delimiter="\t")
            assert {row["clip_id"]: row["pcm_sha256"] for row in rows} == RAVDESS.published()

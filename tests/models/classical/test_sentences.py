"""Clips compared at the same place of a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.models.classical.sentences import UNKNOWN, Sentences, usable_sentences

TRACKS = 4
PLACES = 16
LOUDNESS = 0


def sentence(seed: int) -> np.ndarray:
    steps = np.random.default_rng(seed).standard_normal((PLACES, TRACKS))
    return (3 * steps).astype(np.float32)


def takes(seed: int, count: int = 12) -> list[np.ndarray]:
    """One sentence at several tempos, with a little noise."""
    random = np.random.default_rng(seed + 100)
    said = [np.repeat(sentence(seed), random.integers(1, 4, PLACES), axis=0) for _ in range(count)]
    return [each + 0.1 * random.standard_normal(each.shape).astype(np.float32) for each in said]


@pytest.fixture
def learnt() -> Sentences:
    clips = [*takes(1), *takes(2)]
    return Sentences.fit(clips, np.repeat([5, 8], 12), copies=[], segments=8)


class TestWhichSentencesAreUsable:
    LABELS = np.tile(np.arange(2), 20)
    SPEAKERS = np.repeat([1, 2], 20)

    def test_those_that_several_speakers_say_in_every_emotion(self):
        said = np.zeros(40, int)
        assert usable_sentences(said, self.LABELS, self.SPEAKERS) == [0]

    def test_none_of_one_speaker(self):
        assert usable_sentences(self.SPEAKERS, self.LABELS, self.SPEAKERS) == []

    def test_none_that_tells_the_emotion_by_its_words(self):
        assert usable_sentences(self.LABELS, self.LABELS, self.SPEAKERS) == []

    def test_none_of_few_clips(self):
        said = np.where(np.arange(40) < 36, 0, 1)
        assert usable_sentences(said, self.LABELS, self.SPEAKERS) == [0]

    def test_none_that_is_unknown(self):
        said = np.full(40, UNKNOWN)
        assert usable_sentences(said, self.LABELS, self.SPEAKERS) == []


def test_a_row_says_where_in_the_sentence_a_clip_was_louder(learnt):
    clip = takes(1)[0]
    louder = clip.copy()
    louder[: len(clip) // 4, LOUDNESS] += 1
    by_segment = (learnt.rows([louder]) - learnt.rows([clip]))[0, : 8 * TRACKS].reshape(8, TRACKS)
    assert by_segment[0, LOUDNESS] > 1
    assert abs(by_segment[-1, LOUDNESS]) < 0.5


def test_a_row_says_where_a_clip_was_slower():
    halves = Sentences.fit(takes(2), np.zeros(12, int), copies=[], segments=2)
    plain, slow = (np.repeat(sentence(2), times, axis=0) for times in (2, 3))
    slow_end = np.concatenate([plain[: len(plain) // 2], slow[len(slow) // 2 :]])
    begin, end = (halves.rows([slow_end]) - halves.rows([plain]))[0, -2:]
    assert end > 1
    assert abs(begin) < 1


def test_each_clip_is_compared_with_its_own_sentence(learnt):
    """Compared with the other, or with both, it would be many deviations away."""
    rows = learnt.rows([*takes(1, 3), *takes(2, 3)])
    assert np.abs(rows).mean() < 1.5


def test_a_clip_that_says_something_else_has_a_row_of_zeros(learnt):
    assert not learnt.rows(takes(3, 2)).any()


def test_without_known_sentences_all_clips_count_as_one():
    clips = takes(1)
    found = Sentences.fit(clips, np.full(12, UNKNOWN), copies=[], segments=8)
    assert len(found.templates) == 1
    assert found.rows(clips).any(axis=1).all()


def test_clips_of_other_sentences_do_not_blur_a_template():
    numbers = np.repeat([5, UNKNOWN], 12)
    clips = [*takes(1), *takes(2)]
    mixed = Sentences.fit(clips, numbers, copies=[], segments=8)
    alone = Sentences.fit(clips[:12], numbers[:12], copies=[], segments=8)
    assert np.array_equal(mixed.templates[0], alone.templates[0])


def test_copies_widen_what_is_usual():
    clips = takes(1)
    louder = [each * np.float32(2) for each in clips]
    alone = Sentences.fit(clips, np.zeros(12, int), copies=[], segments=8)
    wide = Sentences.fit(clips, np.zeros(12, int), copies=louder, segments=8)
    assert wide.deviation.mean() > 2 * alone.deviation.mean()


def test_a_sentence_shorter_than_its_segments_repeats_its_places():
    short = [np.repeat(sentence(1)[:3], 2, axis=0) for _ in range(6)]
    found = Sentences.fit(short, np.zeros(6, int), copies=[], segments=8)
    assert found.rows(short).shape == (6, 8 * (TRACKS + 1))
    assert np.isfinite(found.rows(short)).all()

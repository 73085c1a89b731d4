"""How speakers usually sound, whatever emotions they were recorded in."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from serkit.models.classical.baselines import baselines, by_cell

CLIPS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=30)
"""A speaker and an emotion of each clip."""


def numbered(clips: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return speakers and labels, after one clip of every speaker in every emotion."""
    every = [(speaker, emotion) for speaker in range(3) for emotion in range(4)]
    return tuple(np.array([*every, *clips]).T)


@given(clips=CLIPS, parts=st.lists(st.floats(-9, 9), min_size=7, max_size=7))
def test_which_emotions_a_speaker_was_recorded_in_changes_nothing(clips, parts):
    """Where values are sums of the two parts, differences of speakers are found exactly."""
    speakers, labels = numbered(clips)
    of_speakers, of_emotions = np.array(parts[:3]), np.array(parts[3:])
    found = baselines((of_speakers[speakers] + of_emotions[labels])[:, None], speakers, labels)
    usual = np.mean(of_emotions[labels])
    assert np.allclose(found[:, 0], of_speakers + usual, atol=1e-6)


@given(clips=CLIPS, seed=st.integers(0, 99), step=st.floats(-9, 9))
def test_a_speaker_who_differs_by_a_constant_moves_alone(clips, seed, step):
    speakers, labels = numbered(clips)
    rows = np.random.default_rng(seed).normal(size=(len(speakers), 2))
    before = baselines(rows, speakers, labels)
    rows[speakers == 1] += step
    assert np.allclose(baselines(rows, speakers, labels) - before, [[0, 0], [step] * 2, [0, 0]])


def test_a_plain_mean_would_tell_which_emotion_is_missing():
    """The leak that this is for: all sound alike but for the emotion, and one lacks a clip."""
    speakers, labels = np.repeat([0, 1], 6), np.tile([0, 0, 0, 1, 1, 1], 2)
    kept = np.arange(12) != 11
    rows = labels[:, np.newaxis].astype(float)
    found = baselines(rows[kept], speakers[kept], labels[kept])
    assert np.allclose(found[0], found[1])
    assert rows[kept][speakers[kept] == 1].mean() < rows[kept][speakers[kept] == 0].mean()


@given(clips=CLIPS)
def test_cells_count_alike(clips):
    speakers, labels = numbered(clips)
    weights = by_cell(speakers, labels)
    sums = [weights[(speakers == s) & (labels == e)].sum() for s in range(3) for e in range(4)]
    assert np.allclose(sums, sums[0])
    assert np.isclose(weights.mean(), 1)

"""Dynamic time warping, against librosa's, and what any alignment must be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serkit.dsp import warping
from serkit.dsp.warping import DIAGONAL, align, barycentre

TRACKS = 3


def noise(length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((length, TRACKS)).astype(np.float32)


@pytest.mark.parametrize("length", [1, 2, 9, 30])
def test_costs_and_paths_are_librosas(length):
    import librosa

    clip, template = noise(length, seed=length), noise(12)
    distances = ((clip[:, None] - template[None]) ** 2).sum(axis=2)
    total, path = librosa.sequence.dtw(
        C=distances.astype(np.float64),
        step_sizes_sigma=np.array([[1, 1], [1, 0], [0, 1]]),
        weights_mul=np.array([DIAGONAL, 1.0, 1.0]),
        weights_add=np.zeros(3),
    )
    found = align([clip], template)
    assert found.cost[0] == pytest.approx(total[-1, -1] / (length + 12), rel=1e-5)
    for place in range(12):
        mine = path[path[:, 1] == place, 0]
        assert (found.first[0, place], found.last[0, place]) == (mine.min(), mine.max())


@given(lengths=st.lists(st.integers(1, 25), min_size=1, max_size=6), frames=st.integers(1, 12))
@settings(deadline=None, max_examples=40)
def test_an_alignment_goes_forward_from_end_to_end_and_leaves_no_frame_out(lengths, frames):
    clips = [noise(length, seed) for seed, length in enumerate(lengths)]
    found = align(clips, noise(frames, seed=99))
    for length, first, last in zip(lengths, found.first, found.last, strict=True):
        assert first[0] == 0
        assert last[-1] == length - 1
        assert (first <= last).all()
        steps = first[1:] - last[:-1]
        assert ((steps == 0) | (steps == 1)).all()


def test_a_clip_spoken_slower_costs_nothing_and_lies_where_it_should():
    template = noise(8)
    found = align([np.repeat(template, 3, axis=0)], template)
    assert found.cost[0] == pytest.approx(0, abs=1e-5)
    assert found.first[0].tolist() == list(range(0, 24, 3))
    assert found.last[0].tolist() == list(range(2, 24, 3))


def test_means_are_of_the_frames_aligned_with_each_place():
    template = noise(8)
    clip = np.repeat(template, 3, axis=0)
    loud = clip + np.tile([[-1.0], [0.0], [1.0]], (8, 1)).astype(np.float32)
    means = align([clip], template).means([loud])
    assert np.allclose(means[0], template, atol=1e-5)


def test_clips_are_aligned_alike_alone_and_together(monkeypatch):
    clips = [noise(length, length) for length in (5, 30, 12, 7)]
    together = align(clips, noise(10))
    monkeypatch.setattr(warping, "_CELLS", 100)  # one clip at a time
    assert [len(part) for part in warping._parts(clips, 10)] == [1, 1, 1, 1]
    apart = align(clips, noise(10))
    assert np.array_equal(together.first, apart.first)
    assert np.array_equal(together.last, apart.last)
    assert np.allclose(together.cost, apart.cost)


def test_the_barycentre_of_one_sentence_at_several_tempos_is_the_sentence():
    sentence = noise(10)
    takes = [np.repeat(sentence, times, axis=0) for times in (1, 2, 3)]
    template = barycentre(takes)
    assert template.shape == (20, TRACKS)  # as long as the median
    assert align([sentence], template).cost[0] == pytest.approx(0, abs=1e-5)

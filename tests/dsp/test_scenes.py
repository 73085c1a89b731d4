"""Drawn scenes: what is drawn, how often, and that a clip always gets the same one."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.dsp.scenes import Scene, draw_scene, scene_of, set_scene
from serkit.testing import example_signal

RATE = 48_000
CLIP = example_signal(RATE)


@pytest.fixture(scope="module")
def drawn():
    random = np.random.default_rng(0)
    return [draw_scene(random) for _ in range(2_000)]


@pytest.mark.parametrize(
    ("name", "low", "high", "share"),
    [
        ("room", 0.1, 0.6, 0.3),
        ("snr", 5.0, 30.0, 0.6),
        ("gain", -15.0, 12.0, 0.5),
        ("high_cut", 3_000.0, 10_000.0, 0.4),
        ("low_cut", 50.0, 350.0, 0.2),
        ("coding", 25.0, 50.0, 0.25),
    ],
)
def test_each_change_is_drawn_as_often_and_within_the_limits(drawn, name, low, high, share):
    values = [value for scene in drawn if (value := getattr(scene, name))]
    assert low <= min(values) <= max(values) <= high
    assert len(values) / len(drawn) == pytest.approx(share, abs=0.04)


def test_every_scene_changes_the_tempo_by_an_eighth_at_most(drawn):
    assert all(0.88 <= scene.speed <= 1.14 for scene in drawn)


def test_the_noises_of_the_stress_test_that_nobody_trains_on_are_never_drawn(drawn):
    assert {scene.noise for scene in drawn} == {"", "white", "red", "murmur"}


def test_the_same_clip_gets_the_same_scene_and_another_number_another():
    assert scene_of(CLIP, 1) == scene_of(CLIP.copy(), 1)
    assert len({scene_of(CLIP, number) for number in range(1, 5)}) == 4
    assert scene_of(CLIP[1:], 1) != scene_of(CLIP, 1)


@pytest.mark.parametrize(
    "scene",
    [
        Scene(room=0.2, room_ratio=3.0),
        Scene(noise="red", snr=10.0),
        Scene(noise="murmur", snr=10.0),
        Scene(gain=6.0),
        Scene(high_cut=3_000.0),
        Scene(coding=25.0),
    ],
)
def test_each_change_does_something_and_keeps_the_length(scene):
    made = set_scene(CLIP, scene, RATE)
    assert made.dtype == np.int16
    assert len(made) == len(CLIP)
    assert not np.array_equal(made, CLIP)


def test_a_tempo_changes_the_length():
    assert len(set_scene(CLIP, Scene(speed=1.1), RATE)) == pytest.approx(len(CLIP) / 1.1, abs=1)


def test_the_plain_scene_changes_nothing():
    assert np.array_equal(set_scene(CLIP, Scene(), RATE), CLIP)

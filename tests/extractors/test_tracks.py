"""Frame tracks as a feature: the tracks of the functionals, averaged where a recipe asks for it."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.dsp.families import FAMILIES
from serkit.dsp.signal import Signal
from serkit.dsp.tracks import measure
from serkit.errors import UnknownNameError, UsageError
from serkit.extractors.tracks import EXTRACTOR, average, spread
from serkit.features import Recipes, resolve
from serkit.testing import example_signal

DEFAULT = ("energy", "mfcc", "shape", "high", "pitch", "voice")


@pytest.fixture(scope="module")
def samples():
    return example_signal(96_000)


def values(samples, **given):
    spec = resolve("feature", EXTRACTOR, given)
    return EXTRACTOR.compute(Signal(samples), spec.settings).array


def names(**given):
    spec = resolve("feature", EXTRACTOR, given)
    return [column.name for column in EXTRACTOR.describe(spec.settings)]


def test_the_values_are_the_tracks_that_the_functionals_are_made_of(samples):
    tracks = measure(samples, 48_000)
    flags = np.stack([tracks.speech, tracks.voiced], axis=1)
    expected = np.concatenate([*(tracks.families[name] for name in DEFAULT), flags], axis=1)
    assert np.array_equal(values(samples), expected.T.astype(np.float32))


def test_every_row_has_a_name_and_a_meaning(samples):
    named = names()
    assert named[:2] == ["energy", "mfcc_01"]
    assert named[-2:] == ["speech", "voiced"]
    assert len(named) == len(values(samples)) == len(set(named))


def test_families_are_chosen_in_the_given_order():
    assert names(families="pitch, energy") == ["pitch", "energy", "speech", "voiced"]


def test_frames_are_averaged_and_their_spread_is_added(samples):
    fine = values(samples, families="energy")
    coarse = values(samples, families="energy", every=4, spread="energy")
    assert names(families="energy", every=4, spread="energy") == [
        "energy",
        "energy_spread",
        "speech",
        "voiced",
    ]
    assert coarse.shape[1] == -(-fine.shape[1] // 4)
    first = fine[0, :4]
    assert coarse[0, 0] == pytest.approx(first.mean(), rel=1e-6)
    assert coarse[1, 0] == pytest.approx(first.std(), rel=1e-4)


def test_a_last_frame_may_be_made_of_fewer():
    frames = np.array([[1], [3], [8]], np.float32)
    assert average(frames, 2).tolist() == [[2.0], [8.0]]
    assert spread(frames, 2).tolist() == [[1.0], [0.0]]


def test_the_shipped_recipes_have_100_and_25_frames_a_second(samples):
    fine, coarse = (Recipes().get(name) for name in ("tracks", "tracks40"))
    counts = [EXTRACTOR.compute(Signal(samples), s.settings).array.shape[1] for s in (fine, coarse)]
    assert counts[1] == -(-counts[0] // 4)
    assert coarse.layout().item[0] == fine.layout().item[0] + len(FAMILIES["mfcc"]) + 1


def test_an_unknown_family_is_refused():
    with pytest.raises(UnknownNameError, match="unknown family of tracks in families 'pich'"):
        resolve("feature", EXTRACTOR, {"families": "pich"})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"families": "pitch", "every": 4, "spread": "mfcc"},
            "spread = 'mfcc' names 'mfcc', which is not in families; pitch can be named",
        ),
        ({"spread": "mfcc"}, "spread needs several frames in one; every = 2 or more is allowed"),
    ],
)
def test_incompatible_parameters_are_refused(given, said):
    with pytest.raises(UsageError) as caught:
        resolve("feature", EXTRACTOR, given)
    assert said in str(caught.value)

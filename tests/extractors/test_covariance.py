"""Covariances of frame tracks as a feature: what is paired, and in which units."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.dsp.covariance import log_covariance
from serkit.dsp.signal import Signal
from serkit.dsp.tracks import FAMILIES
from serkit.errors import UsageError
from serkit.extractors.covariance import EXTRACTOR, changes
from serkit.extractors.tracks import EXTRACTOR as TRACKS
from serkit.features import Recipes, resolve
from serkit.testing import example_signal


@pytest.fixture(scope="module")
def signal():
    return Signal(example_signal(96_000))


def settled(extractor=EXTRACTOR, **given):
    return resolve("feature", extractor, given).settings


def names(**given):
    return [column.name for column in EXTRACTOR.describe(settled(**given))]


def test_the_values_are_the_log_covariance_of_the_tracks(signal):
    given = {"families": "energy,pitch"}
    tracks = TRACKS.compute(signal, settled(TRACKS, **given)).array.T
    expected = log_covariance(tracks, np.array([10.0, 7.0, 0.3, 0.5]))
    assert np.array_equal(EXTRACTOR.compute(signal, settled(**given)).array, expected)


def test_changes_are_tracks_of_their_own(signal):
    given = {"families": "pitch"}
    tracks = TRACKS.compute(signal, settled(TRACKS, **given)).array.T
    both = np.hstack([tracks, changes(tracks, 2)])
    expected = log_covariance(both, np.array([7.0, 0.3, 0.5] * 2))
    assert np.array_equal(EXTRACTOR.compute(signal, settled(change=2, **given)).array, expected)


def test_the_spread_inside_a_frame_is_typically_a_fifth_of_the_track(signal):
    given = {"families": "pitch", "every": 4, "spread": "pitch"}
    tracks = TRACKS.compute(signal, settled(TRACKS, **given)).array.T
    expected = log_covariance(tracks, np.array([7.0, 1.4, 0.3, 0.5]))
    assert EXTRACTOR.compute(signal, settled(**given)).array == pytest.approx(expected, abs=1e-5)


def test_every_pair_has_a_name():
    assert names(families="pitch") == [
        *("pitch", "pitch*speech", "pitch*voiced"),
        *("speech", "speech*voiced", "voiced"),
    ]
    assert "pitch*pitch_change" in names(families="pitch", change=1)
    described = {column.name: column.description for column in EXTRACTOR.describe(settled())}
    assert described["energy*pitch"] == "how energy moves with pitch"


@pytest.mark.parametrize(("recipe", "tracks"), [("covariance", 96), ("covariance40", 69)])
def test_a_recipe_of_so_many_tracks_has_all_their_pairs(signal, recipe, tracks):
    spec = Recipes().get(recipe)
    array = EXTRACTOR.compute(signal, spec.settings).array
    assert array.shape == (tracks * (tracks + 1) // 2,)
    assert len({column.name for column in EXTRACTOR.describe(spec.settings)}) == len(array)
    assert np.isfinite(array).all()


def test_every_track_has_a_typical_deviation(signal):
    given = {"families": ",".join(FAMILIES), "every": 2, "spread": ",".join(FAMILIES)}
    assert np.isfinite(EXTRACTOR.compute(signal, settled(change=1, **given)).array).all()


@pytest.mark.parametrize("samples", [np.zeros(48_000, np.int16), np.zeros(1, np.int16)])
def test_silence_has_values(samples):
    values = EXTRACTOR.compute(Signal(samples), settled(change=2)).array
    assert np.isfinite(values).all()


def test_a_spread_of_single_frames_is_refused_as_for_tracks():
    with pytest.raises(UsageError, match="spread needs several frames in one"):
        resolve("feature", EXTRACTOR, {"spread": "mfcc"})

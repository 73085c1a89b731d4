"""Rows of tables that are scaled and whitened once for a whole training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import netkit
import storekit
from serkit.extractors.change_deviation import EXTRACTOR
from serkit.features import resolve
from serkit.models import TRAINERS
from serkit.models.keras import rows
from serkit.models.keras.augment import Augmentation
from serkit.models.keras.loop import Feed
from serkit.models.keras.parameters import KerasParameters
from serkit.models.keras.rows import ReadyRows
from serkit.models.keras.scaling import Scaling, fit_scaling
from serkit.models.keras.source import Source
from serkit.models.keras.spectra import Spectra
from serkit.store.store import FeatureStore

TABLE = "change_deviation"
WIDE = TRAINERS.get("ffnn").settle("robust", {"copies": "", "features": TABLE})
LINEAR = TRAINERS.get("tcn").settle("best", {"copies": "", "features": "mel8", "beside": TABLE})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    """Return ``netkit``'s store with a table as well."""
    folder = tmp_path_factory.mktemp("rows")
    netkit.make_store(folder, actors=2)
    table = resolve(TABLE, EXTRACTOR, {})
    storekit.fill(folder / "corpus", folder / "store", [storekit.mel(), table])
    return FeatureStore(folder / "store")


def training(store: FeatureStore, parameters: KerasParameters) -> tuple[Spectra, Scaling]:
    clips = Spectra(netkit.clips_of(store, 1, 2), Source.of(parameters, store))
    whitening = parameters.frame_whitening
    return clips, fit_scaling(clips, "live", parameters.linear_beside, whitening)


def feed_of(parameters: KerasParameters, clips: Spectra, scaling: Scaling, once: bool) -> Feed:
    augmentation = Augmentation(parameters)
    weights, targets = np.ones(8, np.float32), np.eye(8, dtype=np.float32)[clips.labels]
    ready = ReadyRows.of(clips, scaling, augmentation.changes_clips) if once else ReadyRows()
    return Feed(clips, scaling, augmentation, weights, targets, ready)


@pytest.mark.parametrize(
    ("parameters", "name"), [(WIDE, "frames"), (LINEAR, "beside")], ids=["frames", "beside"]
)
def test_batches_hold_what_they_held_when_each_was_whitened(
    store: FeatureStore,
    parameters: KerasParameters,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rows, "_ROWS", 5)
    clips, scaling = training(store, parameters)
    once, anew = (feed_of(parameters, clips, scaling, ready) for ready in (True, False))
    positions = np.array([7, 0, 11, 3])
    found, expected = (feed.batch(positions, np.random.default_rng(0))[0] for feed in (once, anew))
    assert found.keys() == expected.keys()
    for each in expected:
        assert found[each].dtype == np.float32
        np.testing.assert_allclose(found[each], expected[each], atol=2e-5)
    assert np.abs(found[name]).max() > 0.1
    assert getattr(once.ready, name).shape == (len(clips), expected[name].shape[-1])


def test_clips_that_change_at_random_are_whitened_after_that(store: FeatureStore) -> None:
    noisy = replace(WIDE, noise=0.5)
    clips, scaling = training(store, noisy)
    feed = feed_of(noisy, clips, scaling, once=True)
    assert feed.ready.frames is None
    random = np.random.default_rng(0)
    first, second = (feed.batch(np.arange(4), random)[0]["frames"] for _ in "ab")
    assert np.abs(first - second).max() > 0.01


def test_rows_that_do_not_fit_into_memory_are_whitened_batch_by_batch(
    store: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "CACHE_BYTES", 10)
    for parameters in (WIDE, LINEAR):
        clips, scaling = training(store, parameters)
        ready = ReadyRows.of(clips, scaling, changed=False)
        assert (ready.frames, ready.beside) == (None, None)


def test_frames_over_time_are_no_rows(store: FeatureStore) -> None:
    clips, scaling = training(store, LINEAR)
    assert ReadyRows.of(clips, scaling, changed=False).frames is None


@pytest.mark.parametrize(
    "amount", ["gain", "tempo", "time_shift", "shift", "vtlp", "noise", "time_masks", "band_masks"]
)
def test_every_change_of_a_clip_counts_as_one(amount: str) -> None:
    much = 1 if amount in ("shift", "time_masks", "band_masks") else 0.1
    edges = np.linspace(0, 8000, 10)
    assert Augmentation(replace(WIDE, **{amount: much}), edges).changes_clips
    assert not Augmentation(replace(WIDE, mixup=0.2)).changes_clips

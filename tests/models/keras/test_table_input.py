"""Nets that read a table: a clip is one row."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import netkit
from serkit.errors import UsageError
from serkit.models import TRAINERS, FitContext
from serkit.models.keras.batches import assemble
from serkit.models.keras.scaling import fit_scaling
from serkit.models.keras.source import Source
from serkit.models.keras.spectra import Spectra
from serkit.models.keras.whitening import LENGTH, FrameWhitening
from serkit.store.store import FeatureStore

SETTLED = TRAINERS.get("ffnn").settle("functionals", {"units": 8, "epochs": 3})


@pytest.fixture(scope="module")
def store(speech_store: Path) -> FeatureStore:
    return FeatureStore(speech_store)


def test_a_row_is_one_frame_of_columns(store: FeatureStore) -> None:
    clips = netkit.clips_of(store, 1)
    spectra = Spectra(clips, Source.of(SETTLED, store))
    frames = spectra.take(np.arange(len(clips)))
    rows = np.asarray(clips.read("functionals").X, np.float32)
    np.testing.assert_array_equal(np.concatenate(frames), rows)
    assert set(spectra.lengths) == {1}


def test_several_tables_are_one_frame_side_by_side(store: FeatureStore) -> None:
    settled = TRAINERS.get("ffnn").settle(
        "functionals", {"features": "functionals,change_deviation"}
    )
    clips = netkit.clips_of(store, 1)
    source = Source.of(settled, store)
    frames = np.concatenate(Spectra(clips, source).take(np.arange(len(clips))))
    assert frames.shape == (len(clips), source.bands)
    parts = [clips.read(name).X for name in ("functionals", "change_deviation")]
    np.testing.assert_array_equal(frames, np.concatenate(parts, axis=1).astype(np.float32))


def test_columns_are_standardised_on_the_training_clips(store: FeatureStore) -> None:
    clips = netkit.clips_of(store, 1, 2)
    spectra = Spectra(clips, Source.of(SETTLED, store))
    scaling = fit_scaling(spectra, "live")
    scaled = [scaling(each) for each in spectra.take(np.arange(len(clips)))]
    batch = assemble(scaled, spectra.source, scaling)["frames"]
    assert batch.shape == (len(clips), 1, spectra.source.bands)
    varied = batch.std(axis=0) > 0.5
    np.testing.assert_allclose(batch.mean(axis=0)[varied], 0, atol=1e-3)
    np.testing.assert_allclose(batch.std(axis=0)[varied], 1, atol=1e-3)


def test_a_net_learns_and_is_read_back_and_keeps_the_last_epoch(
    store: FeatureStore, tmp_path: Path
) -> None:
    trainer = TRAINERS.get("ffnn")
    fold = netkit.fold_of(store, (1, 2, 3, 4), (5,))
    fitted = trainer.fit(fold, SETTLED, FitContext())
    assert fitted.chosen == {}
    fitted.save(tmp_path)
    test = netkit.clips_of(store, 6)
    probabilities = fitted.predict(test)
    assert probabilities.shape == (len(test), 8)
    np.testing.assert_allclose(trainer.load(tmp_path).predict(test), probabilities, atol=1e-6)


WIDE = TRAINERS.get("ffnn").settle(
    "robust",
    {"features": "change_deviation", "copies": "", "units": 8, "epochs": 4, "learning_rate": 0.05},
)


def test_a_wide_net_reads_clipped_columns_by_two_paths_and_is_read_back(
    store: FeatureStore, tmp_path: Path
) -> None:
    trainer = TRAINERS.get("ffnn")
    fitted = trainer.fit(netkit.fold_of(store, (1, 2, 3, 4)), WIDE, FitContext())
    columns = fitted.source.bands
    shapes = [fitted.model.get_layer(name).get_weights()[0].shape for name in ("wide", "deep")]
    assert shapes == [(columns, 8), (columns, 8)]
    assert np.abs(fitted.model.get_layer("wide").get_weights()[0]).max() > 1e-3
    assert (fitted.scaling.limit, fitted.scaling.whitening) == (4.0, None)
    fitted.save(tmp_path)
    test = netkit.clips_of(store, 6)
    found = trainer.load(tmp_path).predict(test)
    np.testing.assert_allclose(found, fitted.predict(test), atol=1e-6)


def test_a_wide_net_is_trained_on_whitened_batches(store: FeatureStore) -> None:
    spectra = Spectra(netkit.clips_of(store, 1, 2), Source.of(WIDE, store))
    scaling = fit_scaling(spectra, "live", tables=FrameWhitening())
    clips = [scaling(each) for each in spectra.take(np.arange(len(spectra)))]
    batch = assemble(clips, spectra.source, scaling)["frames"][:, 0]
    assert np.sqrt((batch**2).sum(axis=1).mean()) == pytest.approx(LENGTH, rel=1e-3)
    np.testing.assert_allclose(batch.mean(axis=0), 0, atol=1e-2)


def test_a_wide_net_needs_a_table(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        netkit.untrained("ffnn", netkit.make_store(tmp_path, actors=1), wide=True)
    assert str(caught.value) == (
        "wide = true reads a table's columns, and padding = 'crop' frames; add --set padding=none "
        "and name tables with --set features="
    )


def test_a_spectrogram_is_no_table(tmp_path: Path) -> None:
    store = netkit.make_store(tmp_path, actors=1)
    values = TRAINERS.get("ffnn").settle("functionals", {"features": "mel8"})
    said = "features = 'mel8' is not a table, but padding = 'none' reads one; a table such as"
    with pytest.raises(UsageError, match=re.escape(said)):
        Source.of(values, store)


def test_a_table_is_no_spectrogram(store: FeatureStore) -> None:
    values = TRAINERS.get("ffnn").settle("best", {"features": "functionals"})
    with pytest.raises(UsageError, match="features = 'functionals' is not a spectrogram"):
        Source.of(values, store)


@pytest.mark.parametrize(
    ("preset", "features", "said"),
    [
        ("best", "mel128,mel256", "features = 'mel128,mel256' is not a spectrogram; one feature"),
        ("functionals", " ,", "features = ' ,' names no feature; see 'serkit features'"),
    ],
)
def test_a_net_reads_one_spectrogram_or_at_least_one_table(
    store: FeatureStore, preset: str, features: str, said: str
) -> None:
    values = TRAINERS.get("ffnn").settle(preset, {"features": features})
    with pytest.raises(UsageError, match=re.escape(said)):
        Source.of(values, store)

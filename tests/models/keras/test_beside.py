"""Tables that a net reads beside its frames: read, scaled, mixed, saved, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import netkit
import storekit
from serkit.errors import UsageError
from serkit.extractors.change_deviation import EXTRACTOR
from serkit.features import resolve
from serkit.models import TRAINERS
from serkit.models.keras.augment import Augmentation
from serkit.models.keras.batches import assemble
from serkit.models.keras.parameters import AugmentationParameters
from serkit.models.keras.scaling import Scaling, fit_scaling
from serkit.models.keras.source import Source
from serkit.models.keras.spectra import Spectra
from serkit.store.store import FeatureStore

pytestmark = pytest.mark.skipif(not find_spec("tensorflow"), reason="needs TensorFlow")

TABLE = "change_deviation"
VALUES = {"features": "mel8", "beside": TABLE, **netkit.TINY["tcn"]}
SETTLED = TRAINERS.get("tcn").settle("branch", {**VALUES, "copies": ""})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    """Return ``netkit``'s store of four actors with a table of one column as well."""
    folder = tmp_path_factory.mktemp("beside")
    netkit.make_store(folder, shortest=4200)
    table = resolve(TABLE, EXTRACTOR, {})
    storekit.fill(folder / "corpus", folder / "store", [storekit.mel(), table])
    return FeatureStore(folder / "store")


@pytest.fixture(scope="module")
def fitted(store: FeatureStore):
    return netkit.fit("ffnn", store, beside=TABLE, copies="")


def test_a_model_reads_its_frames_and_its_tables() -> None:
    assert TRAINERS.get("tcn").features(SETTLED) == ("mel8", TABLE)


def test_rows_are_those_of_the_clips_in_any_order(store: FeatureStore) -> None:
    clips = netkit.clips_of(store, 1, 2)
    spectra = Spectra(clips, Source.of(SETTLED, store))
    positions = np.array([5, 0, 9])
    expected = np.asarray(clips.read(TABLE).X, np.float32)[positions]
    for _ in range(2):  # read, then kept
        np.testing.assert_array_equal(spectra.rows(positions), expected)
    uncached = Spectra(clips, Source.of(SETTLED, store), cache_bytes=0)
    np.testing.assert_array_equal(uncached.rows(positions), expected)


def test_columns_are_scaled_on_the_training_clips(store: FeatureStore) -> None:
    spectra = Spectra(netkit.clips_of(store, 1, 2), Source.of(SETTLED, store))
    every = np.arange(len(spectra))
    scaling = fit_scaling(spectra, "live")
    clips = [scaling(clip) for clip in spectra.take(every)]
    found = assemble(clips, spectra.source, scaling, spectra.rows(every))["beside"]
    assert found.dtype == np.float32
    np.testing.assert_allclose([found.mean(), found.std()], [0, 1], atol=1e-5)


def test_a_scaling_is_read_back() -> None:
    whole = Scaling(np.array([1.0]), np.array([2.0]), Scaling(np.array([3.0]), np.array([4.0])))
    again = Scaling.from_json(whole.to_json())
    assert again.to_json() == whole.to_json()
    assert Scaling.from_json({"mean": [1.0], "deviation": [2.0]}).beside is None


def test_mixup_mixes_rows_as_it_mixes_frames() -> None:
    inputs = {
        "frames": np.eye(4, dtype=np.float32)[:, None],
        "beside": np.eye(4, dtype=np.float32),
    }
    mix = Augmentation(AugmentationParameters(mixup=0.5)).mix
    mixed, targets = mix(inputs, np.eye(4, dtype=np.float32), np.random.default_rng(1))
    np.testing.assert_array_equal(mixed["beside"], targets)
    np.testing.assert_array_equal(mixed["frames"][:, 0], targets)


def test_a_net_answers_by_its_tables_too(fitted, store: FeatureStore) -> None:
    clips = netkit.clips_of(store, 4)
    beside = replace(fitted.scaling.beside, mean=fitted.scaling.beside.mean + 1e4)
    other = replace(fitted, scaling=replace(fitted.scaling, beside=beside))
    assert np.abs(other.predict(clips) - fitted.predict(clips)).max() > 1e-3


def test_a_clips_batch_mates_do_not_matter(fitted, store: FeatureStore) -> None:
    clips = netkit.clips_of(store, 4)
    alone = np.concatenate([fitted.predict(clips.take([p])) for p in range(3)])
    np.testing.assert_allclose(alone, fitted.predict(clips)[:3], atol=1e-5)


def test_it_answers_the_same_once_loaded(fitted, store: FeatureStore, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    loaded = TRAINERS.get("ffnn").load(tmp_path)
    clips = netkit.clips_of(store, 4)
    np.testing.assert_allclose(loaded.predict(clips), fitted.predict(clips), atol=1e-6)


def test_a_linear_layer_reads_clipped_tables_and_its_net_is_saved(
    store: FeatureStore, tmp_path: Path
) -> None:
    given = {
        "beside": TABLE,
        "beside_path": "linear",
        "copies": "",
        "average": 0.5,
        "batch_size": 2,
    }
    net = netkit.fit("ffnn", store, learning_rate=0.05, **given)
    kernel, _ = net.model.get_layer("beside_linear").get_weights()
    assert kernel.shape == (1, 8)
    assert np.abs(kernel).max() > 1e-3
    assert net.scaling.beside.limit == 4.0
    net.save(tmp_path)
    clips = netkit.clips_of(store, 4)
    loaded = TRAINERS.get("ffnn").load(tmp_path).predict(clips)
    np.testing.assert_allclose(loaded, net.predict(clips), atol=1e-6)


def test_frames_are_no_table(store: FeatureStore) -> None:
    with pytest.raises(UsageError) as caught:
        Source.of(replace(SETTLED, beside="mel8"), store)
    assert str(caught.value) == (
        "beside = 'mel8' is not a table; a table such as 'functionals' is allowed; name frames "
        "with --set features="
    )


@pytest.mark.parametrize("name", netkit.NETS)
def test_every_net_has_the_branch(name: str, store: FeatureStore) -> None:
    plain = netkit.untrained(name, store).model.count_params()
    hidden = {"beside_path": "hidden", "beside_units": 3}
    wide = netkit.untrained(name, store, beside=TABLE, **hidden).model
    assert wide.count_params() == plain + (1 * 3 + 3) + 3 * 8
    assert {each.name for each in wide.inputs} >= {"frames", "beside"}
    linear = netkit.untrained(name, store, beside=TABLE, beside_path="linear").model
    assert linear.count_params() == plain + 1 * 8 + 8

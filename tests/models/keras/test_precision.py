"""Half precision: layers compute in it, weights and answers do not, and answers stay near."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pytest

from netkit import NETS, QUICK, TINY, clips_of, fit, make_store
from serkit.errors import UsageError
from serkit.models import TRAINERS
from serkit.models.keras.backend import load_keras
from serkit.models.keras.network import Network
from serkit.models.keras.scaling import fit_scaling
from serkit.models.keras.source import Source
from serkit.models.keras.spectra import Spectra
from serkit.models.keras.trainer import build_net
from serkit.store.store import FeatureStore

pytestmark = pytest.mark.skipif(not find_spec("tensorflow"), reason="needs TensorFlow")


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> FeatureStore:
    return make_store(tmp_path_factory.mktemp("nets"), shortest=4200)


def untrained(name: str, store: FeatureStore, precision: str) -> Network:
    values = TRAINERS.get(name).settle("best", {**QUICK, **TINY[name], "precision": precision})
    source = Source.of(values, store)
    load_keras("tensorflow")
    build = import_module(f"serkit.models.keras.nets.{name}").build
    model = build_net(build, source, values, 8, 0)
    return Network(
        model, source, fit_scaling(Spectra(clips_of(store, 1), source), "live"), values.to_json()
    )


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_the_same_weights_give_nearly_the_same_probabilities(store, name, precision):
    whole, half = untrained(name, store, "float32"), untrained(name, store, precision)
    half.model.set_weights(whole.model.get_weights())
    assert {weight.dtype for weight in half.model.weights} == {"float32"}
    assert half.model.layers[-1].compute_dtype == "float32"
    assert any(layer.compute_dtype == precision for layer in half.model.layers)
    data = clips_of(store, 4)
    np.testing.assert_allclose(half.predict(data), whole.predict(data), atol=0.02)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_it_trains_and_is_found_again(store, tmp_path, precision):
    fitted = fit("ffnn", store, precision=precision, epochs=8, learning_rate=0.01)
    assert fitted.history["train_loss"].iloc[-1] < fitted.history["train_loss"].iloc[0]
    fitted.save(tmp_path)
    found = TRAINERS.get("ffnn").load(tmp_path)
    data = clips_of(store, 4)
    np.testing.assert_allclose(found.predict(data), fitted.predict(data), atol=1e-6)
    assert any(layer.compute_dtype == precision for layer in found.model.layers)


def test_it_changes_no_layer_that_is_made_later(store):
    keras = load_keras("tensorflow")
    fit("ffnn", store, precision="bfloat16", epochs=1)
    assert keras.config.dtype_policy().name == "float32"


def test_an_unknown_one_is_refused():
    with pytest.raises(UsageError) as caught:
        TRAINERS.get("cnn").settle("best", {"precision": "float8"})
    assert str(caught.value) == (
        "precision = 'float8' is not allowed; one of 'float32', 'bfloat16', 'float16' is"
    )

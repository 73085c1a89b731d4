"""Compiled nets are shared by trainings, and the trainings come out as if they were not."""

from __future__ import annotations

import gc
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest

from netkit import QUICK, TINY, clips_of, fold_of, make_store
from serkit.models import TRAINERS, FitContext
from serkit.models.keras import compiled
from serkit.models.keras.backend import load_keras
from serkit.models.keras.trainer import keras_trainer

pytestmark = pytest.mark.skipif(not find_spec("tensorflow"), reason="needs TensorFlow")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Clips of several lengths, so that batches have several shapes."""
    return make_store(tmp_path_factory.mktemp("compiled"), shortest=1500)


@pytest.fixture
def traced(monkeypatch):
    """The nets whose training step was traced, in order."""
    keras, nets = load_keras("tensorflow"), []
    real = keras.Model.train_step

    def train_step(model, batch):
        nets.append(model)
        return real(model, batch)

    monkeypatch.setattr(keras.Model, "train_step", train_step)
    return nets


def new_trainer(name, built=None):
    """Return a trainer that has not compiled any net; it appends to ``built`` at each build."""
    known, net = TRAINERS.get(name), import_module(f"serkit.models.keras.nets.{name}")

    def build(*arguments):
        if built is not None:
            built.append(name)
        return net.build(*arguments)

    return keras_trainer(name, known.summary, known.parameters, build, known.presets)


def fit(trainer, store, actors, seed, **values):
    """Fit a small net with dropout on some actors; 8 clips each, in small batches."""
    small = {**TINY[trainer.name], "batch_size": 3, "monitor": "last"}
    given = {**QUICK, **small, **values}
    return trainer.fit(fold_of(store, actors), trainer.settle("best", given), FitContext(seed))


def test_a_training_in_a_used_net_equals_one_in_a_new_net(store, traced):
    """The net was used with other actors, another number of them and another seed."""
    built = []
    alone, shared, data = new_trainer("tcn"), new_trainer("tcn", built), clips_of(store, 4)
    expected = fit(alone, store, (1, 2), seed=5)
    fit(shared, store, (1, 2, 3), seed=1)
    gc.collect()
    found = fit(shared, store, (1, 2), seed=5)
    assert len(traced) == 2  # one for each trainer, whatever the lengths of clips
    assert len(built) == 2
    assert_same(found, expected, data)
    del found
    gc.collect()
    assert_same(fit(shared, store, (1, 2), seed=5), expected, data)
    assert len(built) == 2  # the state of a new net with this seed was known


def assert_same(found, expected, data):
    assert np.array_equal(found.predict(data), expected.predict(data))
    histories = [net.history.drop(columns="seconds") for net in (found, expected)]
    pd.testing.assert_frame_equal(*histories, check_exact=True)


def test_what_tensorflow_optimised_is_kept_from_one_training_to_the_next(store, monkeypatch):
    """Clearing Keras's session would make it optimise every step again."""
    keras, cleared = load_keras("tensorflow"), []
    real = keras.backend.clear_session
    monkeypatch.setattr(keras.backend, "clear_session", lambda: (cleared.append(1), real()))
    trainer = new_trainer("ffnn")
    for seed in (0, 1):
        fit(trainer, store, (1, 2), seed=seed, epochs=1)
    assert len(cleared) == 1


def test_a_net_that_somebody_holds_is_left_alone(store, traced):
    trainer, data = new_trainer("ffnn"), clips_of(store, 4)
    first = fit(trainer, store, (1, 2), seed=0)
    before = first.predict(data)
    second = fit(trainer, store, (1, 2), seed=1)
    assert first.model is not second.model
    assert len(traced) == 2
    assert np.array_equal(first.predict(data), before)


def test_other_parameters_compile_another_net(store, traced):
    trainer = new_trainer("ffnn")
    fit(trainer, store, (1, 2), seed=0, epochs=1)
    fit(trainer, store, (1, 2), seed=0, epochs=1, l2=0.5)
    assert len(traced) == 2


def test_large_nets_are_not_kept(store, traced, monkeypatch):
    monkeypatch.setattr(compiled, "LARGEST", 10)
    trainer = new_trainer("ffnn")
    for _ in "ab":
        fit(trainer, store, (1, 2), seed=0, epochs=1)
    assert len(traced) == 2

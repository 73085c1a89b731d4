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


def new_trainer(name):
    """Return a trainer that has not compiled any net."""
    known, net = TRAINERS.get(name), import_module(f"serkit.models.keras.nets.{name}")
    return keras_trainer(name, known.summary, known.parameters, net.build, known.presets)


def fit(trainer, store, actors, seed, **values):
    """Fit a small net with dropout on some actors; 8 clips each, in small batches."""
    small = {**TINY[trainer.name], "batch_size": 3, "monitor": "last"}
    given = {**QUICK, **small, **values}
    return trainer.fit(fold_of(store, actors), trainer.settle("best", given), FitContext(seed))


def test_a_training_in_a_used_net_equals_one_in_a_new_net(store, traced):
    """The net was used with other actors, another number of them and another seed."""
    alone, shared, data = new_trainer("tcn"), new_trainer("tcn"), clips_of(store, 4)
    expected = fit(alone, store, (1, 2), seed=5)
    fit(shared, store, (1, 2, 3), seed=1)
    gc.collect()
    found = fit(shared, store, (1, 2), seed=5)
    assert len(traced) == 2  # one for each trainer, whatever the lengths of clips
    assert np.array_equal(found.predict(data), expected.predict(data))
    histories = [net.history.drop(columns="seconds") for net in (found, expected)]
    pd.testing.assert_frame_equal(*histories, check_exact=True)


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

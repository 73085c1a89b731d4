"""``run.predict(store)``: the clips of a feature store, from the features that it holds."""

from __future__ import annotations

import numpy as np
import pytest

import serkit
from serkit.errors import UnknownNameError, UsageError


@pytest.fixture(scope="module")
def run(speech_runs) -> serkit.Run:
    return serkit.show("logreg-luna5", runs=speech_runs)


@pytest.fixture(scope="module")
def store(speech_store) -> serkit.FeatureStore:
    return serkit.FeatureStore(speech_store)


def test_a_fold_s_model_predicts_its_test_clips_as_in_training(run, store):
    tested = run.predictions[run.predictions["fold"] == "1"]
    rows = {row.path: row for row in run.predict(store, fold="1").rows}
    assert list(rows) == store.select("functionals")
    again = [[rows[clip].probabilities[name] for name in run.labels] for clip in tested.index]
    assert np.allclose(again, tested[[f"p_{name}" for name in run.labels]], atol=1e-6)


def test_the_training_corpus_brings_a_warning(run, store):
    assert run.predict(store).warnings[-1] == (
        "these clips are those that the run was trained and tested on: "
        "its accuracy is in its own predictions, not in these"
    )


def test_a_store_without_the_feature_is_refused(run, speech, tmp_path):
    serkit.extract(speech, store=tmp_path, features=["change_deviation"], workers=1)
    with pytest.raises(UnknownNameError, match="compute it with 'serkit extract SRC --features"):
        run.predict(serkit.FeatureStore(tmp_path))


def test_a_store_with_another_recipe_is_refused(run, store, monkeypatch):
    from dataclasses import replace

    spec = store.spec("functionals")
    other = replace(spec, version=spec.version + 1)
    monkeypatch.setattr(store, "spec", lambda _name: other)
    with pytest.raises(UsageError) as error:
        run.predict(store)
    assert str(error.value) == (
        f"functionals in {store.path} follows another recipe than the one that the run was "
        "trained with; extract it with that recipe, or pass the audio files instead"
    )


def test_a_batch_as_a_data_frame_has_a_column_per_value_or_per_array(store):
    table = store.load("functionals", where={"actor": 1}).to_pandas()
    assert table.shape == (16, len(store.clips.columns) + 1362)
    assert table.loc["03-01-05-02-01-01-01", "emotion"] == "angry"
    assert np.array_equal(table.iloc[:, -1362:], store.load("functionals", where={"actor": 1}).X)


def test_an_array_feature_is_one_column_of_arrays(speech, tmp_path):
    part = speech / "Actor_01"
    serkit.extract(part, store=tmp_path, features=["mel128"], workers=1)
    batch = serkit.FeatureStore(tmp_path).load("mel128")
    table = batch.to_pandas()
    assert table["mel128"].iloc[3].shape == (128, 495)
    assert np.array_equal(table["mel128"].iloc[3], batch.X[3])

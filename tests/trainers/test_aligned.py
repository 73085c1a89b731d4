"""Logistic regression on functionals and on aligned sentences."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import log_loss

import serkit
from modelkit import check_damaged_arrays, check_damaged_facts
from serkit import FeatureStore
from serkit.errors import UsageError
from serkit.models import TRAINERS, ClipData, FitContext, FoldData, TrainingClips
from serkit.models.probabilities import softmax
from serkit.testing import check_trainer
from serkit.trainers import aligned

ALIGNED = TRAINERS.get("aligned")


@pytest.fixture(scope="module")
def store(speech, tmp_path_factory) -> FeatureStore:
    path = tmp_path_factory.mktemp("aligned") / "store"
    serkit.extract(speech, store=path, features=["functionals", "tracks40"], workers=1)
    return FeatureStore(path)


def ids_of(store: FeatureStore, *actors: int) -> tuple[str, ...]:
    return tuple(store.clips[store.clips["actor"].isin(actors)].index)


def fitted(store: FeatureStore, **values: object):
    fold = FoldData.of(store, ids_of(store, 1, 2, 3), ids_of(store, 4))
    return ALIGNED.fit(fold, ALIGNED.settle("plain", values), FitContext())


@pytest.fixture(scope="module")
def model(store):
    return fitted(store)


def test_it_keeps_the_contract(store):
    check_trainer(ALIGNED, store, preset="plain")


def test_it_learns_something(store, model):
    data = TrainingClips.of(store, ids_of(store, 5, 6))
    assert np.mean(model.predict(data).argmax(axis=1) == data.labels) > 0.3


def test_saved_it_predicts_the_same(store, model, tmp_path):
    model.save(tmp_path)
    data = ClipData.of(store, ids_of(store, 5))
    assert np.array_equal(ALIGNED.load(tmp_path).predict(data), model.predict(data))


def test_it_predicts_what_its_scikit_learn_steps_would(store, monkeypatch):
    """All steps are saved as one product; here they are taken one after another."""
    from sklearn.linear_model import LogisticRegression

    seen = {}
    fit = LogisticRegression.fit

    def remember(self, X, y, **more):
        seen["matrix"], seen["model"] = X, self
        return fit(self, X, y, **more)

    monkeypatch.setattr(LogisticRegression, "fit", remember)
    monkeypatch.setattr(aligned, "_temperature", lambda *_: 2.0)
    model = fitted(store, refit=False)
    data = ClipData.of(store, ids_of(store, 1, 2, 3))
    expected = softmax(seen["model"].decision_function(seen["matrix"]) / 2.0)
    assert np.allclose(model.predict(data), expected, atol=1e-5)


def test_its_probabilities_are_calibrated_on_inner_folds(store, model, monkeypatch):
    monkeypatch.setattr(aligned, "_temperature", lambda *_: 1.0)
    plain = fitted(store)
    data = TrainingClips.of(store, ids_of(store, 5, 6))
    both = [each.predict(data) for each in (plain, model)]
    assert np.array_equal(both[0].argmax(axis=1), both[1].argmax(axis=1))
    raw, calibrated = (log_loss(data.labels, each, labels=range(8)) for each in both)
    assert calibrated < raw


def test_of_one_speaker_nothing_is_calibrated(store):
    fold = FoldData.of(store, ids_of(store, 1))
    model = ALIGNED.fit(fold, ALIGNED.settle("plain", {}), FitContext())
    assert np.allclose(model.predict(ClipData.of(store, ids_of(store, 5))).sum(axis=1), 1)


def test_its_note_says_that_it_depends_on_the_text(model):
    assert model.notes == (
        "text-dependent: it knows one sentence of the training clips; of clips that say something "
        "else, only their statistics count",
    )


def test_a_clip_that_says_something_else_is_judged_by_its_functionals(store, model):
    """Its frames in another order are no sentence any more."""
    ids = ids_of(store, 5)

    class Shuffled(FeatureStore):
        def _read(self, state, feature, clip_ids, *how):
            batch = super()._read(state, feature, clip_ids, *how)
            if feature == "tracks40":
                random = np.random.default_rng(0)
                for position, each in enumerate(batch.X):
                    batch.X[position] = each[:, random.permutation(each.shape[1])]
            return batch

    data = ClipData.of(Shuffled(store.path), ids)
    table = model.table(model.inputs.matrix(data)) + model.intercept
    likely = np.exp(table - table.max(axis=1, keepdims=True))
    expected = likely / likely.sum(axis=1, keepdims=True)
    assert np.allclose(model.predict(data), expected, atol=1e-9)


def test_two_emotions_are_enough(store):
    def of_two(*actors: int) -> list[str]:
        clips = store.clips.loc[list(ids_of(store, *actors))]
        return list(clips[clips["emotion"].isin(["sad", "angry"])].index)

    fold = FoldData.of(store, of_two(1, 2), of_two(3))
    model = ALIGNED.fit(fold, ALIGNED.settle("plain", {}), FitContext())
    data = TrainingClips.of(store, of_two(4, 5))
    found = model.predict(data)
    assert set(found.argmax(axis=1)) <= set(data.labels)
    assert np.allclose(found.sum(axis=1), 1)
    assert np.mean(found.argmax(axis=1) == data.labels) > 0.7


def test_a_feature_without_frames_is_refused(store):
    with pytest.raises(UsageError) as caught:
        fitted(store, frames="functionals")
    assert str(caught.value) == (
        "frames = 'functionals' has no frames to align; a feature of values over time, such as "
        "'tracks40', is allowed"
    )


def test_its_files_are_those_of_models_that_were_saved_earlier(model, tmp_path):
    model.save(tmp_path)
    with np.load(tmp_path / "model.npz") as saved:
        assert set(saved) - {"allow_pickle"} == {
            *("limits", "mean", "deviation", "template_0", "table_mean", "table_scale"),
            *("table_weights", "places", "intercept", "trained"),
        }
    assert list(json.loads((tmp_path / "model.json").read_text())) == [
        *("features", "columns", "frames", "segments", "limit", "classes", "chosen"),
    ]


def test_a_damaged_file_is_named(model, tmp_path):
    model.save(tmp_path)
    check_damaged_arrays(ALIGNED, tmp_path)
    check_damaged_facts(ALIGNED, tmp_path)


def test_its_facts_are_plain_json(model, tmp_path):
    model.save(tmp_path)
    facts = json.loads((tmp_path / "model.json").read_text())
    assert facts["chosen"] == {"sentences": 1}
    assert facts["frames"] == "tracks40"

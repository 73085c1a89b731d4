"""Chance, as this pipeline has it: labels permuted within each speaker."""

from __future__ import annotations

import numpy as np
import pytest

from serkit import FeatureStore
from serkit.errors import UnknownNameError, UsageError
from serkit.models import TRAINERS, FitContext, FoldData
from serkit.trainers.permutation import permuted


@pytest.fixture(scope="module")
def fold(speech_store) -> FoldData:
    store = FeatureStore(speech_store)

    def of(*actors: int) -> tuple[str, ...]:
        return tuple(store.clips[store.clips["actor"].isin(actors)].index)

    return FoldData.of(store, of(1, 2, 3), of(4))


def test_each_speaker_keeps_as_many_clips_of_each_emotion(fold):
    before, after = fold.everything, permuted(fold, 1).everything
    assert not np.array_equal(before.labels, after.labels)
    for speaker in np.unique(before.speakers):
        own = before.speakers == speaker
        assert np.array_equal(np.sort(before.labels[own]), np.sort(after.labels[own]))


def test_a_clip_has_one_label_wherever_it_is_seen(fold):
    found = permuted(fold, 1)
    whole = dict(zip(found.everything.clip_ids, found.everything.labels, strict=True))
    for side in (found.train, found.validation):
        assert [whole[clip] for clip in side.clip_ids] == side.labels.tolist()


def test_another_seed_is_another_permutation_and_the_same_one_the_same(fold):
    one, again, other = (permuted(fold, seed).everything.labels for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_it_predicts_the_same_once_loaded(fold, tmp_path):
    trainer = TRAINERS.get("permutation")
    values = trainer.settle("best", {"of": "majority"})
    model = trainer.fit(fold, values, FitContext())
    model.save(tmp_path)
    loaded = trainer.load(tmp_path)
    assert np.array_equal(model.predict(fold.validation), loaded.predict(fold.validation))


def test_it_reads_what_its_model_reads():
    trainer = TRAINERS.get("permutation")
    assert trainer.features(trainer.settle("best", {})) == ("functionals",)
    assert trainer.features(trainer.settle("best", {"of": "majority"})) == ()


@pytest.mark.parametrize("of", ["permutation", "ensemble"])
def test_it_wraps_only_models_that_learn_from_labels(of):
    trainer = TRAINERS.get("permutation")
    with pytest.raises(UsageError, match=f"of = '{of}' is not allowed"):
        trainer.check(trainer.settle("best", {"of": of}))


def test_an_unknown_model_is_named_with_the_nearest():
    trainer = TRAINERS.get("permutation")
    with pytest.raises(UnknownNameError, match="did you mean 'logreg'"):
        trainer.check(trainer.settle("best", {"of": "logref"}))

"""Shortcuts: models that hear a side of the recording and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

import serkit
from modelkit import check_damaged_arrays
from serkit import FeatureStore
from serkit.errors import UsageError
from serkit.models import TRAINERS, FitContext, FoldData
from serkit.testing import check_trainer
from serkit.trainers import shortcut

TRAINER = TRAINERS.get("shortcut")


def fold_of(store: FeatureStore) -> FoldData:
    def of(*actors: int) -> tuple[str, ...]:
        return tuple(store.clips[store.clips["actor"].isin(actors)].index)

    return FoldData.of(store, of(1, 2, 3), of(4))


@pytest.fixture(scope="module")
def fold(speech_store) -> FoldData:
    return fold_of(FeatureStore(speech_store))


@pytest.fixture
def raw_fold(make_corpus, tmp_path) -> FoldData:
    folder = make_corpus(32)
    serkit.extract(folder, store=tmp_path / "store", features=["raw"], workers=1)
    return fold_of(FeatureStore(tmp_path / "store"))


def fitted(fold: FoldData, what: str):
    return TRAINER.fit(fold, TRAINER.settle("best", {"what": what}), FitContext())


@pytest.mark.parametrize("what", ["duration", "loudness", "silence", "noise-floor", "speaker-id"])
def test_it_gives_probabilities_and_the_same_once_loaded(what, request, tmp_path):
    fold = request.getfixturevalue("raw_fold" if what == "noise-floor" else "fold")
    model = fitted(fold, what)
    found = model.predict(fold.validation)
    assert found.shape == (len(fold.validation), 8)
    assert found.sum(axis=1) == pytest.approx(1)
    model.save(tmp_path)
    assert np.array_equal(TRAINER.load(tmp_path).predict(fold.validation), found)


def test_it_learns_an_emotion_that_goes_with_its_measure(fold, monkeypatch):
    kind = shortcut._Kind((), lambda clips: clips.labels[:, None].astype(float))
    monkeypatch.setitem(shortcut._KINDS, "duration", kind)
    few = fold.everything.subset(fold.everything.labels < 3)
    model = fitted(FoldData(few, few, few), "duration")
    assert (model.predict(few).argmax(axis=1) == few.labels).all()


def test_equal_lengths_carry_no_information(fold, monkeypatch):
    kind = shortcut._Kind((), lambda clips: np.ones((len(clips), 1)))
    monkeypatch.setitem(shortcut._KINDS, "duration", kind)
    found = fitted(fold, "duration").predict(fold.validation)
    assert found == pytest.approx(np.tile(found[0], (len(found), 1)))


def test_who_speaks_says_nothing_where_everybody_acts_every_emotion_alike(fold):
    found = fitted(fold, "speaker-id").predict(fold.validation)
    assert (found == 1 / 8).all()  # not even by rounding: the label is the highest probability


def test_who_speaks_says_something_where_speakers_have_emotions_of_their_own(fold):
    clips = fold.everything
    own = clips.subset(clips.labels % 4 == clips.speakers % 4)
    found = fitted(FoldData(own, own, own), "speaker-id").predict(own)
    assert (found.argmax(axis=1) % 4 == own.labels % 4).mean() > 0.9


def test_noise_is_measured_in_pauses():
    draw = np.random.default_rng(0)
    noise = draw.normal(0, 10, 48_000)
    speech = noise.copy()
    speech[10_000:40_000] += 5_000 * np.sin(np.arange(30_000) / 9)
    quiet, loud = (shortcut._noise_of(each.astype(np.int16)) for each in (noise, speech))
    assert loud == pytest.approx(quiet, abs=2)
    twice = shortcut._noise_of((2 * noise).astype(np.int16))
    assert twice - quiet == pytest.approx(6, abs=1)


@pytest.mark.parametrize("samples", [np.zeros(48_000, np.int16), np.ones(5, np.int16)])
def test_silence_and_scraps_have_a_finite_level(samples):
    assert np.isfinite(shortcut._noise_of(samples)).all()


def test_it_reads_only_what_it_needs():
    needs = {
        what: TRAINER.features(TRAINER.settle("best", {"what": what}))
        for what in ("duration", "loudness", "noise-floor")
    }
    assert needs == {"duration": (), "loudness": ("functionals",), "noise-floor": ("raw",)}


def test_another_shortcut_is_refused():
    with pytest.raises(UsageError) as error:
        TRAINER.settle("best", {"what": "weather"})
    assert str(error.value) == (
        "what = 'weather' is not allowed; one of 'duration', 'loudness', 'silence', "
        "'noise-floor', 'speaker-id' is"
    )


@pytest.mark.parametrize("what", ["duration", "loudness", "silence", "speaker-id"])
def test_it_keeps_the_contract(speech_store, what):
    check_trainer(TRAINER, FeatureStore(speech_store), values={"what": what})


def test_a_damaged_file_is_named(fold, tmp_path):
    fitted(fold, "duration").save(tmp_path)
    check_damaged_arrays(TRAINER, tmp_path)

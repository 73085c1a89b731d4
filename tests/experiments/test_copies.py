"""Copies of training clips in other voices: which clips are read in them, and which never are."""

from __future__ import annotations

import io
import json
import shutil
from collections import defaultdict

import numpy as np
import pytest
from rich.console import Console

import serkit
from serkit import FeatureStore
from serkit.errors import LeakageError, UnknownNameError, UsageError
from serkit.evaluation.metrics import uar
from serkit.experiments import folds
from serkit.experiments.resume import MUST_AGREE
from serkit.features.voices import copy_name
from serkit.models import TRAINERS, ClipData, FoldData, TrainingClips
from serkit.models.classical.choice import choose, inner_folds
from serkit.models.copies import CopiesParameters, with_copies
from serkit.results.folder import SPLIT
from serkit.results.run_tables import render_run

COPIES = ("functionals-speed090", "functionals-speed110")
QUICK = {
    "logreg": {"C": 1.0},
    "svm": {"C": 1.0, "gamma": 0.1},
    "xgboost": {"rounds": 3},
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Return a folder of 40 clips: eight emotions of five actors."""
    from serkit.audio import write_wav
    from serkit.testing import example_signal

    folder = tmp_path_factory.mktemp("copies") / "corpus"
    for actor in range(1, 6):
        (folder / f"Actor_{actor:02d}").mkdir(parents=True)
        for emotion in range(1, 9):
            clip = f"03-01-{emotion:02d}-01-01-01-{actor:02d}"
            samples = example_signal(12_000 + 200 * emotion, seed=10 * actor + emotion)
            write_wav(folder / f"Actor_{actor:02d}" / f"{clip}.wav", samples)
    return folder


@pytest.fixture(scope="module")
def store(corpus):
    path = corpus.parent / "store"
    serkit.extract(corpus, store=path, features=["functionals", *COPIES], workers=1)
    return path


@pytest.fixture
def reads(monkeypatch):
    """Return which clips are read of each feature, as they are read."""
    seen = defaultdict(set)
    read = FeatureStore.read

    def spy(self, feature, clip_ids, **options):
        seen[feature] |= set(clip_ids)
        return read(self, feature, clip_ids, **options)

    monkeypatch.setattr(FeatureStore, "read", spy)
    return seen


def train(store, tmp_path, model="logreg", **values):
    values = {**QUICK[model], "copies": "speed090,speed110", **values}
    return serkit.train(
        model, store=store, runs=tmp_path, protocol="speaker5", folds=1, values=values
    )


def shown(run):
    console = Console(width=200, file=io.StringIO(), color_system=None)
    console.print(render_run(run.name, run.record))
    return console.file.getvalue()


class TestNoCopyOfATestClip:
    @pytest.mark.parametrize("model", sorted(QUICK))
    def test_copies_are_read_of_clips_that_are_fitted_on_and_of_no_others(
        self, store, tmp_path, reads, model
    ):
        run = train(store, tmp_path, model)
        fold = json.loads((run.path / SPLIT).read_text())["folds"][0]
        may_be_fitted_on = {*fold["train"], *fold["validation"]}
        for copy in COPIES:
            assert set(fold["train"]) <= reads[copy] <= may_be_fitted_on
        assert set(fold["test"]) <= reads["functionals"]
        assert run.record["fold_scores"][0]["copied_clips"] == len(reads[COPIES[0]])

    def test_a_run_shows_how_many_copies_it_read(self, store, tmp_path):
        run = train(store, tmp_path)
        assert "32 + 64 " in (text := shown(run))
        assert "copies of training clips: speed090, speed110; of test clips none was read" in text
        plain = shown(train(store, tmp_path / "plain", copies=""))
        assert " + " not in plain
        assert "copies of" not in plain

    def test_a_search_of_a_model_that_reads_copies_shows_them(self, store, tmp_path):
        found = serkit.tune(
            "logreg",
            search=["whiten"],
            trials=1,
            inner=2,
            store=store,
            runs=tmp_path,
            protocol="speaker5",
            folds=1,
            values={"copies": "speed090,speed110", "C": 1.0},
        )
        assert "32 + 64 " in (text := shown(found.run))
        assert "copies of training clips: speed090, speed110; of test clips" in text

    def test_a_fold_that_read_a_copy_of_a_test_clip_fails(self, store, tmp_path, monkeypatch):
        honest = folds.predict_clips

        def cheat(model, source, clip_ids, *rest, **options):
            source.read(COPIES[0], clip_ids[:1])
            return honest(model, source, clip_ids, *rest, **options)

        monkeypatch.setattr(folds, "predict_clips", cheat)
        with pytest.raises(LeakageError) as caught:
            train(store, tmp_path)
        assert str(caught.value) == (
            "fold 1 read copies of 1 clips outside its training side (03-01-01-01-01-01-01, ...); "
            "only training clips have copies"
        )

    def test_clips_that_are_chosen_or_tested_on_refuse_to_be_read_in_another_voice(self, store):
        data = ClipData.of(FeatureStore(store), ("03-01-01-01-01-01-01",))
        with pytest.raises(LeakageError) as caught:
            data.read("functionals", voice="speed090")
        assert str(caught.value) == (
            "the voice 'speed090' is not available for these clips; only training clips have copies"
        )

    def test_only_the_training_side_of_a_fold_has_voices(self, store):
        opened = FeatureStore(store)
        one, other = sorted(opened.state.clips)[:2]
        fold = FoldData.of(opened, [other], [one], voices=("x",))
        assert (fold.train.voices, fold.validation.voices) == (("x",), ())
        assert fold.everything.voices == ("x",)
        assert fold.everything.clip_ids == ClipData.of(opened, [one, other]).clip_ids

    def test_an_inner_fold_holds_a_clip_and_its_copies_on_one_side(self, store):
        opened = FeatureStore(store)
        ids = tuple(opened.clips.index)
        data = TrainingClips.of(opened, ids, ("speed090",))
        rows = np.arange(2 * len(ids))[:, None]  # each row knows which clip, or copy, it is
        sides = []

        class Same:
            def fit(self, matrix, labels):
                assert np.array_equal(labels, data.labels[matrix.ravel() % len(ids)])
                self.fitted = set(matrix.ravel() % len(ids))
                return self

            def transform(self, matrix):
                sides.append((self.fitted, set(matrix.ravel())))
                return matrix

        class Guess:
            classes_ = np.arange(8)

            def fit(self, matrix, labels):
                assert np.array_equal(labels, data.labels[matrix.ravel() % len(ids)])
                return self

            def decision_function(self, matrix):
                return np.eye(8)[data.labels[matrix.ravel()]]

        found = choose([{}], Same, lambda _: Guess(), data, rows, lambda *_: None)
        assert found.uar == uar(data.labels, data.labels)
        held_out = [inside for fitted, inside in sides if not inside & fitted]
        assert len(held_out) == len(list(inner_folds(data.labels, data.speakers)))
        assert set.union(*held_out) == set(range(len(ids)))  # clips as recorded, no copy


@pytest.fixture(scope="module")
def robust_store(corpus):
    """Return a store of what ``logreg robust`` reads, of twelve clips of three actors."""
    few = corpus.parent / "few"
    for path in sorted(corpus.rglob("03-01-0[1-4]*-0[1-3].wav")):
        (few / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, few / path.parent.name)
    settled = (trainer := TRAINERS.get("logreg")).settle("robust", {})
    plain = trainer.features(settled)
    copies = [copy_name(one, voice) for one in plain for voice in trainer.voices(settled)]
    path = corpus.parent / "robust-store"
    serkit.extract(few, store=path, features=[*plain, *copies], workers=1)
    return path


def test_the_robust_preset_is_fitted_on_every_voice_and_answers_clips_as_recorded(
    robust_store, tmp_path, reads
):
    run = serkit.train(
        "logreg",
        preset="robust",
        store=robust_store,
        runs=tmp_path,
        protocol="speaker5",
        folds=1,
        values={"whiten": 0.0},  # whitening 2,661 columns takes longer than everything else
    )
    probabilities = run.predictions.filter(like="p_").to_numpy()
    assert np.allclose(probabilities.sum(axis=1), 1.0)
    tested = set(run.predictions.index)
    voiced = {name for name in reads if not name.endswith("centred")}
    assert len(voiced) == 10  # five voices of two features
    assert all(reads[name] and not reads[name] & tested for name in voiced)


class TestTheRecord:
    def test_it_names_the_copies_and_their_recipes(self, store, tmp_path):
        run = train(store, tmp_path)
        assert [each["name"] for each in run.record["copies"]] == list(COPIES)
        assert set(run.record["feature_fingerprints"]) == {"functionals", *COPIES}
        assert "feature_fingerprints" in MUST_AGREE

    def test_prediction_computes_the_feature_as_recorded_alone(self, store, corpus, tmp_path):
        run = train(store, tmp_path)
        assert [each["name"] for each in run.record["features"]] == ["functionals"]
        answer = serkit.predict(run, [next(corpus.rglob("*.wav"))])
        assert len(answer.rows) == 1

    def test_more_voices_give_another_model(self, store, tmp_path):
        plain = train(store, tmp_path / "plain", copies="")
        assert plain.record["copies"] == []
        changed = train(store, tmp_path / "copies")
        columns = [name for name in plain.predictions if name.startswith("p_")]
        assert columns
        assert not np.allclose(plain.predictions[columns], changed.predictions[columns])


class TestWhatIsRefused:
    def test_a_voice_that_is_not_in_the_store(self, store, tmp_path):
        with pytest.raises(UnknownNameError) as caught:
            train(store, tmp_path, copies="speed050")
        assert str(caught.value) == (
            f"copies name the voice 'speed050', and functionals-speed050 is not in {store}; it has "
            "to be extracted from a recipe functionals-speed050, which differs from functionals in "
            "its table 'voice'; compute it with 'serkit extract SRC --features "
            "functionals-speed050'"
        )

    def test_all_features_that_are_missing_are_named_at_once(self, store, tmp_path):
        with pytest.raises(UnknownNameError) as caught:
            train(store, tmp_path, copies="speed090,speed050,speed150")
        assert str(caught.value) == (
            f"2 of 4 features that logreg reads are not in the store {store}; compute them with "
            "'serkit extract SRC --features functionals-speed050,functionals-speed150'"
        )

    def test_a_voice_that_is_named_twice(self, store, tmp_path):
        with pytest.raises(UsageError) as caught:
            train(store, tmp_path, copies="speed090, speed110,speed090")
        assert str(caught.value) == "copies name speed090 2 times; once is enough"

    def test_a_feature_that_differs_in_more_than_the_voice(self, corpus, tmp_path):
        recipes = tmp_path / "recipes"
        recipes.mkdir()
        (recipes / "small.toml").write_text('extractor = "mel"\n[parameters]\nn_mels = 8\n')
        (recipes / "small-wide.toml").write_text(
            'extractor = "mel"\n[parameters]\nn_mels = 9\n[voice]\nspeed = 0.9\n'
        )
        places = {"store": tmp_path / "store", "definitions": recipes}
        serkit.extract(corpus, features=["small", "small-wide"], workers=1, **places)
        with pytest.raises(UsageError) as caught:
            serkit.train(
                "logreg",
                runs=tmp_path / "runs",
                protocol="speaker5",
                values={"features": "small", "copies": "wide", "C": 1.0},
                **places,
            )
        assert str(caught.value) == (
            "small-wide is not small in another voice: n_mels 8 -> 9, voice speed as "
            "recorded -> 0.9, voice version as recorded -> 1 differs; a recipe that differs in "
            "its table 'voice' alone is one"
        )


def test_voices_are_separated_by_commas():
    assert CopiesParameters(copies="speed090, speed110,").voices == ("speed090", "speed110")
    assert CopiesParameters().voices == ()


def test_rows_of_copies_follow_those_of_all_clips():
    assert with_copies(np.array([0, 2]), clips=3, rows=9).tolist() == [0, 2, 3, 5, 6, 8]

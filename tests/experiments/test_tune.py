"""``serkit tune``: a run whose folds search for themselves; no test clip can sway them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import serkit
from serkit.cli import app
from serkit.errors import MissingDependencyError, TrainingInterrupted, UsageError
from serkit.results.tuning import Tuning
from serkit.trainers.tuned import FILE

QUICK = {"search": ["C=0.1:1"], "inner": 2, "trials": 3, "protocol": "speaker5", "folds": 2}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("tuned")


@pytest.fixture(scope="module")
def made(speech_store, runs) -> Tuning:
    return serkit.tune("logreg", store=speech_store, runs=runs, **QUICK)


def poisoned(store, runs, monkeypatch, where):
    """Tune on a store whose clips of some folds' side have values without sense."""
    from serkit.store.store import FeatureStore

    read = FeatureStore._read

    def spoiled(self, state, feature, clip_ids, *how):
        batch = read(self, state, feature, clip_ids, *how)
        for position, clip_id in enumerate(clip_ids):
            if clip_id in where:
                batch.X[position] = np.random.default_rng(len(clip_id)).normal(size=1362) * 1e3
        return batch

    with monkeypatch.context() as patch:
        patch.setattr(FeatureStore, "_read", spoiled)
        return serkit.tune("logreg", store=store, runs=runs, **{**QUICK, "folds": 1})


def side(made, name):
    split = json.loads((made.run.path / "split.json").read_text())
    return set(split["folds"][0][name])


class TestTheTestSide:
    """Its values may be anything: the same settings are tried, and score the same."""

    def test_has_no_say_in_the_search(self, made, speech_store, tmp_path, monkeypatch):
        other = poisoned(speech_store, tmp_path, monkeypatch, side(made, "test"))
        assert other.folds[0].trials == made.folds[0].trials
        assert other.run.uar != made.run.record["fold_scores"][0]["uar"]

    def test_would_be_seen_if_it_had(self, made, speech_store, tmp_path, monkeypatch):
        """The test above can fail: poison on the training side changes the search."""
        other = poisoned(speech_store, tmp_path, monkeypatch, side(made, "train"))
        assert other.folds[0].trials != made.folds[0].trials


class TestARun:
    def test_tests_each_fold_with_its_own_setting(self, made):
        for each, entry in zip(made.folds, made.run.record["fold_scores"], strict=True):
            known = [trial["uar"] for trial in each.trials if trial["uar"] is not None]
            assert each.inner_uar == max(known)
            assert entry["chosen"]["C"] == each.values["C"]
            assert each.test_uar == entry["uar"]

    def test_records_how_much_was_searched(self, made):
        assert made.run.record["values"]["trials"] == 3
        assert [each["settings_tried"] for each in made.run.record["fold_scores"]] == [3, 3]

    def test_keeps_the_study_of_each_fold_for_optuna(self, made):
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        for number in (1, 2):
            path = made.run.path / f"fold-{number}" / "study.log"
            study = optuna.load_study(
                study_name="serkit", storage=JournalStorage(JournalFileBackend(str(path)))
            )
            assert len(study.trials) == 3

    def test_its_setting_trains_the_same_model(self, made, speech_store, tmp_path):
        words = made.command(made.folds[0]).split()
        assert words[:3] == ["serkit", "train", "logreg"]
        arguments = [*words[1:], "--store", str(speech_store), "--protocol", "speaker5"]
        arguments += ["--folds", "1", "--runs", str(tmp_path), "--json"]
        result = CliRunner().invoke(app, arguments)
        found = serkit.show(json.loads(result.stdout)["run"], runs=tmp_path)
        assert found.uar == made.folds[0].test_uar

    def test_predicts_and_says_what_it_says(self, made, speech):
        answer = serkit.predict(made.run, [next(speech.rglob("*.wav"))])
        assert answer.warnings == ()
        assert "logreg (best), searched in each fold" in made._repr_html_()
        assert made.sentence.startswith(f"For new speakers: {made.command(made.folds[-1])}. The ")

    def test_interrupted_it_resumes_to_the_same_run(self, made, speech_store, tmp_path):
        told = []

        def interrupt(progress):
            told.append((progress.number, progress.done))
            if told[-1] == (2, 2):
                raise KeyboardInterrupt

        with pytest.raises(TrainingInterrupted):
            serkit.tune("logreg", store=speech_store, runs=tmp_path, progress=interrupt, **QUICK)
        tried = []
        found = serkit.tune(
            resume="last",
            runs=tmp_path,
            progress=lambda now: tried.append(now.what) if now.number == 2 else None,
        )
        assert [each.trials for each in found.folds] == [each.trials for each in made.folds]
        assert found.run.predictions.equals(made.run.predictions)
        assert not any("setting 1," in what or "setting 2," in what for what in tried)

    def test_a_model_for_use_is_searched_on_all_speakers(self, speech_store, tmp_path):
        arguments = ["tune", "logreg", "--final", "--json", "--store", str(speech_store)]
        arguments += ["--search", "C=0.1:1", "--inner", "2", "--trials", "1", "--folds", "1"]
        arguments += ["--protocol", "speaker5", "--runs", str(tmp_path)]
        found = json.loads(CliRunner().invoke(app, arguments).stdout)
        assert [each["fold"] for each in found["folds"]][1:] == ["final"]
        assert (serkit.show("last", runs=tmp_path).final / FILE).exists()


class TestWhatIsRefused:
    def refused(self, kind, *arguments, **options):
        with pytest.raises(kind) as caught:
            serkit.tune(*arguments, **options)
        return str(caught.value)

    @pytest.mark.parametrize("model", ["ensemble", "permutation", "tuned"])
    def test_what_is_no_model_of_its_own(self, model, speech_store, tmp_path):
        said = self.refused(UsageError, model, store=speech_store, runs=tmp_path)
        assert said == f"{model} cannot be tuned; a model with parameters of its own can"

    def test_nothing_to_search(self, speech_store, tmp_path):
        said = self.refused(UsageError, "majority", store=speech_store, runs=tmp_path)
        assert said.startswith("majority has no parameter left to search; name one: --search KEY=")

    def test_neither_a_model_nor_a_run(self):
        assert self.refused(UsageError) == (
            "no model is named; see 'serkit models', or resume a run"
        )

    def test_a_setting_beside_resume(self, made, runs):
        said = self.refused(UsageError, resume=made.run.name, runs=runs, trials=3)
        assert said == (
            "trials cannot be combined with resume: a search keeps its settings; leave that out, "
            "or search anew"
        )

    def test_a_run_of_something_else(self, speech_runs):
        run = serkit.show("majority-luna5", runs=speech_runs)
        with pytest.raises(UsageError, match="is a run of majority, not of 'serkit tune'"):
            Tuning.of(run)

    def test_a_missing_package(self, speech_store, tmp_path, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "optuna", None)
        said = self.refused(
            MissingDependencyError, "logreg", store=speech_store, runs=tmp_path, **QUICK
        )
        assert said == "the package optuna is not installed; pip install 'serkit[tune]'"

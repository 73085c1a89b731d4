"""Training by a protocol: what a run leaves behind, and that a killed one never looks finished."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import serkit
from serkit import FeatureStore
from serkit.corpora.ravdess import EMOTIONS
from serkit.errors import (
    IncompleteFeatureError,
    NotFoundError,
    RunError,
    StoreChangedError,
    TrainingError,
    UnknownNameError,
)
from serkit.evaluation.splits import PROTOCOLS
from serkit.experiments import execute, folds, resume
from serkit.experiments.plan import Plan, identity_of, split_of
from serkit.experiments.progress import Progress
from serkit.models import TRAINERS, ClipData, Preset
from serkit.parameters import Parameters
from serkit.results import scores
from serkit.results.finding import find_run, list_runs
from serkit.results.run import read_run

TYPES = {
    "run": str,
    "model": str,
    "preset": str,
    "protocol": str,
    "seed": int,
    "parameters": int,
    "uar": float,
    "uar_low": float,
    "uar_high": float,
    "accuracy": float,
    "macro_f1": float,
    "folds": int,
    "actors": int,
    "clips": int,
    "seconds": float,
    "train_seconds": float,
    "corpus": str,
    "corpus_digest": str,
    "split_digest": str,
    "selected_on_test": bool,
    "synthetic": bool,
    "transductive": bool,
    "published": bool,
    "speaker_independent": bool,
    "log_loss": float,
    "brier": float,
    "ece": float,
    "recall": dict,
    "by_sex": dict,
    "by_intensity": dict,
    "values": dict,
    "given": dict,
    "settings": dict,
    "versions": dict,
    "hardware": dict,
    "feature_fingerprints": dict,
    "fold_scores": list,
    "notes": list,
    "created": str,
    "peak_memory_bytes": int,
}
"""The keys of ``train --json`` that others read, with their types."""


@pytest.fixture(scope="module")
def run(speech_runs) -> serkit.Run:
    return find_run(speech_runs, "logreg-luna5")


def plan_of(store: Path, runs: Path, trainer, **otherwise):
    given = {
        "trainer": trainer,
        "store": FeatureStore(store),
        "protocol": PROTOCOLS.get("luna5"),
        "preset": "best",
        "parameters": trainer.settle("best", {}),
        "seed": 0,
        "runs": runs,
        "settings": {},
    }
    return Plan(**given | otherwise)


class TestRecord:
    def test_it_has_every_key_with_its_type(self, run):
        assert {key: type(run.record[key]) for key in TYPES} == TYPES

    def test_rates_are_fractions_and_the_interval_holds_the_score(self, run):
        record = run.record
        for key in ("uar", "uar_low", "uar_high", "accuracy", "macro_f1", "ece"):
            assert 0 <= record[key] <= 1
        assert record["uar_low"] <= record["uar"] <= record["uar_high"]

    def test_it_counts_what_was_tested(self, run):
        assert (run.record["folds"], run.record["actors"], run.record["clips"]) == (3, 6, 96)
        assert sum(fold["clips"] for fold in run.record["fold_scores"]) == 96

    def test_its_scores_are_those_of_the_predictions(self, run):
        frame = run.predictions
        right = frame["true"] == frame["predicted"]
        assert run.accuracy == pytest.approx(right.mean())
        assert run.uar == pytest.approx(right.groupby(frame["true"]).mean().mean())
        for emotion, recall in run.record["recall"].items():
            assert recall == pytest.approx(right[frame["true"] == emotion].mean())
        for sex, values in run.record["by_sex"].items():
            assert values["accuracy"] == pytest.approx(right[frame["sex"] == sex].mean())
        assert set(run.record["by_intensity"]) == {"normal", "strong"}

    def test_it_says_what_it_rests_on(self, run, speech_store):
        store = FeatureStore(speech_store)
        record = run.record
        assert record["corpus"] == "synthetic"
        assert record["synthetic"] is True
        assert record["corpus_digest"] == store.corpus_digest
        assert record["feature_fingerprints"] == {
            "functionals": store.spec("functionals").fingerprint
        }
        assert record["features"][0]["name"] == "functionals"
        assert record["values"]["C"] == 1.0
        assert record["given"] == {"C": 1.0}
        assert record["settings"]["protocol"] == "luna5"
        assert record["settings"]["store"] == str(speech_store)
        assert {"python", "serkit", "numpy", "scikit-learn"} <= record["versions"].keys()
        assert record["hardware"]["cores"] >= 1
        assert record["peak_memory_bytes"] > 2**20

    def test_missing_actors_are_noted(self, run):
        assert run.record["notes"][0].startswith("speakers 7, 8, 9, 10")
        assert run.record["notes"][1] == "3 of 5 folds remain"

    def test_it_is_json_that_every_reader_takes(self, run):
        text = (run.path / "run.json").read_text()

        def refuse(constant):
            raise AssertionError(f"{constant} is not JSON")

        json.loads(text, parse_constant=refuse)

    def test_one_actor_has_no_interval_and_that_is_null(self, speech_store, tmp_path):
        trainer = TRAINERS.get("majority")
        protocol = replace(PROTOCOLS.get("loso"), make=self.one_fold)
        made = execute.execute(plan_of(speech_store, tmp_path, trainer, protocol=protocol))
        assert (made.record["uar_low"], made.record["uar_high"]) == (None, None)
        assert made.record["actors"] == 1

    @staticmethod
    def one_fold(clips):
        from serkit.evaluation.splits import Split

        split = PROTOCOLS.get("loso").make(clips)
        return Split("loso", split.folds[:1])


class TestFolder:
    def test_it_holds_the_config_the_split_and_each_fold_s_model(self, run):
        files = {path.relative_to(run.path).as_posix() for path in run.path.rglob("*")}
        assert files >= {"config.json", "split.json", "run.json", "predictions.parquet"}
        for fold in ("fold-1", "fold-2", "fold-3"):
            assert files >= {f"{fold}/{name}" for name in ("fold.json", "predictions.parquet")}
            assert f"{fold}/model.skops" in files
        assert not [name for name in files if name.endswith((".pkl", ".joblib", ".tmp"))]

    def test_its_name_says_the_model_and_the_protocol(self, run):
        assert run.path.name == run.name
        assert run.name.startswith("logreg-luna5-")

    def test_two_runs_of_one_second_have_two_folders(self, speech_store, tmp_path):
        made = [serkit.train("majority", store=speech_store, runs=tmp_path) for _ in range(2)]
        assert made[0].path != made[1].path

    def test_predictions_are_a_row_a_test_clip(self, run, speech_store):
        frame = pd.read_parquet(run.path / "predictions.parquet")
        assert list(frame.columns) == [
            *("clip_id", "fold", "speaker", "actor", "sex", "intensity"),
            *("true", "predicted", "true_id", "predicted_id"),
            *(f"p_{emotion}" for emotion in EMOTIONS),
        ]
        clips = FeatureStore(speech_store).clips
        assert sorted(frame["clip_id"]) == list(clips.index)
        truth = clips.loc[frame["clip_id"]]
        for theirs, ours in (("emotion", "true"), ("emotion_id", "true_id"), ("actor", "actor")):
            assert frame[ours].tolist() == truth[theirs].tolist()
        table = frame[[f"p_{emotion}" for emotion in EMOTIONS]].to_numpy()
        assert np.allclose(table.sum(axis=1), 1)
        assert np.array_equal(table.argmax(axis=1), frame["predicted_id"])
        assert [EMOTIONS[i] for i in frame["predicted_id"]] == frame["predicted"].tolist()

    def test_the_split_is_kept(self, run):
        folds = json.loads((run.path / "split.json").read_text())["folds"]
        frame = run.predictions
        for fold in folds:
            tested = frame.index[frame["fold"] == fold["name"]]
            assert sorted(tested) == sorted(fold["test"])
            assert not set(fold["test"]) & {*fold["train"], *fold["validation"]}

    def test_the_config_was_there_before_and_says_the_same(self, run):
        config = json.loads((run.path / "config.json").read_text())
        assert "uar" not in config
        assert config.items() <= run.record.items()


class TestSameSeed:
    def test_gives_the_same_result(self, speech_store, tmp_path, run):
        again = serkit.train(
            "logreg", store=speech_store, runs=tmp_path, protocol="luna5", values={"C": 1.0}
        )
        assert again.predictions.equals(run.predictions)
        assert again.record["split_digest"] == run.record["split_digest"]


class TestSelectedOnTest:
    def test_runs_without_selection_on_test_clips_are_not_stamped(self, speech_runs):
        """The study's logistic regression has a fixed C, also on the study's own protocol."""
        assert find_run(speech_runs, "logreg-notebook").record["preset"] == "notebook"
        for run in list_runs(speech_runs)[0]:
            assert run.record["selected_on_test"] is False

    @pytest.mark.parametrize(
        ("model", "preset", "chosen"),
        [
            ("majority", "notebook", False),
            ("logreg", "notebook", False),
            ("ffnn", "notebook", True),
            ("lstm", "notebook-small", True),
            ("transformer", "notebook", True),
            ("wav2vec2", "notebook", True),
            ("ffnn", "functionals", False),
        ],
    )
    def test_the_study_s_nets_chose_their_epoch_on_test_clips(
        self, speech_store, tmp_path, model, preset, chosen
    ):
        trainer = TRAINERS.get(model)
        values = trainer.settle(preset, {})
        protocol = PROTOCOLS.get("notebook")
        plan = plan_of(
            speech_store, tmp_path, trainer, preset=preset, parameters=values, protocol=protocol
        )
        assert plan.chooses_on_test is chosen

    @pytest.mark.parametrize(
        ("preset", "is_study", "protocol", "chosen"),
        [
            ("notebook", True, "notebook", True),
            ("by-another-name", True, "notebook", True),
            ("notebook", True, "luna5", False),
            ("best", False, "notebook", False),
        ],
    )
    def test_only_then_does_the_trainer_get_the_test_clips_to_choose_on(
        self, speech_store, tmp_path, preset, is_study, protocol, chosen
    ):
        seen = []
        plain = TRAINERS.get("majority")

        def fit(fold, parameters, context):
            seen.append(fold)
            return plain.fit(fold, parameters, context)

        plan = plan_of(
            speech_store,
            tmp_path,
            replace(
                plain,
                fit=fit,
                presets={**plain.presets, preset: Preset("", Parameters(), is_study=is_study)},
                validates=lambda _: True,
            ),
            preset=preset,
            protocol=PROTOCOLS.get(protocol),
        )
        made = execute.execute(plan)
        assert made.record["selected_on_test"] is chosen
        splits = json.loads((made.path / "split.json").read_text())["folds"]
        for fold, entry in zip(seen, made.record["fold_scores"], strict=True):
            assert entry["train_clips"] == len(fold.everything)
            assert entry["validation_clips"] == len(fold.validation)
        for fold, split in zip(seen, splits, strict=True):
            assert fold.chosen_on_test is chosen
            in_reach = {*fold.train.clip_ids, *fold.validation.clip_ids}
            tested = {*ClipData.of(plan.store, split["test"]).clip_ids}
            assert bool(in_reach & tested) is chosen
            assert not {*fold.everything.clip_ids} & tested


class TestRefusals:
    def test_a_model_that_gives_no_probabilities(self, speech_store, tmp_path):
        trainer = TRAINERS.get("majority")

        class Broken:
            def predict(self, data):
                return np.full((len(data), 8), np.nan)

        plan = plan_of(speech_store, tmp_path, replace(trainer, fit=lambda *_: Broken()))
        with pytest.raises(TrainingError) as caught:
            execute.execute(plan)
        assert str(caught.value) == (
            "majority gave no probabilities in fold 1 (shape (32, 8) for (32, 8), or not finite)"
        )
        assert list_runs(tmp_path)[0] == []

    def test_library_errors_become_one_sentence(self, speech_store, tmp_path):
        def fit(*_):
            raise ValueError("X has gone")

        plan = plan_of(speech_store, tmp_path, replace(TRAINERS.get("majority"), fit=fit))
        with pytest.raises(TrainingError) as caught:
            execute.execute(plan)
        assert str(caught.value) == (
            "majority could not be fitted in fold 1: X has gone; "
            "see 'serkit models majority' for what can be set"
        )

    def test_a_feature_that_is_not_in_the_store(self, speech_store, tmp_path):
        with pytest.raises(UnknownNameError) as caught:
            serkit.train("logreg", store=speech_store, runs=tmp_path, values={"features": "mel128"})
        assert str(caught.value).startswith(f"unknown feature 'mel128' in the store {speech_store}")
        assert str(caught.value).endswith(
            "; compute it with 'serkit extract SRC --features mel128'"
        )
        assert not list(tmp_path.iterdir())

    def test_a_missing_store(self, tmp_path):
        with pytest.raises(NotFoundError) as caught:
            serkit.train("majority", store=tmp_path / "nope", runs=tmp_path)
        assert str(caught.value).startswith(f"no feature store in {tmp_path / 'nope'}; fill one")

    def test_values_of_an_older_recipe(self, speech, tmp_path):
        recipes = tmp_path / "recipes"
        recipes.mkdir()
        recipe = recipes / "loudness.toml"
        recipe.write_text('extractor = "change-deviation"\n')
        store = tmp_path / "store"
        serkit.extract(speech, store=store, features=["loudness"], definitions=recipes, workers=1)
        recipe.write_text('extractor = "change-deviation"\nparameters = {block = 25}\n')
        with pytest.raises(IncompleteFeatureError) as caught:
            serkit.train(
                "logreg",
                store=store,
                runs=tmp_path / "runs",
                values={"features": "loudness"},
                definitions=recipes,
            )
        assert str(caught.value) == (
            f"loudness in {store} was made by another recipe (block 5 -> 25); "
            "run 'serkit extract SRC --features loudness' to recompute it"
        )


class TestTheStoreChangesDuringARun:
    """Another process commits while models are fitted; what was recorded at first is untrue."""

    @pytest.fixture
    def store(self, speech_store, tmp_path):
        return Path(shutil.copytree(speech_store, tmp_path / "store"))

    def train(self, store: Path, runs: Path, change) -> serkit.Run:
        """Train on a feature, and change the store when the last fold is fitted."""
        plain = TRAINERS.get("majority")
        left = [1, 2, 3]

        def fit(*given):
            left.pop()
            if not left:
                change()
            return plain.fit(*given)

        trainer = replace(plain, fit=fit, features=lambda _: ("change_deviation",))
        return execute.execute(plan_of(store, runs, trainer))

    @pytest.mark.parametrize("what", ["the clips", "the recipe", "the feature is dropped"])
    def test_no_record_is_written(self, store, tmp_path, monkeypatch, what):
        real = FeatureStore(store).state
        clips, features = dict(real.clips), dict(real.manifest.features)
        if what == "the clips":
            some = next(iter(clips))
            clips[some] = replace(clips[some], pcm_sha256="0" * 64)
        elif what == "the recipe":
            old = features["change_deviation"]
            recipe = replace(old.spec, version=old.spec.version + 1)
            features["change_deviation"] = replace(old, spec=recipe)
        else:
            del features["change_deviation"]
        changed = replace(real, clips=clips, manifest=replace(real.manifest, features=features))

        def change():
            monkeypatch.setattr(FeatureStore, "state", property(lambda _: changed))

        with pytest.raises(TrainingError) as caught:
            self.train(store, tmp_path / "runs", change)
        assert str(caught.value) == "the store changed while training; train it again"
        assert list((tmp_path / "runs").iterdir()) == []

    @pytest.mark.parametrize("then", ["fails", "fails with an error of ours", "ends"])
    def test_pruned_clips_end_the_run_with_one_sentence(self, store, speech, tmp_path, then):
        """Whatever the training stumbles over first: the reason is the same."""

        def prune():
            serkit.extract(
                speech / "Actor_01", store=store, features=["raw"], workers=1, prune=True
            )
            if then == "fails":
                raise KeyError("03-01-01-01-01-01-02")
            if then == "fails with an error of ours":
                raise TrainingError("no clip")

        with pytest.raises(StoreChangedError) as caught:
            self.train(store, tmp_path / "runs", prune)
        assert str(caught.value) == "the store changed while training; train it again"
        assert list((tmp_path / "runs").iterdir()) == []

    def test_clips_that_are_pruned_before_the_first_fold(self, store, speech, tmp_path):
        plan = plan_of(store, tmp_path / "runs", TRAINERS.get("majority"))
        split = split_of(plan)
        serkit.extract(speech / "Actor_01", store=store, features=["raw"], workers=1, prune=True)
        with pytest.raises(StoreChangedError):
            identity_of(plan, split)

    def test_another_feature_does_no_harm(self, store, speech, tmp_path):
        def change():
            serkit.extract(speech, store=store, features=["raw"], workers=1)

        before = FeatureStore(store).features
        assert self.train(store, tmp_path / "runs", change).record["clips"] == 96
        assert FeatureStore(store).features != before


class TestFailed:
    @pytest.mark.parametrize("error", [RuntimeError("no"), KeyboardInterrupt(), SystemExit(3)])
    def test_nothing_is_left_before_the_first_fold_is_done(self, speech_store, tmp_path, error):
        plain = TRAINERS.get("majority")
        seen = []

        def fit(*given):
            seen.append(len(list(tmp_path.glob("*/config.json"))))
            raise error

        with pytest.raises(type(error)):
            execute.execute(plan_of(speech_store, tmp_path, replace(plain, fit=fit)))
        assert seen == [1]
        assert list(tmp_path.iterdir()) == []
        assert serkit.compare(tmp_path).problems == ()

    def test_other_runs_stay(self, speech_store, tmp_path):
        serkit.train("majority", store=speech_store, runs=tmp_path)

        def fit(*_):
            raise ValueError("X has gone")

        plan = plan_of(speech_store, tmp_path, replace(TRAINERS.get("majority"), fit=fit))
        with pytest.raises(TrainingError):
            execute.execute(plan)
        assert len(list_runs(tmp_path)[0]) == 1
        assert list_runs(tmp_path)[1] == []

    def test_a_finished_fold_survives_later_errors(self, speech_store, tmp_path, monkeypatch):
        def interrupted(_):
            raise KeyboardInterrupt

        monkeypatch.setattr(execute, "read_run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            serkit.train("majority", store=speech_store, runs=tmp_path)
        assert len(list_runs(tmp_path)[0]) == 1


class TestOnDisk:
    def test_models_are_flushed_before_what_refers_to_them(
        self, speech_store, tmp_path, monkeypatch
    ):
        done = []

        def remember(module, name):
            real = getattr(module, name)

            def call(path, *given):
                real(path, *given)
                done.append((name, path.name if name != "sync_folder" else path))

            monkeypatch.setattr(module, name, call)

        for module, name in (
            (resume, "flush_file"),
            (resume, "sync_folder"),
            (execute, "sync_folder"),
            (scores, "write_file"),
        ):
            remember(module, name)
        made = serkit.train(
            "logreg", store=speech_store, runs=tmp_path, protocol="luna5", values={"C": 1.0}
        )
        for fold, (start, end) in enumerate(pairwise([0, *self.ends(done)]), start=1):
            flushed = done[start:end]
            for name in ("model.skops", "model.json", "predictions.parquet"):
                assert ("flush_file", name) in flushed
            assert ("sync_folder", made.path / f"fold-{fold}") in flushed
        record = done.index(("write_file", "run.json"))
        for folder in (made.path, *made.path.glob("fold-*")):
            last = max(i for i, each in enumerate(done[:record]) if each[1] == folder)
            assert last > self.ends(done)[-1]

    @staticmethod
    def ends(done) -> list[int]:
        return [i for i, each in enumerate(done) if each == ("write_file", "fold.json")]


class TestProgress:
    def test_it_reports_the_beginning_and_end_of_each_fold(self, speech_store, tmp_path):
        told = []
        serkit.train(
            "majority",
            store=speech_store,
            runs=tmp_path,
            protocol="luna5",
            progress=told.append,
        )
        assert told == [
            Progress(fold, number, 3, *step)
            for number, fold in enumerate("125", start=1)
            for step in ((0, 1, "reading"), (1, 1, "done"))
        ]


class TestKilled:
    """SIGKILL in the middle of training: nothing that looks finished is left."""

    @pytest.fixture
    def start(self, speech_store, tmp_path):
        processes = []

        def begin() -> tuple[subprocess.Popen, Path]:
            runs = tmp_path / "runs"
            command = [sys.executable, "-m", "serkit", "train", "xgboost", "--protocol", "loso"]
            command += ["--set", "rounds=300", "--set", "patience=300"]  # folds of seconds each
            process = subprocess.Popen(
                [*command, "--store", str(speech_store), "--runs", str(runs)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=tmp_path,
            )
            processes.append(process)
            return process, runs

        yield begin
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.wait()

    @pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
    @pytest.mark.parametrize("after", ["config.json", "fold-2/predictions.parquet"])
    def test_a_killed_run_is_never_listed_as_finished(self, start, after):
        process, runs = start()
        while process.poll() is None and not list(runs.glob(f"*/{after}")):
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        (folder,) = runs.iterdir()
        assert not (folder / "run.json").exists()
        finished, problems = list_runs(runs)
        assert finished == []
        assert problems == [
            f"the run {folder.name} is not finished; resume with 'serkit train --resume {folder}'"
        ]
        board = serkit.compare(runs)
        assert board.entries == ()
        assert board.problems == tuple(problems)
        with pytest.raises(RunError, match="is not finished; resume with"):
            serkit.show(folder.name, runs=runs)

    def test_the_record_is_the_very_last_file_written(self, speech_store, tmp_path, monkeypatch):
        written = []
        real = execute.write_file

        def remember(path, data):
            written.append(path.name)
            real(path, data)

        for module in (execute, folds, scores):
            monkeypatch.setattr(module, "write_file", remember)
        made = serkit.train("majority", store=speech_store, runs=tmp_path)
        assert written[0] == "config.json"
        assert written[-1] == "run.json"
        assert read_run(made.path).name == made.name
        newest = max(
            (p for p in made.path.rglob("*") if p.is_file()), key=lambda p: p.stat().st_mtime_ns
        )
        assert newest.name == "run.json"

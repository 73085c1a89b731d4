"""Going on with a run: what is asked of it, what is refused, and what an interruption keeps."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import serkit
from runkit import make_run, make_unfinished
from serkit import FeatureStore
from serkit.errors import (
    NotFoundError,
    RunError,
    StoreWriteError,
    TrainingError,
    TrainingInterrupted,
    UnknownNameError,
    UsageError,
)
from serkit.evaluation.splits import PROTOCOLS
from serkit.experiments import execute, folds, resume
from serkit.experiments.plan import Plan
from serkit.experiments.resume import continued, find_unfinished, holding
from serkit.models import TRAINERS
from serkit.parameters import Parameters
from serkit.results.finding import list_runs
from serkit.trainers.majority import MajorityModel


def broken_in(fold: int, error: BaseException, store: Path, runs: Path) -> None:
    """Train majority, and let it fail in a fold."""
    plain = TRAINERS.get("majority")
    left = [fold]

    def fit(*given):
        left[0] -= 1
        if not left[0]:
            raise error
        return plain.fit(*given)

    trainer = replace(plain, fit=fit)
    plan = Plan(
        trainer=trainer,
        store=FeatureStore(store),
        protocol=PROTOCOLS.get("luna5"),
        preset="best",
        parameters=Parameters(),
        seed=0,
        runs=runs,
        settings={"store": str(store), "runs": str(runs), "definitions": "features/definitions"},
    )
    execute.execute(plan)


@pytest.fixture
def half(speech_store, tmp_path) -> Path:
    """Return a run of majority that was interrupted in its third and last fold."""
    runs = tmp_path / "runs"
    with pytest.raises(TrainingInterrupted):
        broken_in(3, KeyboardInterrupt(), speech_store, runs)
    (folder,) = runs.iterdir()
    return folder


class TestInterrupted:
    def test_it_says_what_is_done_and_how_to_go_on(self, speech_store, tmp_path):
        runs = tmp_path / "runs"
        with pytest.raises(TrainingInterrupted) as caught:
            broken_in(3, KeyboardInterrupt(), speech_store, runs)
        (folder,) = runs.iterdir()
        assert str(caught.value) == (
            f"interrupted; 2 of 3 folds are done; resume with 'serkit train --resume {folder}'"
        )
        assert isinstance(caught.value, KeyboardInterrupt)
        assert list_runs(runs) == (
            [],
            [
                f"the run {folder.name} is not finished; "
                f"resume with 'serkit train --resume {folder}'"
            ],
        )

    def test_an_error_leaves_the_folds_that_are_done(self, speech_store, tmp_path):
        runs = tmp_path / "runs"
        with pytest.raises(TrainingError) as caught:
            broken_in(2, TrainingError("the loss became nan", hint="scale"), speech_store, runs)
        (folder,) = runs.iterdir()
        assert str(caught.value) == (
            "the loss became nan; scale; 1 of 3 folds are done and stay; "
            f"resume with 'serkit train --resume {folder}'"
        )
        assert not (folder / "run.json").exists()
        assert serkit.train(resume=folder).record["folds"] == 3

    def test_a_full_disk_names_the_fold_and_leaves_the_others(
        self, speech_store, tmp_path, monkeypatch
    ):
        saved = []
        real = MajorityModel.save

        def save(model, folder):
            saved.append(folder)
            if len(saved) == 2:
                raise OSError(28, "No space left on device")
            real(model, folder)

        monkeypatch.setattr(MajorityModel, "save", save)
        with pytest.raises(StoreWriteError) as caught:
            serkit.train("majority", store=speech_store, runs=tmp_path, protocol="luna5")
        (folder,) = tmp_path.iterdir()
        assert str(caught.value) == (
            f"cannot write {folder / 'fold-2'} (No space left on device); committed data "
            "are kept; make room (or fix the permissions) and run it again; 1 of 3 folds are done "
            f"and stay; resume with 'serkit train --resume {folder}'"
        )
        assert serkit.train(resume=folder).record["folds"] == 3

    @pytest.mark.parametrize("text", ["", "{", '{"run": "x"}'])
    def test_a_damaged_record_is_written_again_from_its_folds(self, speech_store, tmp_path, text):
        run = serkit.train("majority", store=speech_store, runs=tmp_path, protocol="luna5")
        (run.path / "run.json").write_text(text)
        _, (problem,) = list_runs(tmp_path)
        assert problem.endswith(
            f"; 'serkit train --resume {run.path}' writes it again from the folds that are whole"
        )
        told = []
        again = serkit.train(resume=run.path, progress=told.append)
        assert {step.what for step in told} == {"done before"}
        assert again.predictions.equals(run.predictions)
        assert again.uar == run.uar

    @pytest.mark.parametrize("error", [KeyboardInterrupt(), TrainingError("no")])
    def test_a_resumed_run_is_never_removed(self, half, error, monkeypatch):
        shutil.rmtree(half / "fold-1")
        shutil.rmtree(half / "fold-2")

        def fit(*_):
            raise error

        monkeypatch.setattr(folds, "fit_fold", fit)
        with pytest.raises(type(error)):
            serkit.train(resume=half)
        assert (half / "config.json").is_file()


class TestGoingOn:
    def test_finished_folds_are_read_back(self, half, speech_store, tmp_path):
        told = []
        run = serkit.train(resume=half.name, runs=half.parent, progress=told.append)
        assert [(step.number, step.what) for step in told] == [
            (1, "done before"),
            (2, "done before"),
            (3, "reading"),
            (3, "done"),
        ]
        whole = serkit.train("majority", store=speech_store, runs=tmp_path, protocol="luna5")
        assert run.predictions.equals(whole.predictions)
        assert run.record["notes"] == whole.record["notes"]

    @pytest.mark.parametrize("name", ["fold.json", "predictions.parquet", "model.json"])
    @pytest.mark.parametrize("damage", [b"", b"{}", None])
    def test_an_incomplete_fold_is_trained_again(self, half, name, damage):
        path = half / "fold-1" / name
        path.unlink() if damage is None else path.write_bytes(damage)
        told = []
        run = serkit.train(resume=half, progress=told.append)
        assert (told[0].number, told[0].what) == (1, "reading")
        assert len(run.predictions) == run.record["clips"]

    def test_the_same_model_may_be_named(self, half):
        assert serkit.train("majority", resume=half).name == half.name

    def test_other_versions_and_machines_are_noted(self, half):
        config = json.loads((half / "config.json").read_text())
        begun = {**config["versions"], "numpy": "1.0", "gone": "2.0"}
        now = config["versions"]["numpy"]
        hardware = {**config["hardware"], "processor": "abacus"}
        (half / "config.json").write_text(
            json.dumps({**config, "versions": begun, "hardware": hardware})
        )
        notes = serkit.train(resume=half).record["notes"]
        assert notes == [
            *config["notes"],
            f"resumed with other versions: gone 2.0 -> none, numpy 1.0 -> {now}",
            "resumed on another machine",
        ]


class TestRefusals:
    @pytest.mark.parametrize(
        ("given", "named"),
        [
            ({"protocol": "loso"}, "protocol"),
            ({"seed": 0}, "seed"),
            ({"folds": 2, "preset": "best"}, "preset, folds"),
            ({"values": {"C": 1.0}}, "C"),
        ],
    )
    def test_settings_cannot_be_repeated_when_resuming(self, half, given, named):
        with pytest.raises(UsageError) as caught:
            serkit.train(resume=half, **given)
        assert str(caught.value) == (
            f"{named} cannot be combined with resume: a run keeps its settings; leave that out, "
            f"or train a new run"
        )

    def test_another_model(self, half):
        with pytest.raises(UsageError) as caught:
            serkit.train("logreg", resume=half)
        assert str(caught.value) == (
            f"the run {half.name} trains majority, not logreg; leave the model out"
        )

    def test_neither_model_nor_run(self):
        with pytest.raises(UsageError, match="no model is named; see 'serkit models'"):
            serkit.train()

    def test_a_finished_run(self, half):
        serkit.train(resume=half)
        for name in (str(half), half.name):
            with pytest.raises(RunError) as caught:
                serkit.train(resume=name, runs=half.parent)
            assert str(caught.value) == (
                f"the run {half.name} is finished; see 'serkit show {half.name}'"
            )

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"run": "x"}'])
    def test_a_damaged_config(self, half, text):
        (half / "config.json").write_text(text)
        with pytest.raises(RunError) as caught:
            serkit.train(resume=half)
        assert str(caught.value).startswith(f"{half / 'config.json'} is damaged (")

    def test_clips_that_have_disappeared(self, half, speech_store, tmp_path):
        other = tmp_path / "store"
        shutil.copytree(speech_store, other)
        serkit.synth(tmp_path / "corpus", actors=3, workers=1)
        shutil.rmtree(other)
        serkit.extract(tmp_path / "corpus", store=other, features=["raw"], workers=1)
        with pytest.raises(RunError) as caught:
            serkit.train(resume=half, store=other)
        assert str(caught.value).startswith(
            f"the run {half.name} cannot resume: the clips changed since it started (corpus_digest "
        )
        assert str(caught.value).endswith("; restore what it was started with, or train it again")


class TestContinued:
    OLD = {  # noqa: RUF012
        "run": "r",
        "corpus_digest": "c",
        "feature_fingerprints": {"mel128": "f" * 64},
        "split_digest": "s",
        "folds": 5,
        "values": {"C": 1.0, "scheme": "ovr"},
        "selected_on_test": False,
        "notes": ["first"],
        "versions": {"numpy": "2.0"},
        "hardware": {"processor": "p"},
    }

    @pytest.mark.parametrize(
        ("key", "value", "said"),
        [
            (
                "feature_fingerprints",
                {"mel128": "0"},
                "recipes changed since it started (mel128 fff",
            ),
            ("split_digest", "t", "the folds changed since it started (split_digest s -> t)"),
            ("folds", 4, "the number of folds changed since it started (folds 5 -> 4)"),
            (
                "values",
                {"C": 2.0, "new": 1},
                "parameters changed since it started (C 1.0 -> 2.0, new none -> 1, scheme ovr",
            ),
            ("selected_on_test", True, "what the epoch is chosen on changed since it started ("),
            (
                "processes",
                2,
                "was started with 1 and cannot resume with 2 processes: its random numbers",
            ),
        ],
    )
    def test_everything_that_affects_the_result_must_be_unchanged(self, key, value, said):
        with pytest.raises(RunError) as caught:
            continued(self.OLD, {**self.OLD, key: value})
        assert said in str(caught.value)

    def test_it_is_what_it_was(self):
        assert continued(self.OLD, {**self.OLD, "notes": []}) == self.OLD


class TestFinding:
    @pytest.fixture
    def runs(self, tmp_path) -> Path:
        make_run(tmp_path, "svm-1")
        make_unfinished(tmp_path, "cnn-1")
        make_unfinished(tmp_path, "lstm-1")
        os.utime(tmp_path / "cnn-1" / "config.json", (2e9, 2e9))
        return tmp_path

    @pytest.mark.parametrize(
        ("name", "found"), [("lstm-1", "lstm-1"), ("ls", "lstm-1"), ("last", "cnn-1")]
    )
    def test_by_name_its_beginning_and_age(self, runs, name, found):
        assert find_unfinished(runs, name) == runs / found

    def test_by_path(self, runs, tmp_path):
        assert find_unfinished(tmp_path / "no", str(runs / "cnn-1")) == runs / "cnn-1"

    def test_an_ambiguous_beginning(self, runs):
        make_unfinished(runs, "cnn-2")
        with pytest.raises(UsageError, match="2 runs begin with 'cnn': cnn-1, cnn-2; type more"):
            find_unfinished(runs, "cnn")

    def test_a_finished_one(self, runs):
        with pytest.raises(RunError, match="the run svm-1 is finished; see 'serkit show svm-1'"):
            find_unfinished(runs, "svm")

    def test_an_unknown_one(self, runs):
        with pytest.raises(UnknownNameError) as caught:
            find_unfinished(runs, "cmm-1")
        assert str(caught.value) == (
            "unknown unfinished run 'cmm-1': did you mean 'cnn-1' or 'lstm-1'?; "
            "there are: cnn-1, lstm-1; see 'serkit compare'"
        )

    def test_no_folder(self, tmp_path):
        with pytest.raises(NotFoundError, match="or name another with --runs DIR"):
            find_unfinished(tmp_path / "no", "x")


class TestTwoProcesses:
    def test_the_second_one_says_who_is_at_it(self, half):
        code = (
            "import sys\n"
            "from pathlib import Path\n"
            "from serkit.experiments.resume import holding\n"
            "with holding(Path(sys.argv[1])):\n"
            "    print('held', flush=True)\n"
            "    input()\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(half)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        try:
            assert process.stdout.readline() == "held\n"
            with pytest.raises(RunError) as caught:
                serkit.train(resume=half)
        finally:
            process.communicate("\n")
        said = str(caught.value)
        assert said.startswith(f"the run {half.name} is being trained by process {process.pid} on ")
        assert said.endswith("; wait for it, or end it first")
        assert serkit.train(resume=half).name == half.name

    def test_a_run_is_held_from_its_beginning(self, speech_store, tmp_path, monkeypatch):
        real, refused = folds.fit_fold, []

        def fit(*given):
            (folder,) = tmp_path.glob("majority-*")
            with pytest.raises(RunError, match="is being trained by process"), holding(folder):
                pass
            refused.append(folder)
            return real(*given)

        monkeypatch.setattr(folds, "fit_fold", fit)
        serkit.train("majority", store=speech_store, runs=tmp_path, protocol="luna5")
        assert len(refused) == 3


def test_files_for_resuming_are_removed_at_the_end(half):
    assert (half / resume.WORK).is_dir()
    serkit.train(resume=half)
    assert sorted(path.name for path in half.iterdir()) == [
        "config.json",
        *("fold-1", "fold-2", "fold-3"),
        *("predictions.parquet", "run.json", "split.json"),
    ]

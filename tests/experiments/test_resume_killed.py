"""SIGKILL at a moment, then ``--resume``: the same result as of a run that nobody broke."""

from __future__ import annotations

import json
import os
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

import serkit
from killkit import run_killed
from netkit import QUICK, TINY, make_store
from serkit.results.run import Run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")

TIMES = {"train_seconds", "predict_seconds"}


def told(run: Run) -> list[dict]:
    """Return all that a run's folds say but times, and checksums of files that hold times."""
    return [
        {key: value for key, value in fold.items() if key not in TIMES | {"files"}}
        for fold in run.record["fold_scores"]
    ]


def assert_same(run: Run, whole: Run) -> None:
    pd.testing.assert_frame_equal(run.predictions, whole.predictions, check_exact=True)
    assert told(run) == told(whole)
    same = ("uar", "log_loss", "confusion", "parameters", "epochs", "values", "split_digest")
    assert {key: run.record[key] for key in same} == {key: whole.record[key] for key in same}


def rows(workdir: Path) -> int:
    """Return how many epochs a checkpoint knows of."""
    import numpy as np

    with np.load(workdir / "checkpoint.npz") as file:
        return len(json.loads(file["facts"].tobytes())["rows"])


NET = {**QUICK, **TINY["ffnn"], "epochs": 4, "mixup": 0.2, "gain": 0.1, "dropout": 0.3}


@pytest.mark.skipif(not find_spec("tensorflow"), reason="needs TensorFlow")
def test_a_net_resumes_after_every_kill(tmp_path):
    """It has dropout, batch norms, mixup, and a schedule of the learning rate."""
    store, runs = make_store(tmp_path, shortest=4200), tmp_path / "runs"
    given = {"protocol": "loso", "folds": 2, "values": NET, "seed": 5}
    whole = serkit.train("ffnn", store=store, runs=tmp_path / "whole", **given)
    values = [f"--set={key}={value}" for key, value in NET.items()]
    first = ("train", "ffnn", "--protocol", "loso", "--folds", 2, "--seed", 5, *values)
    again = ("train", "--resume", "last")
    # A fold trains on 8 clips in one batch an epoch.
    run_killed("step 3", *first, "--store", store.path, cwd=tmp_path)
    (folder,) = runs.iterdir()
    assert rows(folder / "work" / "fold-1") == 2
    run_killed("checkpoint 1", *again, cwd=tmp_path)
    assert rows(folder / "work" / "fold-1") == 2
    assert list((folder / "work" / "fold-1").glob(".*.tmp"))
    run_killed("model 2", *again, cwd=tmp_path)
    assert (folder / "fold-1" / "fold.json").is_file()
    assert (folder / "fold-2" / "model.weights.h5").is_file()
    assert not (folder / "fold-2" / "fold.json").is_file()
    done = serkit.train(resume="last", runs=runs)
    assert_same(done, whole)
    timeless = [run.history.drop(columns="seconds") for run in (done, whole)]
    pd.testing.assert_frame_equal(*timeless, check_exact=True)
    for number, (_, epochs) in enumerate(done.history.groupby("fold", sort=False)):
        assert len(epochs) == 4
        assert done.record["fold_scores"][number]["train_seconds"] > epochs["seconds"].sum()
    assert done.record["seconds"] > done.record["train_seconds"]
    assert not (folder / "work").exists()


@pytest.fixture(scope="module")
def whole(speech_store, tmp_path_factory) -> Run:
    given = {"protocol": "luna5", "values": {"C": 1.0}}
    return serkit.train(
        "logreg", store=speech_store, runs=tmp_path_factory.mktemp("whole"), **given
    )


class TestFolds:
    @pytest.mark.parametrize(
        ("moment", "folds"),
        [
            ("before split.json 1", 0),
            ("before predictions.parquet 2", 1),
            ("after fold.json 2", 2),
            ("before run.json 1", 3),
        ],
    )
    def test_resumes_after_finished_folds(
        self, speech_store, whole, tmp_path, monkeypatch, moment, folds
    ):
        runs = tmp_path / "runs"
        given = ("--protocol", "luna5", "--set", "C=1", "--store", speech_store, "--runs", runs)
        run_killed(moment, "train", "logreg", *given, cwd=tmp_path)
        (folder,) = runs.iterdir()
        done = sorted(folder.glob("fold-*/fold.json"))
        assert len(done) == folds
        before = [path.stat().st_mtime_ns for path in done]
        fitted = []

        def seen(progress):
            if progress.what == "reading":
                fitted.append(progress.fold)

        run = serkit.train(resume=folder, progress=seen)
        assert_same(run, whole)
        assert fitted == ["1", "2", "5"][folds:]
        assert [path.stat().st_mtime_ns for path in done] == before
        assert run.path == folder
        assert not (folder / "work").exists()

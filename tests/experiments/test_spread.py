"""Folds that workers fit make the same run as folds that are fitted here."""

from __future__ import annotations

import json
import time

import pytest

import serkit
from serkit.errors import RunError, TrainingError, UsageError
from serkit.experiments.plan import split_of
from serkit.experiments.request import Request, resolve_plan
from serkit.experiments.spread import FoldTask, run_fold_task
from serkit.models import Tracking

pytest.importorskip("distributed")

TIMES = {
    *("run", "created", "seconds", "train_seconds", "predict_seconds", "peak_memory_bytes"),
    *("settings", "hardware", "versions", "fold_scores"),
}


def files_of(run):
    return sorted(p.relative_to(run.path).as_posix() for p in run.path.rglob("*") if p.is_file())


def test_the_run_is_the_same(speech_store, dask_scheduler, tmp_path):
    told = []
    request = {
        "store": speech_store,
        "protocol": "luna5",
        "folds": 2,
        "values": {"C": 1.0, "features": "change_deviation"},
    }
    here = serkit.train("logreg", runs=tmp_path / "here", **request)
    began = time.perf_counter()
    there = serkit.train(
        "logreg",
        runs=tmp_path / "there",
        engine="dask",
        scheduler=dask_scheduler,
        progress=told.append,
        **request,
    )
    elapsed = time.perf_counter() - began
    assert there.predictions.equals(here.predictions)
    assert files_of(there) == files_of(here)
    same = here.record.keys() - TIMES
    assert same == there.record.keys() - TIMES
    assert {key: there.record[key] for key in same} == {key: here.record[key] for key in same}
    for mine, theirs in zip(here.record["fold_scores"], there.record["fold_scores"], strict=True):
        assert (mine["uar"], mine["chosen"]) == (theirs["uar"], theirs["chosen"])
    assert there.record["seconds"] < elapsed  # the workers' time is not counted once more
    assert [each.number for each in told if each.what == "done"] == list(
        range(1, len(here.record["fold_scores"]) + 1)
    )


@pytest.fixture
def task(speech_store, tmp_path):
    plan = resolve_plan(
        Request(model="majority", store=speech_store, protocol="luna5", runs=tmp_path)
    )
    folds = split_of(plan).folds
    folder = tmp_path / "run"
    (folder / "work").mkdir(parents=True)
    return FoldTask(plan, folds[0], 1, len(folds), folder, Tracking())


def test_a_worker_says_where_it_does_not_see_the_run(task):
    (task.folder / "work").rmdir()
    with pytest.raises(RunError, match=r"a worker does not see the run's folder .*run; put store"):
        run_fold_task(task)


def test_a_fold_is_trained_by_one_worker_at_a_time(task, monkeypatch):
    from serkit.storage.lock import folder_lock

    monkeypatch.setattr("serkit.experiments.spread._LET_GO", 0.0)
    lock = folder_lock(task.folder / "work" / "fold-1.lock", "it", lambda _: AssertionError())
    with lock, pytest.raises(RunError, match=r"fold 1 of run is still being trained by process"):
        run_fold_task(task)
    assert run_fold_task(task) == 1
    assert json.loads((task.folder / "fold-1" / "fold.json").read_text())["fold"] == "1"


def test_an_error_of_a_fold_is_the_runs(speech_store, dask_scheduler, tmp_path):
    with pytest.raises(TrainingError, match="could not be fitted in fold"):
        serkit.train(
            _failing(),
            store=speech_store,
            features=["change_deviation"],
            runs=tmp_path,
            engine="dask",
            scheduler=dask_scheduler,
        )


def _failing():
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(solver="newton-cg", l1_ratio=2.0, penalty="l1")


def test_engine_and_torchrun_do_not_go_together(speech_store, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(UsageError, match="engine dask under torchrun: both would share out"):
        serkit.train("majority", store=speech_store, runs=tmp_path, engine="dask")

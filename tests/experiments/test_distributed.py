"""Several processes by torchrun: one run, shared fits, and going on with it after a kill."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

import killkit
import serkit
from serkit.errors import RunError, UsageError
from serkit.results.run import Run, read_run
from speechkit import make_checkpoint, make_store

TOGETHER = pytest.mark.skipif(
    os.name == "nt" or not find_spec("transformers"), reason="needs transformers and SIGKILL"
)


def torchrun(home: Path, *command: object) -> subprocess.CompletedProcess[str]:
    """Start a command of Python's in two processes that know of each other."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", 2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*map(str, launch), *map(str, command)],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


TRAIN = (
    *("train", "wav2vec2", "--checkpoint", "tiny", "--device", "cpu", "--store", "store"),
    *("--protocol", "loso", "--folds", 2, "--epochs", 3, "--batch-size", 4, "--json"),
    *("--set", "accumulation=2", "--set", "trim_db=0"),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("team")
    make_checkpoint(folder / "tiny")
    make_store(folder, "raw")
    return folder


@pytest.fixture(scope="module")
def whole(home) -> subprocess.CompletedProcess[str]:
    return torchrun(home, "-m", "serkit", *TRAIN, "--runs", "whole")


@TOGETHER
def test_one_process_writes_and_reports_the_run(home, whole):
    assert whole.returncode == 0, whole.stderr
    told = json.loads(whole.stdout)
    (folder,) = (home / "whole").iterdir()
    assert told["run"] == folder.name
    assert [fold["epochs"] for fold in told["fold_scores"]] == [3, 3]
    assert whole.stderr.count("only the first 2 of 4 folds") == 1
    assert "find_unused_parameters" not in whole.stderr


def facts(run: Run) -> list[dict]:
    """Return what the folds say but times."""
    said = ("fold", "uar", "parameters", "epochs", "chosen")
    return [{key: fold[key] for key in said} for fold in run.record["fold_scores"]]


@TOGETHER
def test_a_killed_run_resumes_with_the_same_result(home, whole):
    assert whole.returncode == 0, whole.stderr
    # A fold has three epochs: it dies in the second epoch of the second fold.
    killed = torchrun(home, killkit.__file__, "course 5", *TRAIN, "--runs", "runs")
    assert killed.returncode != 0
    assert "SIGKILL" in killed.stderr
    (folder,) = (home / "runs").iterdir()
    assert (folder / "fold-1" / "fold.json").is_file()
    assert not (folder / "work" / "fold-1").exists()
    work = folder / "work" / "fold-2"
    # Each process notes the state of its random numbers: both were of one training.
    assert {p.name for p in work.glob("*/rng_state_*")} == {"rng_state_0.pth", "rng_state_1.pth"}
    assert len(list(work.glob("checkpoint-*/course.json"))) == 1

    done = torchrun(home, "-m", "serkit", "train", "--resume", folder)

    assert done.returncode == 0, done.stderr
    one, other = read_run(folder), read_run(next((home / "whole").iterdir()))
    pd.testing.assert_frame_equal(one.predictions, other.predictions, check_exact=True)
    assert facts(one) == facts(other)
    timeless = [run.history.drop(columns="seconds") for run in (one, other)]
    pd.testing.assert_frame_equal(*timeless, check_exact=True)
    assert not (folder / "work").exists()


@TOGETHER
def test_it_does_not_go_on_in_another_number_of_processes(home, whole, tmp_path, monkeypatch):
    assert whole.returncode == 0, whole.stderr
    (finished,) = (home / "whole").iterdir()
    folder = tmp_path / finished.name
    shutil.copytree(finished, folder)
    (folder / "run.json").unlink()
    monkeypatch.chdir(home)  # where the store and the checkpoint are
    with pytest.raises(RunError) as error:
        serkit.train(resume=folder)
    assert str(error.value) == (
        f"the run {folder.name} was started with 2 and cannot resume with 1 process: its random "
        f"numbers "
        "would differ; use 'torchrun --nproc-per-node 2 -m serkit train --resume ...'"
    )
    (problem,) = serkit.compare(tmp_path).problems
    assert f"torchrun --nproc-per-node 2 -m serkit train --resume {folder}" in problem


@pytest.mark.skipif(not find_spec("transformers"), reason="needs transformers")
@pytest.mark.parametrize(
    ("processes", "accumulation", "together"),
    [(1, 4, (32, 4)), (2, 4, (32, 2)), (2, 1, (16, 1)), (3, 4, (10, 4)), (8, 4, (16, 1))],
)
def test_a_step_stays_as_large(monkeypatch, processes, accumulation, together):
    from serkit.models.speech.job import Job

    monkeypatch.setenv("WORLD_SIZE", str(processes))
    parameters = SimpleNamespace(batch_size=32, accumulation=accumulation)
    job = Job(None, parameters, None, None, None, None)
    assert (job.batch_size, job.accumulation) == together


@pytest.mark.parametrize("told", ["two", "0", "-1"])
def test_an_environment_without_a_number(speech_store, tmp_path, monkeypatch, told):
    monkeypatch.setenv("WORLD_SIZE", told)
    with pytest.raises(UsageError, match=f"^WORLD_SIZE = '{told}' in the environment; use tor"):
        serkit.train("majority", store=speech_store, runs=tmp_path)


@TOGETHER
def test_an_environment_that_does_not_say_where_to_meet(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with pytest.raises(UsageError, match=r"MASTER_ADDR.*; start them by torchrun, or unset WORLD_"):
        serkit.train("wav2vec2")


def test_a_model_that_trains_in_one_process_is_refused(speech_store, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(UsageError) as error:
        serkit.train("logreg", store=speech_store, runs=tmp_path)
    assert str(error.value) == (
        "2 processes were started, but logreg trains in one; run the command without torchrun"
    )
    assert not list(tmp_path.iterdir())

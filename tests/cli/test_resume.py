"""``serkit train --resume`` and the flags beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from killkit import run_killed
from serkit.errors import TrainingInterrupted
from serkit.models import TRAINERS


@pytest.fixture
def killed(speech_store, tmp_path) -> Path:
    """Return a run of majority that was killed behind its first fold."""
    if os.name == "nt":
        pytest.skip("needs SIGKILL")
    run_killed("after fold.json 1", "train", "majority", "--store", speech_store, cwd=tmp_path)
    (folder,) = (tmp_path / "runs").iterdir()
    return folder


class TestResume:
    def test_the_command_shown_by_compare_works(self, cli, killed):
        (said,) = cli("compare", "--json").err.splitlines()
        assert said == (
            f"serkit: the run {killed.name} is not finished; "
            f"resume with 'serkit train --resume {killed.name}'"
        )
        _, command, _ = said.split("'")
        answer = cli(*command.split()[1:], "--json")
        assert answer.code == 0
        assert answer.json["run"] == killed.name
        again = cli(*command.split()[1:])
        assert (again.code, again.message) == (
            1,
            f"the run {killed.name} is finished; see 'serkit show {killed.name}'",
        )

    def test_flags_that_change_the_result_are_refused(self, cli, killed):
        flags = ("--epochs", 3, "--set", "x=1", "--seed", 0, "--folds", 2)
        answer = cli("train", "--resume", killed.name, *flags)
        assert (answer.code, answer.message) == (
            2,
            "seed, folds, x, epochs cannot be combined with resume: a run keeps its settings; "
            "leave that out, or train a new run",
        )

    def test_the_model_may_be_named_but_no_other(self, cli, killed):
        answer = cli("train", "logreg", "--resume", "last")
        assert (answer.code, answer.message) == (
            2,
            f"the run {killed.name} trains majority, not logreg; leave the model out",
        )
        assert cli("train", "majority", "--resume", "last", "--json").code == 0

    def test_an_unknown_run(self, cli, killed):
        answer = cli("train", "--resume", "nosuch")
        assert answer.code == 2
        assert answer.message.startswith("unknown unfinished run 'nosuch'; there are: majority-")


def test_interrupted_it_says_what_is_done_and_leaves_with_130(cli, speech_store, monkeypatch):
    def interrupted(*_, **__):
        raise TrainingInterrupted("r", 2, 5, "serkit train --resume r")

    monkeypatch.setattr("serkit.api.train", interrupted)
    answer = cli("train", "majority", "--store", speech_store)
    assert (answer.code, answer.message) == (
        130,
        "interrupted; 2 of 5 folds are done; resume with 'serkit train --resume r'",
    )


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            "logreg --epochs 3",
            "unknown parameter of logreg 'epochs'; there are: "
            f"{', '.join(sorted(TRAINERS.get('logreg').parameters.declared()))}",
        ),
        (
            "xgboost --precision float16",
            "unknown parameter of xgboost 'precision'; there are: "
            f"{', '.join(sorted(TRAINERS.get('xgboost').parameters.declared()))}",
        ),
        (
            "cnn --precision float8",
            "precision = 'float8' is not allowed; one of 'float32', 'bfloat16', 'float16' is",
        ),
        (
            "cnn --backend theano",
            "backend = 'theano' is not allowed; one of 'tensorflow', 'jax', 'torch' is",
        ),
        (
            "majority --mlflow logs",
            "majority is not trained in epochs: there is nothing to log; "
            "leave out --tensorboard and --mlflow",
        ),
    ],
)
def test_a_flag_that_a_model_cannot_obey_is_refused(cli, speech_store, flags, message):
    answer = cli("train", *flags.split(), "--store", speech_store)
    assert (answer.code, answer.message) == (2, message)

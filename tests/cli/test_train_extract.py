"""``serkit train MODEL --extract SRC``: features and run by one command."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest
from typer.testing import CliRunner

import serkit
from serkit.cli import app
from serkit.errors import UsageError


@pytest.mark.skipif(not find_spec("transformers"), reason="needs transformers")
def test_the_best_published_recipe_is_one_command(tmp_path, monkeypatch):
    """On a tiny checkpoint with random weights: layer and C are chosen, every speaker is tested."""
    from speechkit import make_checkpoint, make_clips

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SERKIT_WORKERS", "1")
    make_checkpoint(tmp_path / "models" / "tiny")
    source = make_clips(tmp_path / "corpus", actors=3)
    arguments = ["train", "probe", "--checkpoint", "models/tiny", "--protocol", "loso"]
    arguments += ["--set", "max_iter=10"]
    result = CliRunner().invoke(app, [*arguments, "--extract", str(source), "--json"])
    assert result.exception is None, result.stderr
    found = json.loads(result.stdout)
    assert [each["clips"] for each in found["fold_scores"]] == [8, 8, 8]
    assert all({"layer", "C"} <= each["chosen"].keys() for each in found["fold_scores"])
    assert found["features"][0]["name"] == "embeddings-tiny"


def test_what_is_there_is_not_computed_again(speech, speech_store):
    found = serkit.extract_for("svm", speech, store=speech_store, workers=1)
    assert (found.computed, found.reused) == (0, 96)


def test_copies_in_other_voices_are_extracted_too(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr("serkit.api.features.extract", lambda *_, **options: asked.append(options))
    serkit.extract_for("lstm", tmp_path)
    serkit.extract_for("lstm", tmp_path, preset="mel")
    assert [each["features"] for each in asked] == [
        [
            *("tracks40", "functionals"),
            *("tracks40-speed090", "functionals-speed090"),
            *("tracks40-speed110", "functionals-speed110"),
        ],
        ["mel128"],
    ]


def test_what_teachers_read_is_extracted_too(monkeypatch, tmp_path, speech_runs):
    """A student on its own features would else stop for want of its teachers'."""
    asked = []
    monkeypatch.setattr("serkit.api.features.extract", lambda *_, **options: asked.append(options))
    values = {"teachers": "logreg-luna5"}
    serkit.extract_for("ffnn", tmp_path, values=values, runs=speech_runs)
    assert asked[0]["features"] == ["mel128", "functionals"]


def test_a_model_of_finished_runs_reads_nothing_itself(tmp_path):
    with pytest.raises(UsageError) as caught:
        serkit.extract_for("ensemble", tmp_path)
    assert str(caught.value) == (
        "ensemble combines finished runs and reads what they read; extract for its members"
    )


def test_one_store_for_one_model(tmp_path):
    for arguments in (["--resume", "last"], ["svm", "--store", "a", "--store", "b"]):
        result = CliRunner().invoke(app, ["train", *arguments, "--extract", str(tmp_path)])
        assert str(result.exception) == (
            "--extract fills one store for one model; run 'serkit extract' for each store, or "
            "leave out --resume"
        )

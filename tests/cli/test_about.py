"""``serkit models``, ``protocols``, ``doctor``, ``demo``."""

from __future__ import annotations

from pathlib import Path

import pytest

import serkit
from serkit.cli import about
from serkit.evaluation.splits import PROTOCOLS
from serkit.models import TRAINERS


class TestModels:
    def test_json_lists_every_model(self, cli):
        answer = cli("models", "--json")
        assert (answer.code, answer.err) == (0, "")
        assert [row["model"] for row in answer.json] == list(TRAINERS.names())
        for row in answer.json:
            assert row.keys() >= {"model", "summary", "presets", "parameters"}
            assert "best" in row["presets"]

    def test_one_is_shown_in_full(self, cli):
        found = cli("models", "logreg", "--json").json
        schemes = found["parameters"]["scheme"]["presets"]
        assert schemes["best"] == "multinomial"
        assert schemes["notebook"] == "ovr"
        text = cli("models", "logreg").out
        for name, parameter in TRAINERS.get("logreg").parameters.declared().items():
            assert name in text
            assert set(parameter.help.split()) <= set(text.split())  # over several lines

    def test_presets_stand_beside_the_first_only_where_they_differ(self, cli):
        rows = [" ".join(line.split()) for line in cli("models", "lstm").out.splitlines()]
        assert any(row.startswith("features tracks40 mel128 in mel, notebook,") for row in rows)
        assert any("128,64 in notebook-4-layer" in row for row in rows)
        assert "1024,512 in notebook-1024" in rows

    def test_long_lists_of_names_are_folded_after_a_comma(self):
        said = serkit.describe_model("lstm").parameters["copies"].elsewhere().splitlines()
        assert said[:2] == ["speed090,speed110,white10,telephone,", "murmur10 in robust"]
        assert said[2].startswith("none in mel, notebook,")

    def test_in_words(self, cli):
        text = cli("models").out
        for name in TRAINERS.names():
            assert set(TRAINERS.get(name).summary.split()) <= set(text.split())


class TestProtocols:
    def test_json_lists_every_protocol(self, cli):
        found = cli("protocols", "--json").json
        of_several = ["cross:A->B", "leave-one-corpus-out"]
        names = [*PROTOCOLS.names(), "split", *of_several]
        assert [row["protocol"] for row in found] == names
        independent = {row["protocol"]: row["speaker_independent"] for row in found}
        assert independent["luna5"] is True
        assert independent["random5"] is False

    def test_it_says_for_which_corpora_each_is(self, cli):
        corpora = {row["protocol"]: row["corpora"] for row in cli("protocols", "--json").json}
        assert corpora["emobox6"] == ["ravdess", "synthetic"]
        assert [corpora[name] for name in ("speaker5", "loso", "split")] == [[], [], []]
        lines = {
            line.split()[0]: line for line in cli("protocols").out.splitlines() if line.strip()
        }
        assert " ravdess" in lines["emobox6"]
        assert " any " in lines["speaker5"]

    def test_in_words_it_says_which_are_inflated(self, cli):
        lines = cli("protocols").out.splitlines()
        (random5,) = (line for line in lines if line.split()[:1] == ["random5"])
        assert " NO " in random5


class TestDoctor:
    def test_json(self, cli):
        found = cli("doctor", "--json").json
        assert found.keys() >= {"python", "hardware", "packages"}
        rows = {row["package"]: row for row in found["packages"]}
        assert rows["numpy"]["version"]
        assert rows["numpy"]["install"] is None
        assert found["hardware"]["cores"] >= 1

    def test_missing_packages_show_their_install_command(self, cli, monkeypatch):
        from serkit.compute import environment

        real = environment._version
        monkeypatch.setattr(environment, "_version", lambda n: None if n == "torch" else real(n))
        rows = {row["package"]: row for row in cli("doctor", "--json").json["packages"]}
        assert (rows["torch"]["version"], rows["torch"]["install"]) == (
            None,
            "pip install 'serkit[torch]'",
        )
        (line,) = (each for each in cli("doctor").out.splitlines() if " torch " in f" {each} ")
        assert "missing" in line
        assert "pip install 'serkit[torch]'" in line


@pytest.fixture
def small_corpus(monkeypatch):
    """Let the demo's corpus have 16 clips an actor."""
    from serkit.synthesis import corpus

    every = corpus.clip_names(3)
    few = [n for n in every if n[15:17] == "01" and (n[9:11] == "02" or n[6:8] == "01")]
    monkeypatch.setattr(corpus, "clip_names", lambda _actors: tuple(few))


def test_the_demo_shows_every_model_and_what_a_random_split_adds():
    by_actor = {model for model, protocol, *_ in about._DEMO_RUNS if protocol == "speaker5"}
    assert by_actor == {"majority", "logreg", "svm", "xgboost", "transformer"}
    assert {model for model, protocol, *_ in about._DEMO_RUNS if protocol == "random5"} <= by_actor


def test_the_demo_runs_the_whole_pipeline(cli, small_corpus, monkeypatch):
    runs = [("majority", "speaker5"), ("svm", "speaker5"), ("svm", "random5")]
    monkeypatch.setattr(about, "_DEMO_RUNS", [(*run, "best", {}) for run in runs])
    answer = cli("demo", "here", "--actors", 3, "--workers", 1, "--json")
    assert answer.code == 0
    rows = answer.json
    assert {(row["model"], row["protocol"]) for row in rows} == set(runs)
    assert all(row["synthetic"] for row in rows)
    assert any(row["optimism_gap"] is not None for row in rows)
    steps = [line for line in answer.err.splitlines() if line.startswith("serkit: serkit ")]
    assert [step.split()[2] for step in steps] == ["synth", "extract", *["train"] * 3, "compare"]
    assert answer.err.splitlines()[-1] == "serkit: everything is in here"
    assert "serkit: cd here" in answer.err.splitlines()
    assert steps[0] == "serkit: serkit synth corpus --actors 3"
    assert steps[-2:] == [
        "serkit: serkit train svm --protocol random5",
        "serkit: serkit compare",
    ]
    assert Path("here/corpus/Actor_03").is_dir()
    monkeypatch.chdir("here")  # where the commands are meant to be typed
    assert cli("compare", "--json").json == rows
    trained = cli(*steps[2].removeprefix("serkit: serkit ").split(), "--json")
    assert trained.json["model"] == "majority"


def test_the_command_line_lists_a_recipe_that_cannot_be_found_as_left_out(cli, tmp_path):
    (tmp_path / "features" / "definitions").mkdir(parents=True)
    (tmp_path / "features" / "definitions" / "gone.toml").write_text(
        'extractor = "embeddings"\n[parameters]\ncheckpoint = "./gone"\n'
    )
    answer = cli("features")
    assert answer.code == 0
    assert "mel128" in answer.out
    assert "serkit: the recipe gone is skipped: no checkpoint './gone';" in answer.err


def test_the_demo_works_without_a_framework(cli, small_corpus, monkeypatch):
    monkeypatch.setattr(
        about, "_DEMO_RUNS", (("majority", "speaker5", "best", {}), about._DEMO_RUNS[-1])
    )
    monkeypatch.setattr("serkit.extras.installed", lambda package: package != "tensorflow")
    monkeypatch.setattr("serkit.models.keras.trainer.loaded_backend", lambda backend: backend)
    answer = cli("demo", "--actors", 3, "--workers", 1, "--json")
    assert answer.code == 0
    assert "serkit: everything is in a temporary folder; 'serkit demo DEST' keeps it" in answer.err
    assert "/" not in next(line for line in answer.err.splitlines() if " synth " in line)
    assert "transformer is skipped: the package tensorflow is not installed" in answer.err
    assert "pip install 'serkit[tensorflow]'" in answer.err

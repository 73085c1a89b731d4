"""``serkit train``, ``compare``, ``show``: results on stdout, all else on stderr."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from runkit import make_run, make_unfinished

TRAIN_KEYS = {
    *("run", "model", "preset", "protocol", "seed", "parameters", "uar", "uar_low", "uar_high"),
    *("accuracy", "macro_f1", "folds", "actors", "clips", "seconds"),
}
COMPARE_KEYS = TRAIN_KEYS | {
    *("corpus", "selected_on_test", "synthetic", "transductive", "published"),
    "distinguishable_from_best",
}
RATES = ("uar", "uar_low", "uar_high", "accuracy", "macro_f1")


@pytest.fixture
def train(cli, speech_store):
    return lambda *arguments: cli("train", *arguments, "--store", speech_store)


class TestTrain:
    def test_json(self, train):
        answer = train("majority", "--json")
        assert answer.code == 0
        found = answer.json
        assert found.keys() >= TRAIN_KEYS
        assert (found["model"], found["preset"], found["protocol"]) == ("majority", "best", "luna5")
        assert (found["seed"], found["folds"], found["actors"], found["clips"]) == (0, 3, 6, 96)
        assert all(0 <= found[rate] <= 1 for rate in RATES)

    def test_notes_go_to_stderr(self, train):
        lines = train("majority", "--json").err.splitlines()
        assert lines[0].startswith("serkit: speakers 7, 8, 9, ")
        assert lines[1:] == ["serkit: 3 of 5 folds remain"]

    def test_the_run_is_in_the_requested_folder(self, train):
        name = train("majority", "--runs", "mine", "--json").json["run"]
        record = json.loads(Path("mine", name, "run.json").read_text())
        assert record["run"] == name
        assert record["settings"]["runs"] == "mine"

    def test_flags_are_obeyed(self, train):
        found = train(
            *("logreg", "--protocol", "speaker5", "--preset", "notebook"),
            *("--set", "C=0.5", "--set", "max_iter = 5000", "--seed", 7, "--json"),
        ).json
        assert (found["protocol"], found["preset"], found["seed"]) == ("speaker5", "notebook", 7)
        assert (found["values"]["C"], found["values"]["max_iter"]) == (0.5, 5000)
        assert found["values"]["scheme"] == "ovr"

    def test_settings_are_obeyed_and_flags_go_before_them(self, train, monkeypatch):
        Path("serkit.toml").write_text('protocol = "loso"\nseed = 1\npreset = "notebook"\n')
        monkeypatch.setenv("SERKIT_SEED", "2")
        found = train("majority", "--protocol", "speaker5", "--json").json
        assert (found["protocol"], found["seed"], found["preset"]) == ("speaker5", 2, "notebook")
        assert found["settings"]["seed"] == 2

    def test_hyphens_and_underscores_are_the_same(self, train):
        assert train("majority", "--protocol", "notebook_lstm", "--json").json["protocol"] == (
            "notebook-lstm"
        )

    def test_in_words(self, train):
        answer = train("majority", "--seed", 3)
        assert answer.code == 0
        assert "majority (best) on synthetic, luna5, 3 folds, 6 speakers, 96 clips, seed 3" in (
            answer.out
        )
        assert "stamped: synthetic" in answer.out
        for word in ("UAR %", "confusion", "folds", "log loss", "UAR % female", "UAR % strong"):
            assert word in answer.out

    def test_a_model_without_selection_is_not_stamped_on_the_study_s_protocol(self, train):
        answer = train("logreg", "--preset", "notebook", "--protocol", "notebook")
        assert "stamped: synthetic\n" in answer.out
        assert "selected-on-test" not in answer.out

    def test_the_choosing_behind_a_run_is_counted(self, train):
        answer = train("logreg", "--set", "C=1", "--protocol", "loso")
        assert (
            "preset chosen on luna5 inner folds of 20 actors of ravdess; test clips seen by 1 run "
            "of this model, 1 setting, in this folder"
        ) in " ".join(answer.out.split())


class TestCompare:
    def test_json(self, cli, speech_runs):
        answer = cli("compare", "--runs", speech_runs, "--json")
        assert (answer.code, answer.err) == (0, "")
        rows = answer.json
        assert isinstance(rows, list)
        assert len(rows) == 4
        for row in rows:
            assert row.keys() >= COMPARE_KEYS
            assert all(0 <= row[rate] <= 1 for rate in RATES)
            assert row["synthetic"] is True
            assert row["published"] is False

    def test_best_first_in_each_protocol(self, cli, speech_runs):
        rows = cli("compare", "--runs", speech_runs, "--json").json
        luna5 = [row for row in rows if row["protocol"] == "luna5"]
        assert [row["model"] for row in luna5] == ["logreg", "majority"]
        assert [row["distinguishable_from_best"] for row in luna5] == [False, None]  # 6 speakers
        assert [row["protocol"] for row in rows] == sorted(row["protocol"] for row in rows)

    def test_the_optimism_gap_is_between_the_same_model_s_runs(self, cli, speech_runs):
        rows = {
            (row["model"], row["protocol"]): row
            for row in cli("compare", "--runs", speech_runs, "--json").json
        }
        honest, inflated = rows["logreg", "luna5"], rows["logreg", "random5"]
        assert honest["optimism_gap"] == pytest.approx(inflated["uar"] - honest["uar"])
        assert rows["majority", "luna5"]["optimism_gap"] is None

    def test_one_protocol(self, cli, speech_runs):
        rows = cli("compare", "--runs", speech_runs, "--protocol", "random5", "--json").json
        assert [row["protocol"] for row in rows] == ["random5"]

    def test_in_words(self, cli, speech_runs):
        answer = cli("compare", "--runs", speech_runs)
        assert answer.code == 0
        assert "luna5 on synthetic" in answer.out
        said = " ".join(answer.out.split())
        assert "no verdicts: 6 test speakers cannot tell models apart" in said
        assert "the same speakers are trained and tested on" in said
        assert max(map(len, answer.out.splitlines())) <= 100

    def test_csv(self, cli, speech_runs):
        rows = list(csv.DictReader(io.StringIO(cli("compare", "--runs", speech_runs, "--csv").out)))
        assert all(isinstance(json.loads(row["given"]), dict) for row in rows)
        assert len(rows) == 4
        assert rows[0].keys() >= COMPARE_KEYS

    def test_markdown(self, cli, speech_runs):
        lines = cli("compare", "--runs", speech_runs, "--markdown").out.splitlines()
        assert lines[0] == "### luna5 on synthetic"
        assert lines[2].startswith("|  | model | UAR % |")

    def test_published_results_stand_beside_real_runs_only(self, cli, speech_runs, tmp_path):
        made_up = cli("compare", "--runs", speech_runs, "--published", "--json").json
        assert not any(row["published"] for row in made_up)
        make_run(tmp_path / "runs", "real")
        rows = cli("compare", "--published", "--json").json
        assert {row["protocol"] for row in rows} == {"luna5"}
        published = [row["model"] for row in rows if row["published"]]
        assert len(published) == 3
        assert "247 people listening, audio alone" in published
        assert all(row.keys() >= COMPARE_KEYS for row in rows)

    @pytest.mark.parametrize("form", ["--json", "--csv", "--markdown"])
    def test_unfinished_runs_are_listed_on_stderr(self, cli, tmp_path, form):
        make_run(tmp_path / "runs", "good")
        make_unfinished(tmp_path / "runs", "half")
        answer = cli("compare", form)
        assert (
            answer.err
            == "serkit: the run half is not finished; resume with 'serkit train --resume half'\n"
        )
        assert "half" not in answer.out

    def test_the_sentence_is_below_the_table(self, cli, tmp_path):
        make_unfinished(tmp_path / "runs", "half")
        assert (
            "note: the run half is not finished; resume with 'serkit train --resume half'"
            in cli("compare").out
        )

    def test_an_empty_folder_is_an_empty_board(self, cli):
        Path("runs").mkdir()
        assert cli("compare", "--json").json == []
        assert "no runs yet" in cli("compare").out


class TestShow:
    def test_json_is_the_record(self, cli, speech_runs):
        found = cli("show", "logreg-luna5", "--runs", speech_runs, "--json").json
        assert found == json.loads((speech_runs / found["run"] / "run.json").read_text())

    def test_in_words(self, cli, speech_runs):
        answer = cli("show", "logreg-luna5", "--runs", speech_runs)
        assert answer.out.startswith("logreg-luna5-")
        assert "values: C=1.0, " in answer.out

    @pytest.mark.parametrize(("given", "form"), [((), "png"), (("--format", "svg"), "svg")])
    def test_figures_do_not_change_the_output(self, cli, speech_runs, given, form):
        pytest.importorskip("matplotlib")
        shown = ("show", "logreg-luna5", "--runs", speech_runs)
        plain = cli(*shown, "--json")
        answer = cli(*shown, "--json", "--figures", "here", *given)
        assert answer.out == plain.out
        names = ("confusion", "recall", "calibration")
        drawn = [f"serkit: drawn: {Path('here') / name}.{form}\n" for name in names]
        assert answer.err == "".join(drawn)
        assert {path.stem for path in Path("here").iterdir()} == set(names)

    def test_a_format_of_no_figure_is_wrong_usage(self, cli, speech_runs):
        answer = cli("show", "logreg-luna5", "--runs", speech_runs, "--format", "svg")
        assert answer.code == 2
        assert answer.message == "--format needs --figures; add --figures DIR"

    def test_the_last_one(self, cli, tmp_path):
        make_run(tmp_path / "runs", "old", created="2026-01-01T00:00:00+00:00")
        make_run(tmp_path / "runs", "new", created="2026-01-02T00:00:00+00:00")
        assert cli("show", "last", "--json").json["run"] == "new"


class TestErrors:
    def test_show_says_where_a_run_errs(self, cli, speech_runs):
        answer = cli("show", "logreg-luna5", "--runs", speech_runs, "--errors")
        assert answer.code == 0
        for title in ("recall %", "calibration", "hardest clips"):
            assert title in answer.out

    def test_with_the_store_also_by_statement_and_with_paths(self, cli, speech_runs, speech_store):
        found = cli(
            *("show", "logreg-luna5", "--runs", speech_runs, "--errors", "--json"),
            *("--store", speech_store),
        ).json
        assert "speaker" in {row["column"] for row in found["recall"]}
        assert all(clip["path"].endswith(".wav") for clip in found["hardest"])

    def test_two_runs_are_compared(self, cli, speech_runs):
        arguments = ("compare", "logreg-luna5", "majority", "--runs", speech_runs)
        answer = cli(*arguments)
        assert answer.code == 0
        assert "recall by class" in answer.out
        assert cli(*arguments, "--json").json["clips"] == 96

    def test_one_run_alone_is_not_compared(self, cli, speech_runs):
        answer = cli("compare", "logreg-luna5", "--runs", speech_runs)
        assert (answer.code, answer.message) == (
            2,
            "only one run is named; name two, or none to rank all",
        )

"""The leaderboard: like with like, best first, and no more than the evidence bears."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from dataclasses import fields

import pandas as pd
import pytest
import rich
from rich.console import Console

from runkit import make_run
from serkit.errors import UnknownNameError
from serkit.evaluation.metrics import holm, paired_difference
from serkit.reports.markdown import board_to_markdown, to_markdown
from serkit.results import board as board_module
from serkit.results.board import FEW_ACTORS, Board, make_board
from serkit.results.entries import Entry
from serkit.results.published import PublishedResult, published_results
from serkit.results.run import read_run
from serkit.results.wording import percent

CONTRACT = {
    *("run", "model", "preset", "protocol", "seed", "parameters", "uar", "uar_low", "uar_high"),
    *("accuracy", "macro_f1", "folds", "actors", "clips", "seconds"),
    *("corpus", "selected_on_test", "synthetic", "transductive", "published"),
    "distinguishable_from_best",
}
"""The keys of ``compare --json``."""


@pytest.fixture
def run(tmp_path):
    """Return a function that makes a run, named by what it says of itself if not otherwise."""

    def make(name: str, **options):
        return make_run(tmp_path / "runs", name, **options)

    return make


def names(board: Board) -> list[list[str | None]]:
    """Return the runs of each group, in order."""
    return [[entry.run for entry in group.entries] for group in board.groups]


def shown(board: Board, width: int = 200) -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(board)
    return console.file.getvalue()


class TestGroups:
    def test_runs_of_one_protocol_and_corpus_stand_together_best_first(self, run):
        runs = [run("b", right=0.4), run("c", right=0.8), run("a", right=0.6)]
        board = make_board(runs)
        assert names(board) == [["c", "a", "b"]]
        assert [entry.best for entry in board.entries] == [True, False, False]
        uars = [entry.uar for entry in board.entries]
        assert uars == sorted(uars, reverse=True)

    def test_of_equally_good_ones_the_first_name_comes_first(self, run):
        assert names(make_board([run("b"), run("a")])) == [["a", "b"]]

    @pytest.mark.parametrize(
        "otherwise",
        [
            {"corpus_digest": "c1"},
            {"protocol": "loso", "split_digest": "s1"},
            {"split_digest": "s1"},
        ],
        ids=["other clips", "another protocol", "another split"],
    )
    def test_what_is_not_alike_is_not_ranked_together(self, run, otherwise):
        board = make_board([run("a", right=0.9), run("b", right=0.3, **otherwise)])
        assert sorted(names(board)) == [["a"], ["b"]]
        assert all(entry.best for entry in board.entries)

    def test_synthetic_runs_stand_apart_and_are_stamped(self, run):
        board = make_board(
            [
                run("real"),
                run("made", corpus="synthetic", corpus_digest="c1", synthetic=True, right=0.9),
            ]
        )
        assert sorted(names(board)) == [["made"], ["real"]]
        assert {e.run: e.synthetic for e in board.entries} == {"made": True, "real": False}
        rows = [line for line in shown(board).splitlines() if "made" in line]
        assert any("synthetic" in line for line in rows)

    def test_the_same_clips_of_another_corpus_have_another_digest(self, speech_store):
        from dataclasses import replace

        from serkit import FeatureStore
        from serkit.store.state import corpus_digest

        rows = list(FeatureStore(speech_store).state.clips.values())
        assert {row.corpus for row in rows} == {"synthetic"}
        renamed = [replace(row, corpus="ravdess") for row in rows]
        assert corpus_digest(rows) != corpus_digest(renamed)

    def test_one_protocol_can_be_asked_for(self, run):
        runs = [run("a"), run("b", protocol="loso", split_digest="s1")]
        assert names(make_board(runs, protocol="loso")) == [["b"]]
        assert names(make_board(runs, protocol="emobox6")) == []

    def test_an_unknown_protocol_is_told_with_the_nearest(self, run):
        with pytest.raises(UnknownNameError, match="unknown protocol 'luna': did you mean 'luna5'"):
            make_board([run("a")], protocol="luna")


class TestDistinguishable:
    def test_a_clearly_worse_run_is_and_an_equal_one_is_not(self, run):
        runs = [run("best", right=0.9), run("equal", right=0.9), run("worse", right=0.4)]
        found = {entry.run: entry for entry in make_board(runs).entries}
        assert found["best"].distinguishable_from_best is False
        assert found["best"].p_value is None
        assert found["equal"].distinguishable_from_best is False
        assert found["equal"].p_value == 1.0
        assert found["worse"].distinguishable_from_best is True
        assert found["worse"].p_value < 0.05

    def test_p_values_are_those_of_a_paired_bootstrap_after_holm(self, run):
        runs = [run("best", right=0.62, luck=1)]
        runs += [run(f"other{n}", right=0.56, luck=n) for n in (2, 3, 4)]
        board = make_board(runs)
        by_name = {r.name: r for r in runs}
        order = [by_name[entry.run].predictions for entry in board.entries]
        raw = [
            paired_difference(
                order[0]["true_id"], order[0]["predicted_id"], each["predicted_id"], each["actor"]
            ).p_value
            for each in order[1:]
        ]
        assert [entry.p_value for entry in board.entries[1:]] == pytest.approx(holm(raw).tolist())
        assert holm(raw).tolist() != raw

    def test_clips_are_paired_by_id_and_not_by_their_order(self, run):
        board = make_board(
            [run("a", right=0.7, luck=5), run("b", right=0.7, luck=5, shuffled=True)]
        )
        assert board.entries[1].p_value == 1.0

    def test_copies_of_one_folder_do_not_collide(self, run, tmp_path):
        """The copy's record has the same name; so may another run's that was renamed."""
        best, worse = run("best", right=0.9), run("worse", right=0.3)
        copy = read_run(shutil.copytree(best.path, tmp_path / "copies" / "best"))
        twice = run("folder", right=0.9, luck=1, run="worse")
        board = make_board([best, worse, copy, twice])
        assert board.problems == ()
        found = {(e.run, e.uar): e for e in board.entries}
        assert len(board.entries) == 4
        assert found["worse", worse.uar].p_value < 0.05
        assert found["worse", twice.uar].distinguishable_from_best is False
        alike = [e.distinguishable_from_best for e in board.entries if e.run == "best"]
        assert alike == [False, False]

    def test_a_run_on_other_clips_is_left_out_and_named(self, run):
        best, other = run("best", right=0.9), run("other", right=0.3, actors=range(2, 26))
        board = make_board([best, other])
        assert names(board) == [["best"]]
        assert board.problems == (
            f"the run {other.path} has predictions of other clips than {best.path}, "
            "though both say to be of one split; train it again",
        )

    @pytest.mark.parametrize("damage", ["fewer", "twice"])
    def test_predictions_that_are_not_the_record_s_are_left_out_and_named(self, run, damage):
        best, rest = run("best", right=0.9), [run("a", right=0.5), run("b", right=0.3)]
        path = best.path / "predictions.parquet"
        frame = pd.read_parquet(path)
        if damage == "fewer":
            frame = frame[:-1]
        else:
            frame.loc[1, "clip_id"] = frame.loc[0, "clip_id"]
        frame.to_parquet(path, index=False)
        board = make_board([best, *rest])
        assert names(board) == [["a", "b"]]
        assert len(board.problems) == 1
        assert board.problems[0].startswith(f"{path} is damaged (383 clips in 38")

    def test_one_actor_cannot_tell_anybody_apart(self, run):
        board = make_board([run("a", right=0.9, actors=[1]), run("b", right=0.1, actors=[1])])
        assert [e.distinguishable_from_best for e in board.entries] == [False, None]
        assert "untested" in shown(board)

    def test_a_run_alone_is_the_best(self, run):
        (entry,) = make_board([run("a")]).entries
        assert (entry.best, entry.distinguishable_from_best, entry.p_value) == (True, False, None)

    def test_it_is_shown_in_words(self, run):
        text = shown(make_board([run("a", right=0.9), run("b", right=0.9), run("c", right=0.2)]))
        assert "too close to call p=1.000" in text
        assert "worse p<0.001" in text


RANDOM = {"protocol": "random5", "split_digest": "s1", "speaker_independent": False}


class TestOptimismGap:
    def gaps(self, *runs) -> dict[str, float | None]:
        return {entry.run: entry.optimism_gap for entry in make_board(runs).entries}

    def test_it_is_what_the_same_model_gains_on_a_random_split(self, run):
        honest, inflated = run("honest", right=0.5), run("inflated", right=0.7, **RANDOM)
        found = self.gaps(honest, inflated)
        assert found["honest"] == pytest.approx(inflated.uar - honest.uar)
        assert found["inflated"] is None

    def test_of_several_random_protocols_the_mean_is_taken(self, run):
        honest = run("honest", right=0.5)
        random = [
            run("r5", right=0.7, **RANDOM),
            run("r10", right=0.8, **RANDOM | {"protocol": "random10", "split_digest": "s2"}),
        ]
        mean = sum(each.uar for each in random) / 2
        assert self.gaps(honest, *random)["honest"] == pytest.approx(mean - honest.uar)

    @pytest.mark.parametrize(
        "otherwise",
        [
            {"model": "logreg"},
            {"preset": "notebook"},
            {"values": {"C": 2.0}},
            {"seed": 1},
            {"corpus_digest": "c1"},
            {"feature_fingerprints": {"functionals": "f1"}},
        ],
        ids=lambda otherwise: next(iter(otherwise)),
    )
    def test_another_model_or_other_clips_are_no_pair(self, run, otherwise):
        found = self.gaps(run("honest"), run("inflated", **RANDOM | otherwise))
        assert found == {"honest": None, "inflated": None}

    def test_it_is_shown_in_points(self, run):
        board = make_board([run("honest", right=0.5), run("inflated", right=0.7, **RANDOM)])
        gap = board.entries[0].optimism_gap
        assert f"{100 * gap:+.1f}" in shown(board)
        assert "gap: UAR points the same model gains on random splits" in shown(board)
        assert "gap: UAR" not in shown(make_board([run("alone")]))


class TestNotes:
    FEW = (
        f"{FEW_ACTORS - 1} test actors are few: intervals are too narrow, and differences look "
        "surer than they are"
    )

    def notes(self, *runs) -> tuple[str, ...]:
        (group,) = make_board(runs).groups
        return group.notes

    def test_few_actors_are_noted_where_runs_are_compared(self, run):
        few = range(1, FEW_ACTORS)
        assert self.notes(run("a", actors=few), run("b", actors=few)) == (self.FEW,)
        assert self.notes(run("c", actors=few)) == ()

    def test_enough_actors_are_not(self, run):
        enough = range(1, FEW_ACTORS + 1)
        assert self.notes(run("a", actors=enough), run("b", actors=enough)) == ()

    def test_a_random_split_is_said_to_be_inflated(self, run):
        notes = self.notes(run("a", protocol="random5", speaker_independent=False))
        assert notes == (
            "the same actors are trained and tested on: inflated for voices never heard",
        )

    def test_what_the_run_noted_is_kept(self, run):
        assert self.notes(run("a", notes=["actors 4 are not there"])) == ("actors 4 are not there",)
        assert "note: actors 4 are not there" in shown(
            make_board([run("b", notes=["actors 4 are not there"])])
        )


class TestStamps:
    def test_each_is_shown(self, run):
        text = shown(make_board([run("a", selected_on_test=True), run("b", transductive=True)]))
        assert "selected-on-test" in text
        assert "transductive" in text


class TestPublished:
    def test_without_asking_there_is_none(self, run):
        assert not any(entry.published for entry in make_board([run("a")]).entries)

    def test_rows_of_the_same_protocol_are_added_and_marked(self, run):
        board = make_board([run("a", right=0.7)], published=True)
        (group,) = board.groups
        added = [entry for entry in group.entries if entry.published]
        expected = {row.system for row in published_results() if row.protocol == "luna5"}
        assert {entry.model for entry in added} == expected
        assert len(expected) == 2
        assert all(entry.run is None and not entry.best for entry in added)
        assert all(entry.distinguishable_from_best is None for entry in added)
        assert shown(board).count("published, ") == 2

    def test_they_stand_where_their_result_puts_them_and_have_no_rank(self, run):
        board = make_board([run("a", right=0.7)], published=True)
        rates = [e.uar for e in board.entries if e.uar is not None]
        assert rates == sorted(rates, reverse=True)
        assert board.entries[0].run == "a"
        assert board.entries[-1].model == "xlsr-53 fine-tuned"  # of which the accuracy is known
        ranked = [line for line in shown(board).splitlines() if line.lstrip().startswith("1 ")]
        assert len(ranked) == 1
        assert "svm" in ranked[0]

    def test_the_best_run_is_still_the_best_of_the_runs(self, run):
        board = make_board([run("a", right=0.7), run("b", right=0.2)], published=True)
        assert [e.run for e in board.entries if e.best] == ["a"]

    def test_results_on_people_are_never_shown_beside_synthetic_speech(self, run):
        board = make_board(
            [run("a", corpus="synthetic", corpus_digest="c1", synthetic=True)], published=True
        )
        assert names(board) == [["a"]]

    def test_asked_for_by_protocol_they_stand_apart_from_synthetic_speech(self, run):
        made = run("a", corpus="synthetic", corpus_digest="c1", synthetic=True)
        board = make_board([made], published=True, protocol="luna5")
        assert [{entry.published for entry in group.entries} for group in board.groups] == [
            {False},
            {True},
        ]

    def test_those_with_accuracy_only_stand_at_the_end(self, run, monkeypatch):
        rows = [
            PublishedResult("luna5", "high accuracy", "x", accuracy=0.99),
            PublishedResult("luna5", "low UAR", "x", uar=0.01),
            PublishedResult("luna5", "higher accuracy", "x", accuracy=0.995),
            PublishedResult("luna5", "high UAR", "x", uar=0.98, accuracy=0.1),
        ]
        monkeypatch.setattr(board_module, "published_results", lambda: rows)
        ends = ["low UAR", "higher accuracy", "high accuracy"]
        beside = make_board([run("a", right=0.5)], published=True)
        assert [e.model for e in beside.entries] == ["high UAR", "svm", *ends]
        alone = make_board([], published=True, protocol="luna5")
        assert [e.model for e in alone.entries] == ["high UAR", *ends]

    def test_without_runs_every_protocol_s_are_shown(self):
        board = make_board([], published=True)
        assert {group.protocol for group in board.groups} == {
            row.protocol for row in published_results()
        }
        assert len(board.entries) == len(published_results())


class TestForms:
    def test_json_has_the_contract_s_keys_and_nothing_that_json_has_not(self, run):
        board = make_board([run("a"), run("b", actors=[1], corpus_digest="c1")], published=True)
        rows = board.to_json()
        assert json.loads(json.dumps(rows, allow_nan=False)) == rows
        for row in rows:
            assert row.keys() >= CONTRACT
            assert row.keys() == {field.name for field in fields(Entry)}

    def test_rates_are_fractions(self, run):
        for row in make_board([run("a")], published=True).to_json():
            for key in ("uar", "uar_low", "uar_high", "accuracy", "macro_f1"):
                assert row[key] is None or 0 <= row[key] <= 1

    def test_pandas_has_a_row_an_entry_also_where_there_is_none(self, run):
        frame = make_board([run("a", right=0.9), run("b", right=0.3)]).to_pandas()
        assert frame["run"].tolist() == ["a", "b"]
        assert frame.columns.tolist() == [field.name for field in fields(Entry)]
        empty = make_board([]).to_pandas()
        assert empty.columns.tolist() == frame.columns.tolist()
        assert len(empty) == 0

    def test_rich_prints_it(self, run, capsys):
        rich.print(make_board([run("a")]))
        assert "luna5 on ravdess c0" in capsys.readouterr().out

    def test_the_table_shows_interval_and_cost(self, run):
        made = run("a", train_seconds=1234.56, parameters=7_890_123)
        text = shown(make_board([made]))
        low, high = made.record["uar_low"], made.record["uar_high"]
        assert f"{100 * made.uar:.1f}" in text
        assert f"{100 * low:.1f}-{100 * high:.1f}" in text
        assert "1,234.6" in text
        assert "7,890,123" in text

    @pytest.mark.parametrize("width", [60, 72, 80, 100, 120, 150, 200, 300])
    def test_a_narrow_terminal_gets_fewer_columns_and_never_a_cut_figure(self, run, width):
        """What lacks is named, and is what matters least."""
        given = {"learning_rate": 0.001, "freeze": "none"}
        runs = [run("a", right=0.9), run("b", right=0.3, train_seconds=12345.6, given=given)]
        text = shown(make_board(runs, published=True), width)
        assert max(map(len, text.splitlines())) <= width
        for made in runs:
            figures = [percent(made.record[key]) for key in ("uar", "uar_low", "uar_high")]
            assert f" {figures[0]} " in text
            assert f" {figures[1]}-{figures[2]} " in text
        assert "learning_rate=0.001" in text
        optional = {"F1 %", "params", "train s", "gap", "acc %"}
        said = re.search(r"no room for ([^:]*): widen the terminal", " ".join(text.split()))
        lacking = set(said.group(1).split(", ")) if said else set()
        heads = text.split("─")[0]
        assert {name for name in optional if name not in heads} == lacking
        assert (lacking == set()) == (width >= 150)

    def test_where_even_that_does_not_fit_names_are_broken_and_figures_are_not(self, run):
        made = run("transformer-notebook-20261125-015431-aec6")
        text = shown(make_board([made]), 50)
        low, high = percent(made.record["uar_low"]), percent(made.record["uar_high"])
        assert f" {percent(made.uar)} " in text
        assert f" {low}-{high} " in text
        assert made.name not in text

    @pytest.mark.parametrize("width", [80, 100, 120, 200])
    def test_the_name_of_a_run_can_be_copied_from_80_columns_on(self, run, width):
        name = "transformer-notebook-20261125-015431-aec6"
        assert name in shown(make_board([run(name, seed=3)]), width)

    def test_a_protocol_without_runs_says_what_to_do_for_it(self, run):
        board = make_board([run("a")], protocol="loso")
        said = "no runs of loso yet: make one with 'serkit train MODEL --protocol loso'"
        assert said in shown(board)

    def test_a_preset_other_than_best_is_named(self, run):
        assert "svm (notebook)" in shown(make_board([run("a", preset="notebook")]))

    def test_values_and_a_seed_other_than_usual_are_named(self, run):
        given = {"C": 2.0, "scheme": "ovr"}
        made = run("a", given=given, values=given, seed=3)
        assert "svm C=2.0 scheme=ovr seed 3" in shown(make_board([made]))

    def test_a_run_is_named_by_what_it_differs_in_from_the_preset_of_today(self, run):
        made = run("a", given={}, values={"C": 2.0})
        assert make_board([made]).entries[0].given == {"C": 2.0}

    def test_without_runs_it_says_what_to_do(self):
        assert "no runs yet: make one with 'serkit train MODEL'" in shown(make_board([]))

    def test_what_was_left_out_is_said_below(self, run):
        assert "note: x is broken" in shown(make_board([run("a")], problems=["x is broken"]))

    def test_markdown_is_a_table_a_group(self, run):
        runs = [run("a", right=0.9), run("b", right=0.3, notes=["a note"], preset="notebook")]
        lines = board_to_markdown(make_board(runs)).splitlines()
        assert lines[0] == "### luna5 on ravdess"
        assert lines[2].startswith("|  | model | UAR % | 95 % CI | acc % | vs best |")
        assert lines[3] == "| --- " * 9 + "|"
        assert lines[4].startswith("| 1 | svm | ")
        assert lines[5].startswith("| 2 | svm (notebook) | ")
        assert len({line.count("|") for line in lines[2:6]}) == 1

    def test_a_bar_in_a_cell_does_not_split_it(self):
        assert to_markdown(["a"], [["x|y"]]).splitlines()[-1] == "| x\\|y |"

    def test_csv_by_way_of_pandas_reads_back(self, run):
        text = make_board([run("a"), run("b")]).to_pandas().to_csv(index=False)
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [row["run"] for row in rows] == ["a", "b"]

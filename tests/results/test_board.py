"""The leaderboard: like with like, best first, and no more than the evidence bears."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import fields

import pytest
import rich
from rich.console import Console

from runkit import make_run
from serkit.errors import UnknownNameError
from serkit.evaluation.metrics import compare_with_best, uar_shares
from serkit.reports.markdown import board_to_markdown, to_markdown
from serkit.results import published as published_module
from serkit.results.board import Board, make_board
from serkit.results.entries import Entry
from serkit.results.published import PublishedResult, published_results
from serkit.results.recount import recount
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
        runs = [
            run("b", right=0.4, values={"C": 1}),
            run("c", right=0.8, values={"C": 2}),
            run("a", right=0.6, values={"C": 3}),
        ]
        board = make_board(runs)
        assert names(board) == [["c", "a", "b"]]
        assert [entry.best for entry in board.entries] == [True, False, False]
        uars = [entry.uar for entry in board.entries]
        assert uars == sorted(uars, reverse=True)

    def test_of_equally_good_ones_the_first_name_comes_first(self, run):
        assert names(make_board([run("b"), run("a", values={})])) == [["a", "b"]]

    @pytest.mark.parametrize(
        "otherwise",
        [
            {"corpus_digest": "c1"},
            {"protocol": "loso", "split_digest": "s1"},
            {"split_digest": "s1"},
        ],
        ids=["other clips", "another protocol", "another split"],
    )
    def test_only_comparable_runs_are_ranked_together(self, run, otherwise):
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

    def test_one_protocol_can_be_selected(self, run):
        runs = [run("a"), run("b", protocol="loso", split_digest="s1")]
        assert names(make_board(runs, protocol="loso")) == [["b"]]
        assert names(make_board(runs, protocol="emobox6")) == []

    def test_an_unknown_protocol_suggests_the_closest(self, run):
        with pytest.raises(UnknownNameError, match="unknown protocol 'luna': did you mean 'luna5'"):
            make_board([run("a")], protocol="luna")


class TestDistinguishable:
    def test_a_clearly_worse_run_is_and_an_equal_one_is_not(self, run):
        runs = [
            run("best", right=0.9),
            run("equal", right=0.9, values={"C": 1.0}),
            run("worse", right=0.4, values={"C": 2.0}),
        ]
        found = {entry.run: entry for entry in make_board(runs).entries}
        assert found["best"].distinguishable_from_best is False
        assert found["best"].p_value is None
        assert found["equal"].distinguishable_from_best is False
        assert found["equal"].p_value == 1.0
        assert found["worse"].distinguishable_from_best is True
        assert found["worse"].p_value < 0.05

    def test_p_values_and_intervals_are_those_of_the_max_t_test(self, run):
        runs = [run(f"model{n}", right=0.6, luck=n, values={"C": n}) for n in range(4)]
        by_name = {r.name: r for r in runs}
        entries = make_board(runs).entries
        counted = [recount(by_name[entry.run]) for entry in entries]
        found = compare_with_best([uar_shares(each.hits, each.clips) for each in counted])
        for entry, standing in list(zip(entries, found.standings, strict=True))[1:]:
            assert entry.p_value == standing.p_value
            assert entry.difference == pytest.approx(entry.uar - entries[0].uar)
            assert entry.difference_low == standing.interval.low
            assert entry.difference_high == standing.interval.high
        assert entries[0].detectable_difference == found.detectable

    def test_clips_are_paired_by_id_and_not_by_their_order(self, run):
        board = make_board(
            [run("a", right=0.7, luck=5), run("b", right=0.7, luck=5, shuffled=True, values={})]
        )
        assert board.entries[1].p_value == 1.0

    def test_below_8_speakers_there_is_no_verdict_and_the_reason_is_shown(self, run):
        few = {"actors": range(1, 8)}
        board = make_board([run("a", right=0.9, **few), run("b", right=0.1, values={}, **few)])
        assert [e.distinguishable_from_best for e in board.entries] == [False, None]
        assert [e.p_value for e in board.entries] == [None, None]
        text = " ".join(shown(board).split())
        assert "untested" in text
        assert "no verdicts: 7 test speakers cannot tell models apart at the 5 % level" in text

    def test_one_speaker_has_no_interval(self, run):
        (entry,) = make_board([run("a", actors=[1])]).entries
        assert (entry.uar_low, entry.uar_high) == (None, None)

    def test_a_run_alone_is_the_best(self, run):
        (entry,) = make_board([run("a")]).entries
        assert (entry.best, entry.distinguishable_from_best, entry.p_value) == (True, False, None)

    def test_it_is_shown_in_words(self, run):
        runs = [run(n, right=r, values={"C": n}) for n, r in [("a", 0.9), ("b", 0.9), ("c", 0.2)]]
        text = shown(make_board(runs))
        assert "too close to call p=1.000" in text
        assert "worse p<=0.0001" in text  # 10,000 assignments of signs give no smaller one
        assert re.search(r"-[0-9]+\.[0-9] \(-[0-9.]+\.\.-[0-9.]+\)", text)

    def test_a_p_value_at_the_floor_of_an_exact_test_is_a_bound_too(self, run):
        few = {"actors": range(1, 9)}
        board = make_board([run("a", right=0.9, **few), run("b", right=0.1, values={}, **few)])
        assert board.entries[1].p_value == board.entries[1].p_value_floor == 1 / 128
        assert "worse p<=0.0078" in shown(board)

    def test_the_detectable_difference_is_shown_below(self, run):
        board = make_board([run("a", right=0.7), run("b", right=0.6, luck=1, values={})])
        points = 100 * board.groups[0].detectable
        said = f"24 speakers show a difference to the best of {points:.1f} points here"
        assert said in " ".join(shown(board).split())
        assert said in board_to_markdown(board)


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
        said = "gap: UAR points the same model gains on random splits"
        assert said in " ".join(shown(board).split())
        assert "gap: UAR" not in shown(make_board([run("alone")]))


class TestNotes:
    def notes(self, *runs) -> tuple[str, ...]:
        (group,) = make_board(runs).groups
        return group.notes

    def test_a_random_split_is_marked_as_inflated(self, run):
        notes = self.notes(run("a", protocol="random5", speaker_independent=False))
        assert notes == (
            "not speaker-independent: the same speakers are trained and tested on, which "
            "overestimates accuracy on new speakers",
        )

    def test_run_notes_are_kept(self, run):
        assert self.notes(run("a", notes=["actors 4 are not there"])) == ("actors 4 are not there",)
        assert "note: actors 4 are not there" in shown(
            make_board([run("b", notes=["actors 4 are not there"])])
        )

    def test_notes_of_one_model_name_it(self, run):
        notes = self.notes(run("a"), run("b", model="logreg", notes=["3 clips left out"]))
        assert notes == (
            "logreg: 3 clips left out",
            *(n for n in notes if "same predictions" in n),
        )


class TestStamps:
    def test_each_is_shown(self, run):
        text = shown(make_board([run("a", selected_on_test=True), run("b", transductive=True)]))
        assert "selected-on-test" in text
        assert "transductive" in text


class TestLikeWithLike:
    """Models that had test clips to go by are no measure of those that had not."""

    HELPED = pytest.mark.parametrize(
        "stamp", [{"transductive": True}, {"selected_on_test": True}], ids=["batch", "choice"]
    )

    @HELPED
    def test_none_is_held_against_a_model_that_had_help(self, run, stamp):
        helped = run("helped", model="svm", right=0.9, luck=1, **stamp)
        honest = [run("a", right=0.6, luck=2), run("b", model="ffnn", right=0.3, luck=3)]
        board = make_board([helped, *honest])
        assert [entry.run for entry in board.entries] == ["helped", "a", "b"]
        assert [entry.best for entry in board.entries] == [False, True, False]
        assert board.entries[1:] == make_board(honest).entries
        first = board.entries[0]
        assert (first.distinguishable_from_best, first.p_value, first.difference) == (None,) * 3
        assert "untested" in shown(board)
        assert board.groups[0].notes[0] == (
            "models stamped transductive or selected-on-test had more to go by, and are not "
            "compared with the others"
        )

    @HELPED
    def test_alone_they_are_compared_with_each_other(self, run, stamp):
        weak = run("b", model="ffnn", right=0.3, luck=3, **stamp)
        board = make_board([run("a", right=0.9, **stamp), weak])
        assert [entry.best for entry in board.entries] == [True, False]
        assert board.entries[1].distinguishable_from_best is True
        assert board.groups[0].notes == ()


class TestPublished:
    def test_none_without_a_request(self, run):
        assert not any(entry.published for entry in make_board([run("a")]).entries)

    def test_rows_of_the_same_protocol_are_added_and_marked(self, run):
        board = make_board([run("a", right=0.7)], published=True)
        (group,) = board.groups
        added = [entry for entry in group.entries if entry.published]
        expected = {row.system for row in published_results() if row.protocol == "luna5"}
        assert {entry.model for entry in added} == expected
        assert len(expected) == 3
        assert all(entry.run is None and not entry.best for entry in added)
        assert all(entry.distinguishable_from_best is None for entry in added)
        assert shown(board).count("published, ") == 2

    def test_they_stand_where_their_result_puts_them_and_have_no_rank(self, run):
        board = make_board([run("a", right=0.7)], published=True)
        rates = [e.uar for e in board.entries if e.uar is not None]
        assert rates == sorted(rates, reverse=True)
        assert board.entries[0].run == "a"
        ends = ["xlsr-53 fine-tuned", "247 people listening, audio alone"]
        assert [e.model for e in board.entries[-2:]] == ends  # of which the accuracy is known
        ranked = [line for line in shown(board).splitlines() if line.lstrip().startswith("1 ")]
        assert len(ranked) == 1
        assert "svm" in ranked[0]

    def test_the_best_run_is_still_the_best_of_the_runs(self, run):
        runs = [run("a", right=0.7), run("b", right=0.2, values={})]
        board = make_board(runs, published=True)
        assert [e.run for e in board.entries if e.best] == ["a"]

    def test_results_on_people_are_never_shown_beside_synthetic_speech(self, run):
        board = make_board(
            [run("a", corpus="synthetic", corpus_digest="c1", synthetic=True)], published=True
        )
        assert names(board) == [["a"]]

    def test_selected_by_protocol_they_are_separate_from_synthetic_speech(self, run):
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
        monkeypatch.setattr(published_module, "published_results", lambda: rows)
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

    @pytest.mark.parametrize("width", [60, 100, 200])
    def test_a_group_of_published_results_alone_is_printed_without_ranks(self, run, width):
        partial = run("a", split_digest="s1", notes=["only the first 1 of 5 folds"])
        board = make_board([partial], published=True)
        assert all(group.entries[0].published for group in board.groups[1:])
        assert shown(board, width).count("published") >= 2


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

    def test_pandas_has_one_row_per_entry_even_without_any(self, run):
        frame = make_board([run("a", right=0.9), run("b", right=0.3, values={})]).to_pandas()
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
        other = {"train_seconds": 12345.6, "given": given, "values": given}
        runs = [run("a", right=0.9), run("b", right=0.3, **other)]
        text = shown(make_board(runs, published=True), width)
        assert max(map(len, text.splitlines())) <= width
        for made in runs:
            figures = [percent(made.record[key]) for key in ("uar", "uar_low", "uar_high")]
            assert f" {figures[0]} " in text
            assert f" {figures[1]}-{figures[2]} " in text
        assert "learning_rate=0.001" in text
        optional = {"F1 %", "params", "train s", "acc %"}
        said = re.search(r"no room for ([^:]*): widen the terminal", " ".join(text.split()))
        lacking = set(said.group(1).split(", ")) if said else set()
        assert ("difference" in lacking) == (".." not in text)
        lacking -= {"difference"}
        heads = text.split("─")[0]
        assert {name for name in optional if name not in heads} == lacking
        assert (lacking == set()) == (width >= 100)
        assert "gap" not in text  # nothing to say: no column, and no complaint

    def test_in_very_narrow_terminals_names_wrap_and_figures_do_not(self, run):
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

    def test_an_ensemble_is_named_after_the_models_of_its_members(self, run):
        members = "svm-loso-20260102-000000-1f2e,svm-loso-20260102-000101-aa00,my own"
        given = {"features": "raw", "mean": "arithmetic", "members": members}
        made = run("a", model="ensemble", given=given, values=given)
        assert "ensemble (2 svm + my own) mean=arithmetic" in shown(make_board([made]), 160)

    def test_a_run_is_named_by_its_differences_from_the_current_preset(self, run):
        made = run("a", given={}, values={"C": 2.0})
        assert make_board([made]).entries[0].given == {"C": 2.0}

    def test_without_runs_it_says_what_to_do(self):
        assert "no runs yet: make one with 'serkit train MODEL'" in shown(make_board([]))

    def test_dropped_columns_are_named_below(self, run):
        assert "note: x is broken" in shown(make_board([run("a")], problems=["x is broken"]))

    def test_markdown_is_a_table_a_group(self, run):
        runs = [run("a", right=0.9), run("b", right=0.3, notes=["a note"], preset="notebook")]
        lines = board_to_markdown(make_board(runs)).splitlines()
        assert lines[0] == "### luna5 on ravdess"
        assert lines[2].startswith("|  | model | UAR % | 95 % CI | acc % | vs best | to best |")
        assert lines[3] == "| --- " * 10 + "|"
        assert lines[4].startswith("| 1 | svm | ")
        assert lines[5].startswith("| 2 | svm (notebook) | ")
        assert len({line.count("|") for line in lines[2:6]}) == 1

    def test_a_bar_in_a_cell_does_not_split_it(self):
        assert to_markdown(["a"], [["x|y"]]).splitlines()[-1] == "| x\\|y |"

    def test_csv_by_way_of_pandas_reads_back(self, run):
        text = make_board([run("a"), run("b", values={})]).to_pandas().to_csv(index=False)
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [row["run"] for row in rows] == ["a", "b"]


def test_notes_of_older_records_read_as_today(tmp_path):
    said = [f"{who} 4, 13 are not there; the folds keep the rest" for who in ("actors", "speakers")]
    runs = [
        make_run(tmp_path, name, luck=n, values={"C": n}, notes=[said[n]])
        for n, name in enumerate("ab")
    ]
    (group,) = make_board(runs).groups
    assert group.notes == (said[1],)

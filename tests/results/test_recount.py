"""The leaderboard counts again: what contradicts the predictions is named and not ranked."""

from __future__ import annotations

import json
import shutil
import time

import numpy as np
import pandas as pd
import pytest

from runkit import make_run, record_of
from serkit.corpora.ravdess import EMOTIONS
from serkit.errors import RunError
from serkit.evaluation.metrics import bootstrap_accuracy, bootstrap_uar
from serkit.results.board import make_board
from serkit.results.finding import list_runs
from serkit.results.record import FIGURES
from serkit.results.recount import recount
from serkit.results.run import read_run
from serkit.store.state import corpus_digest


@pytest.fixture
def run(tmp_path):
    def make(name: str, **options):
        return make_run(tmp_path / "runs", name, **{"values": {"C": name}} | options)

    return make


def edit(run, **record):
    """Change what a run's record says, and read it again."""
    path = run.path / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | record))
    return read_run(run.path)


def rewrite(run, change):
    """Change a run's predictions, and read it again."""
    path = run.path / "predictions.parquet"
    frame = pd.read_parquet(path)
    changed = change(frame)
    (frame if changed is None else changed).to_parquet(path, index=False)
    return read_run(run.path)


def ranked(board):
    return [entry.run for entry in board.entries]


class TestFigures:
    @pytest.mark.parametrize(
        ("said", "named"),
        [
            ({"uar": 0.99}, "uar is 0.99, counted 0.[0-9]+"),
            ({"uar": None}, "uar is null, counted 0.[0-9]+"),
            ({"uar": "high"}, "uar is 'high', counted 0.[0-9]+"),
            ({"uar": True}, "uar is True, counted 0.[0-9]+"),
            ({"accuracy": 0.99}, "accuracy is 0.99, counted 0.[0-9]+"),
            ({"macro_f1": 0.1}, "macro_f1 is 0.1, counted 0.[0-9]+"),
            ({"log_loss": 0.0}, "log_loss is 0, counted [0-9.]+"),
            ({"brier": 0.0}, "brier is 0, counted [0-9.]+"),
            ({"ece": 0.5}, "ece is 0.5, counted [0-9.]+"),
            ({"actors": 240}, "actors is 240, counted 24"),
            ({"folds": 1}, "folds is 1, counted 5"),
            ({"recall": dict.fromkeys(EMOTIONS, 1.0)}, "recall of neutral is 1, counted 0.[0-9]+"),
            ({"confusion": None}, "confusion is null, counted "),
            ({"confusion": [[1]]}, r"confusion is \[\[1\]\], counted "),
            (
                {"fold_scores": [{"fold": "1", "clips": 7, "accuracy": 1.0}]},
                "clips of fold 1 is 7, counted [0-9]+; accuracy of fold 1 is 1, counted 0.[0-9]+",
            ),
            ({"fold_scores": ["x"]}, r"clips of fold \? is null, counted 0"),
            ({"uar_low": 0.69}, "uar_low is 0.69, counted 0.[0-9]+"),
            ({"uar_low": None}, "uar_low is null, counted 0.[0-9]+"),
            ({"uar_high": 0.31}, "uar_high is 0.31, counted 0.[0-9]+"),
            ({"accuracy_high": 1.0}, "accuracy_high is 1, counted 0.[0-9]+"),
            ({"by_sex": {}}, "by_sex is '', counted 'female, male'"),
            ({"by_sex": None}, "by_sex is null, counted 'female, male'"),
            (
                {"by_intensity": {"normal": {"uar": 0.9, "accuracy": 0.9, "clips": 384}}},
                "uar of intensity normal is 0.9, counted 0.[0-9]+; accuracy of intensity normal",
            ),
            (
                {"fold_scores": [{"fold": "1", "uar": 1.0, "macro_f1": 0.9, "actors": 9}]},
                "uar of fold 1 is 1, counted 0.[0-9]+",
            ),
        ],
    )
    def test_a_figure_that_the_predictions_do_not_bear_out_is_named_with_both(
        self, run, said, named
    ):
        honest, edited = run("honest", right=0.7), edit(run("edited", right=0.3), **said)
        board = make_board([honest, edited])
        assert ranked(board) == ["honest"]
        (problem,) = board.problems
        assert problem.startswith(f"{edited.path / 'run.json'} contradicts its predictions: ")
        with pytest.raises(RunError, match=named):
            recount(edited)

    def test_an_edited_uar_neither_ranks_nor_makes_an_honest_run_worse(self, run):
        honest = run("honest", right=0.7)
        board = make_board([honest, edit(run("edited", right=0.3), uar=0.99)])
        (entry,) = board.entries
        assert (entry.run, entry.best, entry.distinguishable_from_best) == ("honest", True, False)

    def test_an_older_record_s_intervals_are_those_of_a_bootstrap(self, run):
        made = run("older", right=0.7)
        frame = made.predictions
        answers = frame["true_id"].to_numpy(), frame["predicted_id"].to_numpy()
        speakers = frame["speaker"].to_numpy(str)
        uar, accuracy = (of(*answers, speakers) for of in (bootstrap_uar, bootstrap_accuracy))
        older = {"uar_low": uar.low, "uar_high": uar.high}
        older |= {"accuracy_low": accuracy.low, "accuracy_high": accuracy.high}
        assert older["uar_low"] != pytest.approx(made.record["uar_low"], abs=1e-4)
        assert ranked(make_board([edit(made, **older)])) == ["older"]
        (problem,) = make_board([edit(made, **older | {"uar_low": uar.low + 1e-3})]).problems
        assert "uar_low is 0." in problem

    def test_all_figures_are_those_of_the_predictions(self, run):
        made = run("a", right=0.7)
        (entry,) = make_board([made]).entries
        truth = made.predictions["true_id"]
        right = made.predictions["predicted_id"] == truth
        assert entry.uar == pytest.approx(right.groupby(truth).mean().mean())
        assert entry.accuracy == pytest.approx(right.mean())


class TestDamage:
    @pytest.mark.parametrize(
        ("said", "why"),
        [
            ({"notes": None}, "notes is null, it must be a list"),
            ({"notes": [1]}, "notes holds something other than text"),
            ({"given": None}, "given is null, it must be an object"),
            ({"values": "C=1"}, "values is 'C=1', it must be an object"),
            ({"seed": "0"}, "seed is '0', it must be a whole number"),
            ({"seed": True}, "seed is True, it must be a whole number"),
            ({"seconds": "fast"}, "seconds is 'fast', it must be a number or null"),
            ({"transductive": 0}, "transductive is 0, it must be true or false"),
            ({"protocol": None}, "protocol is null, it must be text"),
        ],
    )
    def test_a_record_of_the_wrong_form_is_named_and_the_others_rank(
        self, run, tmp_path, said, why
    ):
        run("honest")
        path = run("odd").path / "run.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | said))
        runs, problems = list_runs(tmp_path / "runs")
        assert ranked(make_board(runs)) == ["honest"]
        (problem,) = problems
        assert problem.startswith(f"{path} is damaged ({why}); ")

    @pytest.mark.parametrize(
        "column", ["fold", "speaker", "true_id", "predicted_id", "p_happy", "clip_id"]
    )
    def test_a_missing_column_is_named_and_the_others_rank(self, run, column):
        odd = rewrite(run("odd"), lambda frame: frame.drop(columns=["actor", column]))
        board = make_board([run("honest"), odd])
        assert ranked(board) == ["honest"]
        assert column in board.problems[0]

    @pytest.mark.parametrize("column", ["fold", "speaker", "true_id", "predicted_id", "p_happy"])
    def test_a_gap_in_a_column_is_named(self, run, column):
        def gap(frame):
            frame[column] = frame[column].astype(object)
            frame.loc[3, column] = None

        board = make_board([run("honest"), rewrite(run("odd"), gap)])
        assert ranked(board) == ["honest"]
        assert "is damaged" in board.problems[0]

    def test_runs_from_when_speakers_were_numbers_rank(self, run):
        older = rewrite(run("older"), lambda frame: frame.drop(columns="speaker"))
        (entry,) = make_board([older]).entries
        assert (entry.run, entry.actors) == ("older", 24)

    def test_a_file_that_is_no_table_is_named(self, run):
        odd = run("odd")
        (odd.path / "predictions.parquet").write_bytes(b"PAR1 no PAR1")
        board = make_board([run("honest"), read_run(odd.path)])
        assert ranked(board) == ["honest"]
        assert "predictions.parquet is damaged" in board.problems[0]


class TestPredictions:
    def test_labels_replaced_by_the_truth_are_named(self, run):
        def cheat(frame):
            frame["predicted_id"], frame["predicted"] = frame["true_id"], frame["true"]

        board = make_board([run("honest"), rewrite(run("cheat", right=0.3), cheat)])
        assert ranked(board) == ["honest"]
        assert "is not what the probabilities give" in board.problems[0]
        assert "predicted_id of" in board.problems[0]

    def test_also_where_the_record_says_the_same(self, run):
        def cheat(frame):
            frame["predicted_id"], frame["predicted"] = frame["true_id"], frame["true"]

        cheating = edit(run("cheat", right=0.3), uar=1.0, accuracy=1.0, macro_f1=1.0)
        assert ranked(make_board([run("honest"), rewrite(cheating, cheat)])) == ["honest"]

    @pytest.mark.parametrize(
        ("value", "why"),
        [
            (0.9, "do not sum to 1"),
            (np.nan, "are not all finite"),
            (np.inf, "are not all finite"),
            (-0.05, "are not all from 0 to 1"),
            (7.0, "are not all from 0 to 1"),
        ],
    )
    def test_probabilities_that_are_none_are_named_with_a_clip(self, run, value, why):
        def spoil(frame):
            frame.loc[5, "p_happy"] = value

        board = make_board([run("honest"), rewrite(run("odd"), spoil)])
        assert ranked(board) == ["honest"]
        assert f"the probabilities of 1 of 384 clips {why}, such as 01-05" in board.problems[0]

    @pytest.mark.parametrize(
        "change",
        [
            lambda frame: frame[:-1],
            lambda frame: pd.concat([frame, frame[:1]]),
            lambda frame: frame.assign(clip_id=["01-01", *frame["clip_id"][1:]]),
        ],
        ids=["missing", "double", "double in place of another"],
    )
    def test_clips_that_are_missing_or_double_are_counted(self, run, change):
        board = make_board([run("honest"), rewrite(run("odd"), change)])
        assert ranked(board) == ["honest"]
        assert "rows for the 384 of the record" in board.problems[0]

    def test_names_that_are_not_the_numbers_labels_are_named(self, run):
        def rename(frame):
            frame.loc[0, "true"] = "happy"

        board = make_board([run("honest"), rewrite(run("odd"), rename)])
        assert "true of 1 of 384 clips is not what true_id gives" in board.problems[0]


ACCURACY = ("accuracy_low", "accuracy_high")


def swap_labels(frame):
    """Exchange two clips' labels, so that all counts stay."""
    rows = frame.index[[0, int((frame["true_id"] != frame["true_id"].iloc[0]).argmax())]]
    for column in ("true", "true_id"):
        frame.loc[rows, column] = frame.loc[rows[::-1], column].to_numpy()


def consistent(run):
    """Make a run's record say what its changed predictions give."""
    frame = pd.read_parquet(run.path / "predictions.parquet")
    counted = record_of(run.name, frame)
    figures = {key: counted[key] for key in (*FIGURES, *ACCURACY, "fold_scores")}
    return edit(run, **figures)


class TestTruth:
    def test_two_honest_runs_outvote_one_with_other_labels(self, run):
        odd = consistent(rewrite(run("odd", luck=3), swap_labels))
        board = make_board([odd, run("a", luck=1), run("b", luck=2)])
        assert sorted(ranked(board)) == ["a", "b"]
        (problem,) = board.problems
        assert problem.startswith(f"{odd.path / 'predictions.parquet'} is not ranked: true_id of 2")
        assert "01-00 says calm, there neutral" in problem

    def test_copies_have_one_vote(self, run, tmp_path):
        odd = consistent(rewrite(run("odd", luck=3), swap_labels))
        copies = [
            read_run(shutil.copytree(odd.path, tmp_path / "runs" / f"copy{n}")) for n in range(4)
        ]
        board = make_board([odd, *copies, run("a", luck=1), run("b", luck=2)])
        assert sorted(ranked(board)) == ["a", "b"]

    def test_undecided_contradictions_rank_neither_run(self, run):
        odd = consistent(rewrite(run("odd", luck=3), swap_labels))
        board = make_board([odd, run("a", luck=1), run("c", luck=1, protocol="loso")])
        assert ranked(board) == ["c"]
        assert "nothing says which is right" in board.problems[0]
        assert "name the feature store with --store" in board.problems[0]

    @pytest.mark.parametrize("column", ["speaker", "fold"])
    def test_speakers_and_folds_must_agree_too(self, run, column):
        def change(frame):
            frame.loc[frame["speaker"] == "2", column] = frame[column].iloc[0]

        random = {"protocol": "random5", "speaker_independent": False}
        odd = consistent(rewrite(run("odd", luck=3, **random), change))
        board = make_board([odd, run("a", luck=1, **random), run("b", luck=2, **random)])
        assert sorted(ranked(board)) == ["a", "b"]
        assert f"{column} of 16 of 384 clips differs" in board.problems[0]

    def test_the_store_s_labels_decide(self, speech_store, speech_runs, tmp_path):
        import serkit
        from serkit import FeatureStore

        runs = shutil.copytree(speech_runs, tmp_path / "runs")
        names = [run for run in list_runs(runs)[0] if run.protocol == "luna5"]
        clean = serkit.compare(runs, store=speech_store, protocol="luna5")
        assert (len(clean.entries), clean.problems) == (2, ())
        for each in names:
            consistent(rewrite(each, swap_labels))
        board = serkit.compare(runs, store=speech_store, protocol="luna5")
        assert board.entries == ()
        assert len(board.problems) == 2
        assert "true_id of 2 of" in board.problems[0]
        assert "the store says" in board.problems[0]
        clips = FeatureStore(speech_store).state.clips
        assert names[0].record["corpus_digest"] == corpus_digest(clips.values())

    def test_a_store_of_other_clips_decides_nothing(self, run, speech_store):
        from serkit import FeatureStore
        from serkit.results.truth import StoredLabels

        labels = StoredLabels(FeatureStore(speech_store).state.clips)
        assert ranked(make_board([run("a")], labels=labels)) == ["a"]
        assert labels.of("c0", list(labels.clips)) is None


class TestSpeakers:
    @pytest.fixture
    def random(self, speech_runs, tmp_path):
        (run,) = (run for run in list_runs(speech_runs)[0] if run.protocol == "random5")
        return read_run(shutil.copytree(run.path, tmp_path / "runs" / run.path.name))

    def test_a_random_protocol_is_not_speaker_independent(self, random):
        (problem,) = make_board([edit(random, speaker_independent=True)]).problems
        assert "speaker_independent is true, and random5 is not" in problem

    def test_nor_is_a_run_of_it_under_another_name(self, random):
        edited = edit(random, speaker_independent=True, protocol="luna5", split_digest="s0")
        (problem,) = make_board([edited]).problems
        assert "speaker 1 is tested in folds 1, 2, 3, 4, 5, and luna5 tests each in one" in problem

    def test_a_protocol_that_may_test_a_speaker_twice_is_believed(self, random):
        board = make_board([edit(random, speaker_independent=True, protocol="cross:a->b")])
        assert board.problems == ()


class TestMany:
    def test_252_models_in_a_group_are_ranked_with_verdicts(self, run):
        few = range(1, 10)
        crowd = [run(f"r{n}", right=0.3 + n / 600, luck=n, actors=few) for n in range(252)]
        start = time.process_time()
        board = make_board(crowd)
        assert time.process_time() - start < 30
        assert board.problems == ()
        assert len(board.entries) == 252
        assert all(entry.p_value is not None for entry in board.entries[1:])


class TestSubsetsOfFolds:
    def test_they_stand_apart_from_published_rows(self, run):
        part = run("part", split_digest="s1", notes=["only the first 1 of 5 folds"])
        board = make_board([run("whole"), part], published=True)
        beside = {
            group.entries[0].split_digest: any(entry.published for entry in group.entries)
            for group in board.groups
            if any(not entry.published for entry in group.entries)
        }
        whole = next(g for g in board.groups if "whole" in [e.run for e in g.entries])
        apart = next(g for g in board.groups if "part" in [e.run for e in g.entries])
        assert any(entry.published for entry in whole.entries)
        assert not any(entry.published for entry in apart.entries)
        assert beside

    @pytest.mark.parametrize(
        "odd",
        [
            {"notes": ["only the first 1 of 5 folds"]},
            {"selected_on_test": True},
            {"transductive": True},
        ],
        ids=["part of the folds", "chosen on test", "transductive"],
    )
    def test_they_and_stamped_runs_are_no_side_of_an_optimism_gap(self, run, odd):
        same = {"values": {"C": 1}}
        random = {"protocol": "random5", "split_digest": "s1", "speaker_independent": False}
        honest = run("honest", right=0.5, **same)
        board = make_board([honest, run("random", right=0.8, **same, **random, **odd)])
        assert {entry.optimism_gap for entry in board.entries} == {None}

    def test_nor_are_damaged_ones(self, run):
        same = {"values": {"C": 1}}
        random = {"protocol": "random5", "split_digest": "s1", "speaker_independent": False}
        good = run("good", right=0.7, **same, **random)
        bad = edit(run("bad", right=0.9, seed=1, **same, **random), uar=0.1)
        honest = run("honest", right=0.5, **same)
        board = make_board([honest, good, bad])
        gap = next(entry.optimism_gap for entry in board.entries if entry.run == "honest")
        assert gap == pytest.approx(good.uar - honest.uar)


class TestRecipes:
    def test_two_recipes_under_one_feature_name_are_separated(self, run):
        from serkit.results.wording import name_of

        prints = ("aaaabbbbcccc", "ddddeeeeffff")
        runs = [
            run(p, luck=n, values={}, feature_fingerprints={"mel": p, "raw": "r"})
            for n, p in enumerate(prints)
        ]
        names = {entry.run: name_of(entry) for entry in make_board(runs).entries}
        assert names == {prints[0]: "svm mel aaaabbbb", prints[1]: "svm mel ddddeeee"}
        (alone,) = make_board(runs[:1]).entries
        assert name_of(alone) == "svm"


class TestLabelsThatMeanLittle:
    def test_a_single_class_is_noted(self, run):
        def one(frame):
            return frame[frame["true"] == "angry"]

        odd = rewrite(run("odd"), one)
        odd = consistent(odd)
        (group,) = make_board([odd]).groups
        assert "every test clip is angry: a model that always says so reaches 100 %" in group.notes

    def test_missing_classes_are_noted(self, run):
        odd = consistent(
            rewrite(run("odd"), lambda frame: frame[~frame["true"].isin(["calm", "sad"])])
        )
        (group,) = make_board([odd]).groups
        assert "no test clip is calm, sad: UAR is over the other 6 classes" in group.notes

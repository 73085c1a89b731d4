"""One model, one row; one model, one verdict: seeds are averaged and copies count once."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runkit import make_run
from serkit.evaluation.metrics import speaker_interval
from serkit.results.board import make_board
from serkit.results.recount import recount
from serkit.results.run import read_run
from serkit.results.wording import name_of


@pytest.fixture
def run(tmp_path):
    def make(name: str, **options):
        return make_run(tmp_path / "runs", name, **options)

    return make


@pytest.fixture
def seeds(run):
    """Three seeds of a net."""
    return [run(f"net{n}", model="cnn", right=0.6, luck=n, seed=n) for n in range(3)]


def copied(run, name, **record):
    """Copy a run's folder, and change what it says of itself."""
    folder = shutil.copytree(run.path, run.path.parent / name)
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | record))
    return read_run(folder)


class TestOneRow:
    def test_it_has_the_mean_the_spread_and_the_number_of_seeds(self, seeds):
        (row,) = make_board(seeds).entries
        uars = [run.uar for run in seeds]
        assert row.uar == pytest.approx(np.mean(uars))
        assert row.seed_spread == pytest.approx(np.std(uars, ddof=1))
        assert (row.seeds, row.seed) == ((0, 1, 2), 0)
        assert row.runs == ("net0", "net1", "net2")
        assert row.accuracy == pytest.approx(np.mean([run.accuracy for run in seeds]))
        assert name_of(row) == "cnn refit=False 3 seeds"

    def test_its_interval_is_that_of_the_average_over_seeds(self, seeds):
        (row,) = make_board(seeds).entries
        counted = [recount(run) for run in seeds]
        hits = np.mean([each.hits for each in counted], axis=0)
        interval = speaker_interval(hits, counted[0].clips)
        assert (row.uar_low, row.uar_high) == (interval.low, interval.high)

    @pytest.mark.parametrize(
        "other",
        [
            {"values": {"C": 1.0}},
            {"preset": "notebook"},
            {"feature_fingerprints": {"functionals": "f1"}},
            {"model": "svm"},
            {"selected_on_test": True},
        ],
        ids=lambda other: next(iter(other)),
    )
    def test_other_parameters_make_another_row(self, run, other):
        one = run("one", model="cnn")
        two = run("two", **{"model": "cnn", "seed": 1, "luck": 1} | other)
        assert len(make_board([one, two]).entries) == 2

    def test_all_seeds_gives_each_run_a_row_with_its_model_s_verdict(self, run, seeds):
        best = run("best", right=0.9)
        folded = {e.model: e for e in make_board([best, *seeds]).entries}
        rows = make_board([best, *seeds], all_seeds=True).entries
        assert sorted(row.run for row in rows) == ["best", "net0", "net1", "net2"]
        by_name = {run.name: run.uar for run in seeds}
        for row in rows[1:]:
            assert row.uar == pytest.approx(by_name[row.run])
            assert row.p_value == folded["cnn"].p_value
            assert row.distinguishable_from_best is folded["cnn"].distinguishable_from_best is True
        assert [row.best for row in rows] == [True, False, False, False]

    def test_a_model_that_ignores_the_seed_is_marked(self, run):
        runs = [run(f"m{n}", model="majority", seed=n) for n in range(3)]
        (group,) = make_board(runs).groups
        (row,) = group.entries
        assert (row.ignores_seed, row.seed_spread, row.seeds) == (True, None, (0, 1, 2))
        assert name_of(row) == "majority any seed"
        assert (
            "majority ignores the seed: its predictions with seeds 0, 1, 2 are the same and count "
            "once"
        ) in group.notes


class TestCopies:
    def test_a_copied_run_does_not_rank_twice(self, run):
        one = run("one")
        again = copied(one, "two")
        (group,) = make_board([one, again]).groups
        assert len(group.entries) == 1
        assert group.entries[0].seed_spread is None
        said = f"{again.path} has the same predictions as {one.path}, and counts once"
        assert said in group.notes

    def test_a_copy_under_another_model_s_name_is_reported(self, run):
        one = run("one")
        again = copied(one, "two", model="ffnn")
        (group,) = make_board([one, again]).groups
        assert [entry.p_value for entry in group.entries] == [None, 1.0]
        assert any("in the tests they count as one" in note for note in group.notes)


def verdicts(board):
    return {
        entry.model: (entry.p_value, entry.distinguishable_from_best, entry.difference_low)
        for entry in board.entries
    }


class TestVerdictsStay:
    @given(
        rights=st.lists(st.floats(0.4, 0.7), min_size=2, max_size=5),
        which=st.integers(0, 4),
        copies=st.integers(1, 5),
        disguise=st.sampled_from(["none", "seed", "name"]),
    )
    @settings(
        max_examples=8,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    def test_copies_change_no_other_model_s_verdict(
        self, tmp_path_factory, rights, which, copies, disguise
    ):
        folder = tmp_path_factory.mktemp("runs")
        runs = [
            make_run(folder, f"r{n}", right=right, luck=n, model=f"model{n}")
            for n, right in enumerate(rights)
        ]
        before = verdicts(make_board(runs))
        source = runs[which % len(runs)]
        for n in range(copies):
            changed = {"none": {}, "seed": {"seed": n + 1}, "name": {"model": f"copy{n}"}}
            runs.append(copied(source, f"copy{n}", **changed[disguise]))
        after = verdicts(make_board(runs))
        # Under another name the copy shares its place; that changes the copied model alone.
        others = before.keys() - ({source.model} if disguise == "name" else set())
        assert {model: after[model] for model in others} == {m: before[m] for m in others}

    def test_more_seeds_of_the_best_do_not_rescue_a_worse_model(self, run):
        """Repeats of the best were comparisons more, which lifted every other p-value."""
        best = [run(f"best{n}", model="cnn", right=0.7, luck=n, seed=n) for n in range(6)]
        worse = run("worse", model="svm", right=0.55, luck=9)
        others = [run("third", model="lstm", right=0.5, luck=10)]
        one, six = (verdicts(make_board([*b, worse, *others])) for b in (best[:1], best))
        assert one["svm"][1] is six["svm"][1] is True
        assert six["svm"][0] <= one["svm"][0] + 0.01

    def test_a_seed_of_an_equal_model_is_not_called_worse(self, tmp_path):
        """The luckiest of many seeds of two equal models is no better than the unluckiest."""
        wrong = 0
        for board in range(10):
            runs = [
                make_run(
                    tmp_path / str(board),
                    f"{model}{seed}",
                    model=model,
                    seed=seed,
                    right=0.6,
                    luck=1000 * board + 10 * seed + (model == "svm"),
                    actors=range(1, 13),
                )
                for model in ("cnn", "svm")
                for seed in range(3)
            ]
            entries = make_board(runs, all_seeds=True).entries
            wrong += any(entry.distinguishable_from_best for entry in entries)
        assert wrong <= 3

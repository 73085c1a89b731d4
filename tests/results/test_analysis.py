"""Where a run errs and where two runs differ, counted by hand on runs made by hand."""

from __future__ import annotations

import json
from io import StringIO
from math import comb, isnan

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from runkit import make_run
from serkit.errors import RunError, UsageError
from serkit.evaluation.metrics import sign_flip_p_value
from serkit.results.analysis.calibration import calibration_curve
from serkit.results.analysis.errors import analyse_errors
from serkit.results.analysis.evidence import Evidence, evidence
from serkit.results.analysis.pair import compare_pair
from serkit.results.analysis.recall import recall_by_group, recall_cells
from serkit.results.analysis.seeds import same_but_seed, seed_agreement


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("analysis") / "runs", "net", right=0.6)


def small(true: list[int], predicted: list[int], **columns: list[str]) -> Evidence:
    """Return evidence of a few clips of two classes; the answer has a probability of 0.8."""
    sure = np.where(np.array(predicted)[:, None] == np.arange(2), 0.8, 0.2)
    frame = pd.DataFrame({"true_id": true, "predicted_id": predicted, "speaker": "1", **columns})
    names = ("a", "b")
    frame["true"] = [names[i] for i in true]
    return Evidence(frame.assign(p_a=sure[:, 0], p_b=sure[:, 1]), names)


class TestRecall:
    def test_is_counted_by_class_in_every_group(self):
        found = small([0, 0, 1, 1, 0], [0, 1, 1, 1, 0], sex=["f", "f", "f", "m", "m"])
        women, men = recall_by_group(found)
        assert (women.column, women.group, women.clips, women.right) == ("sex", "f", (2, 1), (1, 1))
        assert women.recall == (0.5, 1.0)
        assert women.uar == 0.75
        assert men.recall == (1.0, 1.0)

    def test_recall_of_a_missing_class_is_nan_and_ignored(self):
        found = small([0, 0, 1], [0, 1, 1], sex=["f", "f", "m"])
        women, men = recall_by_group(found)
        assert (women.recall, women.uar) == ((0.5, None), 0.5)
        assert men.recall == (None, 1.0)

    def test_speakers_stand_by_number(self, run):
        speakers = [r.group for r in recall_by_group(evidence(run)) if r.column == "speaker"]
        assert speakers == [str(number) for number in range(1, 25)]

    def test_cells_cross_all_groups_and_hold_every_clip_once(self, run):
        found = evidence(run)
        cells = recall_cells(found)
        assert sum(cell["clips"] for cell in cells) == len(found.frame)
        assert sum(cell["right"] for cell in cells) == found.right.sum()
        assert set(cells[0]) == {"true", *found.groups, "clips", "right"}


class TestCalibration:
    def test_a_bin_holds_its_upper_edge(self):
        (only,) = calibration_curve(small([0, 1, 1], [0, 1, 0]))
        assert (only.low, only.high, only.clips) == pytest.approx((0.7, 0.8, 3))
        assert only.confidence == pytest.approx(0.8)
        assert only.accuracy == pytest.approx(2 / 3)

    def test_every_clip_is_in_one_bin(self, run):
        found = evidence(run)
        assert sum(each.clips for each in calibration_curve(found)) == len(found.frame)


class TestErrors:
    def test_the_hardest_clips_come_first(self, run):
        found = analyse_errors(run)
        sure = [clip.p_true for clip in found.hardest]
        assert sure == sorted(sure)
        assert len(sure) == (~found.evidence.right).sum()
        assert all(clip.path is None for clip in found.hardest)

    def test_clips_of_a_store_have_paths_and_statements(self, run):
        ids = run.predictions.index
        clips = pd.DataFrame(
            {"root": "data", "path": ids + ".wav", "statement": ["x", "y"] * (len(ids) // 2)},
            index=ids,
        )
        found = analyse_errors(run, clips=clips)
        assert found.hardest[0].path == f"data/{found.hardest[0].clip_id}.wav"
        assert {row.group for row in found.recall if row.column == "statement"} == {"x", "y"}

    def test_clips_of_another_store_add_nothing(self, run):
        found = analyse_errors(run, clips=pd.DataFrame({"statement": ["x"]}, index=["other"]))
        assert "statement" not in {row.column for row in found.recall}

    def test_json_is_strict(self, run):
        json.dumps(analyse_errors(run).to_json(), allow_nan=False)


class TestSeeds:
    def test_runs_that_differ_in_the_seed_alone_are_found(self, tmp_path):
        first = make_run(tmp_path, "a", seed=0)
        second = make_run(tmp_path, "b", seed=1, luck=1)
        other = make_run(tmp_path, "c", seed=2, values={"C": 9.0})
        assert same_but_seed(first, [first, second, other]) == (first, second)

    def test_agreement_is_counted_over_clips(self, tmp_path):
        runs = [make_run(tmp_path, name, seed=s, luck=s) for s, name in enumerate("abc")]
        found = seed_agreement(runs)
        assert found
        answers = [run.predictions["predicted_id"].to_numpy() for run in runs]
        true = runs[0].predictions["true_id"].to_numpy()
        pairs = [(answers[i] == answers[j]).mean() for i, j in ((0, 1), (0, 2), (1, 2))]
        assert found.agreement == pytest.approx(np.mean(pairs))
        assert found.always_right == pytest.approx(np.all(answers == true, axis=0).mean())
        assert found.seeds == (0, 1, 2)

    def test_one_seed_has_no_agreement(self, run):
        assert seed_agreement([run]) is None


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    return make_run(folder, "good", right=0.8), make_run(folder, "bad", right=0.4, luck=3)


def text_of(found):
    console = Console(file=StringIO(), width=200)
    console.print(found)
    return console.file.getvalue()


class TestPair:
    def test_mcnemar_is_the_exact_binomial_test(self, runs):
        found = compare_pair(*runs).mcnemar
        fewer, both = min(found.only_a, found.only_b), found.only_a + found.only_b
        tail = sum(comb(both, k) for k in range(fewer + 1)) / 2**both
        assert found.p_value == pytest.approx(min(1.0, 2 * tail))
        assert found.both + found.only_a + found.only_b + found.neither == 24 * 16

    def test_differences_are_the_difference_of_the_scores(self, runs):
        a, b = runs
        found = compare_pair(a, b)
        assert (found.uar_a, found.uar_b) == (pytest.approx(a.uar), pytest.approx(b.uar))
        assert found.uar.difference == pytest.approx(a.uar - b.uar)
        assert [c.recall_a for c in found.classes] == pytest.approx(
            list(a.record["recall"].values())
        )
        assert all(c.low <= c.recall_a - c.recall_b <= c.high for c in found.classes)
        assert len(found.only_a) == found.mcnemar.only_a

    def test_swapping_the_runs_swaps_the_answer(self, runs):
        one, other = compare_pair(*runs), compare_pair(*reversed(runs))
        assert one.uar.difference == -other.uar.difference
        assert one.mcnemar.p_value == other.mcnemar.p_value
        assert one.only_a == other.only_b

    def test_the_verdict_is_a_sign_flip_test_over_speakers(self, runs):
        found = compare_pair(*runs)
        assert found.p_value == pytest.approx(1e-4)
        assert "p<0.001: they differ" in text_of(found)
        shares = [
            run.predictions.assign(right=lambda f: f["true_id"] == f["predicted_id"])
            .groupby(["speaker", "true_id"])["right"]
            .mean()
            .groupby("speaker")
            .mean()
            for run in runs
        ]
        assert found.p_value == sign_flip_p_value(shares[0] - shares[1])
        assert all(each.p_value >= found.p_value for each in found.classes)

    def test_stamps_that_differ_are_named(self, runs, tmp_path):
        stamped = make_run(tmp_path, "speaker", right=0.9, transductive=True)
        found = compare_pair(stamped, runs[1])
        assert (found.stamps_a, found.stamps_b) == ("transductive", "")
        assert found.to_json()["stamps_a"] == "transductive"
        first, second, *rest = text_of(found).splitlines()
        assert first.endswith(" %, stamped transductive")
        assert second.endswith(" %")
        said = "note: the stamps differ: the difference is not one of the models alone"
        assert said in rest
        assert "stamp" not in text_of(compare_pair(*runs))
        assert said not in text_of(compare_pair(stamped, stamped))

    def test_no_verdict_below_eight_speakers(self, tmp_path):
        few = {"actors": range(1, 8)}
        found = compare_pair(
            make_run(tmp_path, "a", right=0.9, **few), make_run(tmp_path, "b", right=0.1, **few)
        )
        assert isnan(found.p_value)
        assert "no verdict, which needs 8 speakers or more" in text_of(found)
        assert found.to_json()["p_value"] is None

    def test_a_run_that_contradicts_its_predictions_is_refused(self, tmp_path):
        cheat, honest = make_run(tmp_path, "cheat", uar=0.99), make_run(tmp_path, "honest")
        with pytest.raises(RunError, match=r"uar is 0\.99, counted 0\.[0-9]+"):
            compare_pair(honest, cheat)

    def test_a_run_does_not_differ_from_itself(self, runs):
        found = compare_pair(runs[0], runs[0])
        assert (found.uar.difference, found.uar.p_value, found.mcnemar.p_value) == (0.0, 1.0, 1.0)
        json.dumps(found.to_json(), allow_nan=False)

    def test_only_clips_that_both_tested_count(self, tmp_path):
        found = compare_pair(
            make_run(tmp_path, "a", actors=range(1, 9)),
            make_run(tmp_path, "b", actors=range(5, 20)),
        )
        assert (found.clips, found.speakers) == (64, 4)

    def test_runs_without_a_clip_in_common_are_refused(self, tmp_path):
        a, b = make_run(tmp_path, "a", actors=[1]), make_run(tmp_path, "b", actors=[2])
        with pytest.raises(UsageError) as caught:
            compare_pair(a, b)
        assert str(caught.value) == (
            "a and b tested no clip in common; runs on the same corpus can be compared"
        )

"""The published results: each row can be counted again from what is kept of its run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from runkit import make_run
from serkit.evaluation.metrics import accuracy, confusion, uar
from serkit.results.board import make_board
from serkit.results.finding import list_runs
from serkit.results.run import read_run

DOCS = Path(__file__).parents[2] / "docs"
KEPT, PROBLEMS = list_runs(DOCS / "record" / "runs")


@pytest.fixture
def record(monkeypatch):
    """Return the module that keeps the record."""
    monkeypatch.syspath_prepend(str(DOCS))
    from _results import record

    return record


@pytest.mark.parametrize("run", KEPT, ids=lambda run: run.name)
def test_scores_are_those_of_the_predictions(run):
    found = run.predictions
    labels = found["true_id"], found["predicted_id"]
    assert confusion(*labels).tolist() == run.record["confusion"]
    assert uar(*labels) == pytest.approx(run.uar)
    assert accuracy(*labels) == pytest.approx(run.accuracy)
    probabilities = found.filter(like="p_").to_numpy()
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert "/tmp" not in json.dumps(run.to_json())


def test_every_run_can_be_read():
    assert (len(KEPT) > 0, PROBLEMS) == (True, [])


def test_the_page_is_current():
    found = subprocess.run(
        [sys.executable, str(DOCS / "make_results.py"), "--check"],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "37"},
    )
    assert (found.returncode, found.stderr) == (0, "")


class TestKeeping:
    def test_a_run_takes_the_place_of_one_of_its_kind_and_of_a_lost_one_s_row(
        self, record, tmp_path
    ):
        home = tmp_path / "record"
        make_run(tmp_path / "first", "a", seed=1)
        make_run(tmp_path / "first", "b", seed=2)
        record.keep_runs(tmp_path / "first", home)
        lost = make_board([make_run(tmp_path / "lost", "c", seed=3)]).entries[0]
        (home / "earlier.json").write_text(json.dumps([vars(lost)]))

        make_run(tmp_path / "second", "d", seed=2, right=0.9)
        record.keep_runs(tmp_path / "second", home)
        assert [each.seed for each in record.read_earlier(home)] == [3]
        assert [run.name for run in list_runs(home / "runs")[0]] == ["a", "d"]

        make_run(tmp_path / "third", "e", seed=3)
        record.keep_runs(tmp_path / "third", home)
        assert record.read_earlier(home) == []

    def test_of_two_of_one_kind_the_last_one_stays(self, record, tmp_path):
        for name in ("a", "b"):
            make_run(tmp_path / "runs", name)
        record.keep_runs(tmp_path / "runs", tmp_path / "record")
        assert [run.name for run in list_runs(tmp_path / "record" / "runs")[0]] == ["b"]

    def test_runs_from_before_and_after_a_preset_changed_are_both_kept(self, record, tmp_path):
        make_run(tmp_path / "runs", "before", values={"C": 2.0})
        make_run(tmp_path / "runs", "after")
        record.keep_runs(tmp_path / "runs", tmp_path / "record")
        kept = {path.name for path in (tmp_path / "record" / "runs").iterdir()}
        assert kept == {"before", "after"}

    def test_the_record_does_not_import_itself(self, record, tmp_path):
        make_run(tmp_path / "runs", "a")
        record.keep_runs(tmp_path / "runs", tmp_path / "record")
        with pytest.raises(ValueError, match="is the record itself"):
            record.keep_runs(tmp_path / "record" / "runs", tmp_path / "record")
        assert len(list_runs(tmp_path / "record" / "runs")[0]) == 1

    def test_the_record_has_predictions_but_no_models_or_paths(self, record, tmp_path):
        made = make_run(tmp_path / "runs", "a")
        record.keep_runs(tmp_path / "runs", tmp_path / "record")
        folder = tmp_path / "record" / "runs" / "a"
        assert {path.name for path in folder.iterdir()} == {"run.json", "predictions.parquet"}
        kept = read_run(folder)
        assert kept.predictions["predicted"].equals(made.predictions["predicted"])
        assert not {"store", "runs"} & set(kept.record.get("settings", {}))

    def test_an_unfinished_run_is_named(self, record, tmp_path, capsys):
        made = make_run(tmp_path / "runs", "a")
        (made.path / "config.json").write_text("{}")
        (made.path / "run.json").unlink()
        record.keep_runs(tmp_path / "runs", tmp_path / "record")
        assert capsys.readouterr().out.startswith("left out: the run a is not finished")


class TestEarlierRows:
    def rows(self, tmp_path, *rights: float):
        runs = [make_run(tmp_path / str(r), f"r{r}", right=r, values={"C": r}) for r in rights]
        return make_board(runs)

    def test_a_better_one_leaves_the_others_untested(self, record, tmp_path):
        (lost,) = self.rows(tmp_path / "lost", 0.95).entries
        board = record.with_earlier(self.rows(tmp_path, 0.9, 0.3), [lost])
        assert [row.run for row in board.entries] == ["r0.95", "r0.9", "r0.3"]
        assert [row.best for row in board.entries] == [True, False, False]
        assert {row.distinguishable_from_best for row in board.entries[1:]} == {None}

    def test_a_worse_one_leaves_them_as_they_were(self, record, tmp_path):
        (lost,) = self.rows(tmp_path / "lost", 0.5).entries
        before = self.rows(tmp_path, 0.9, 0.3)
        after = record.with_earlier(before, [lost])
        assert [row for row in after.entries if row.run != "r0.5"] == list(before.entries)

    def test_a_lost_row_without_a_table_is_an_error(self, record, tmp_path):
        (lost,) = self.rows(tmp_path / "lost", 0.5).entries
        with pytest.raises(LookupError, match="luna5"):
            record.with_earlier(make_board([]), [lost])

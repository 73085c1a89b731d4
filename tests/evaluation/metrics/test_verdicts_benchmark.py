"""The simulations behind the page of metrics run, and its figures keep what they promise."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
RECORD = ROOT / "docs" / "record" / "verdicts.json"


def rates(rows):
    """Every figure of serkit's own methods; the others are there for comparison."""
    return [value for row in rows for key, value in row.items() if key.endswith("speakers")]


@pytest.fixture(scope="module")
def recorded():
    return json.loads(RECORD.read_text(encoding="utf-8"))


def test_the_quick_simulation_has_every_table_of_the_record(recorded):
    command = [sys.executable, str(ROOT / "benchmarks" / "verdicts.py"), "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    quick = json.loads(done.stdout)
    assert quick.keys() == recorded.keys()
    for name in quick.keys() - {"repeats"}:
        assert quick[name][0].keys() <= recorded[name][0].keys()


def test_equally_good_models_are_called_worse_in_at_most_5_5_percent(recorded):
    assert max(rates(recorded["familywise"]) + rates(recorded["some_worse"])) <= 0.055


def test_intervals_hold_the_truth_in_at_least_94_percent(recorded):
    assert min(rates(recorded["coverage"]) + rates(recorded["simultaneous"])) >= 0.94


def test_a_detectable_difference_is_found_in_about_80_percent_or_more(recorded):
    """With two models and 8 speakers in fewer: the spread that it rests on is hardly known."""
    for row in recorded["detectable"]:
        least = 0.64 if (row["models"], row["speakers"]) == (2, 8) else 0.75
        assert row["found"] >= least, row

"""A stress table: kept and read again, merged, shown."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from rich.console import Console

from serkit.errors import RunError
from serkit.results.stress import FILE, Spread, StressRow, StressTable, read_stress, write_stress

RECORDING = {"snr": Spread(30.0, 40.0, 50.0)}


def row(condition, change, group="white"):
    low, high = change - 0.05, change + 0.05
    return StressRow(
        condition, group, f"title of {condition}", 100, 2, 0.6 + change, 0.5, 0.7, change, low,
        high, RECORDING,
    )  # fmt: skip


TABLE = StressTable(
    "logreg-luna5",
    100,
    20,
    0.6,
    RECORDING,
    (row("white-20", -0.3), row("room-light", -0.01, "room")),
    ("only a test",),
)


def test_a_table_is_read_as_it_was_written(tmp_path):
    write_stress(tmp_path, TABLE)
    assert read_stress(tmp_path) == TABLE


def test_a_run_without_one_has_none(tmp_path):
    assert read_stress(tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"rows": 3}'])
def test_a_damaged_file_is_named_with_what_to_do(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(RunError, match=r"is damaged .*; delete it, and run 'serkit stress' again"):
        read_stress(tmp_path)


def test_what_is_tried_again_replaces_what_was_known():
    again = replace(TABLE, rows=(row("white-20", -0.1), row("mp3-32", 0.0, "codec")))
    merged = again.merged(TABLE)
    assert [(each.condition, each.change) for each in merged.rows] == [
        ("white-20", -0.1),
        ("room-light", -0.01),
        ("mp3-32", 0.0),
    ]


def test_only_a_fall_beyond_chance_is_one():
    assert TABLE["white-20"].falls
    assert not TABLE["room-light"].falls
    assert not replace(TABLE["white-20"], change_high=None).falls  # one speaker


def test_the_table_shows_figures_intervals_and_notes():
    console = Console(width=120, record=True)
    console.print(TABLE)
    shown = console.export_text()
    assert "100 test clips of 20 speakers, UAR 60.0 % as recorded" in shown
    line = next(line for line in shown.splitlines() if "title of white-20" in line)
    assert line.split()[3:] == ["30.0", "50.0-70.0", "-30.0", "-35.0", "to", "-25.0", "100"]
    assert "note: only a test" in shown


def test_a_change_that_rounds_to_nothing_has_no_minus():
    console = Console(width=120, record=True)
    console.print(replace(TABLE, rows=(row("white-20", -0.0001),)))
    assert "-0.0" not in console.export_text()


def test_its_json_is_plain():
    assert json.loads(json.dumps(TABLE.to_json()))["rows"][0]["recording"]["snr"] == {
        "low": 30.0,
        "middle": 40.0,
        "high": 50.0,
    }

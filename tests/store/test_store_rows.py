"""Rows are decoded when they are asked for, and are then what was written."""

from __future__ import annotations

import io
import pickle
from dataclasses import fields

import pytest

from serkit.store import segment as segment_module
from serkit.store.rows import Rows, column, some
from serkit.store.segment import Segment
from serkit.store.table import Table
from serkit.store.tables import FileRow, encode


def file_row(number, size=0):
    return FileRow(f"{number}.wav", size, 1_000 + number, f"clip{number}", "ab" * 32, None)


def segment(rows):
    return Segment(FileRow, encode(FileRow, rows))


FIRST = [file_row(number) for number in range(100)]
SECOND = [file_row(number, size=7) for number in (3, 200, 50)]
BOTH = {row.path: row for row in [*FIRST, *SECOND]}


@pytest.fixture
def rows():
    return Rows([segment(FIRST), segment(SECOND)])


def test_of_rows_with_one_key_the_last_counts(rows):
    assert rows == BOTH
    assert len(rows) == 101
    assert list(rows) == list(BOTH)
    assert [rows[key].size for key in ("3.wav", "4.wav", "200.wav")] == [7, 0, 7]


@pytest.mark.parametrize("name", [field.name for field in fields(FileRow)])
def test_a_column_follows_the_rows_order(rows, name):
    assert rows.column(name) == [getattr(row, name) for row in BOTH.values()]
    assert column(BOTH, name) == rows.column(name)
    assert Rows([segment(FIRST)]).column(name) == [getattr(row, name) for row in FIRST]


@pytest.mark.parametrize("count", [0, 1, 12, 13, 101])
def test_few_rows_and_all_of_them_are_the_same(rows, count):
    keys = list(reversed(BOTH))[:count]
    assert rows.some(keys) == some(BOTH, keys) == [BOTH[key] for key in keys]
    assert rows.some(keys) == some(rows, keys)
    assert list(rows.values()) == list(BOTH.values())


def test_few_rows_are_made_without_the_others(rows):
    rows.some(["1.wav", "200.wav"])
    assert len(rows._made) == 2
    for number in range(20):
        assert rows[f"{number}.wav"] == BOTH[f"{number}.wav"]
    assert len(rows._made) == 101


def test_an_absent_row_is_missing(rows):
    assert "x" not in rows
    assert rows.get("x") is None
    with pytest.raises(KeyError, match="x"):
        rows.some(["1.wav", "x"])
    assert len(Rows([segment([])])) == 0
    assert list(Rows([]).items()) == []


def test_rows_cross_over_to_other_processes(rows):
    rows.column("size")
    assert pickle.loads(pickle.dumps(rows)) == BOTH


def test_asking_for_rows_that_are_not_there_makes_none(rows):
    """An extraction asks so for each new clip; all rows of a large store would fill the memory."""
    for number in range(1_000, 1_200):
        assert rows.get(f"{number}.wav") is None
        with pytest.raises(KeyError, match=f"{number}.wav"):
            rows[f"{number}.wav"]
    assert rows._made == {}


@pytest.mark.parametrize("fewest", [1, 1_000])
def test_arrow_s_own_choice_and_one_by_one_are_the_same(fewest, monkeypatch):
    monkeypatch.setattr(segment_module, "_TAKEN", fewest)
    monkeypatch.setattr(segment_module, "_IMPORTED_FOR", fewest)
    assert segment(FIRST).rows_at([5, 0, 99]) == [FIRST[5], FIRST[0], FIRST[99]]


def test_tables_are_the_same_row_by_row_however_they_were_written(rows):
    names = ("path", "pcm_sha256")
    assert rows.same_as(Rows([segment([*FIRST, *SECOND])]), names)
    assert not rows.same_as(Rows([segment([*SECOND, *FIRST])]), names)
    assert not rows.same_as(Rows([segment(FIRST)]), names)
    assert Rows([]).same_as(Rows([]), names)


def test_a_table_with_changes_holds_more_than_its_segments():
    table = Table(FileRow, [segment(FIRST)])
    assert table.is_stored
    table.put([SECOND[0]])
    assert not table.is_stored
    packed = table.pack()
    packed.write(sink := io.BytesIO(), FileRow)
    table.settle(packed.kept, sink.getvalue(), packed.index)
    assert table.is_stored
    table.remove("3.wav")
    assert not table.is_stored

"""The store's own Parquet tables: what goes in comes out, and pandas can read it."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serkit.store.columns import number_column, numbers, string_column
from serkit.store.segment import Segment
from serkit.store.tables import (
    ClipRow,
    FileRow,
    IndexRow,
    encode,
)

CLIP = ClipRow(
    *("clip", "ravdess", "Actor_01/clip.wav", "audio-only", "speech", "calm", 1, "normal"),
    *(
        "Kids are talking by the door",
        1,
        1,
        "1",
        "male",
        48_000,
        1,
        177_632,
        None,
        "ab" * 32,
        "/data",
    ),
)
INDEX = IndexRow("clip", "f" * 64, "ab" * 32, "parts/raw/1.h5", 0, 177_632, 75_493, 2**64 - 1)
FILE = FileRow("Zoë/clip 日本.wav", 355_308, 2**62, "clip", "ab" * 32)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 100])
@pytest.mark.parametrize("row", [CLIP, INDEX, FILE], ids=lambda row: type(row).__name__)
def test_rows_come_back_as_they_were(row, count):
    key = "path" if isinstance(row, FileRow) else "clip_id"
    rows = [replace(row, **{key: f"{getattr(row, key)}-{i}"}) for i in range(count)]
    if isinstance(row, ClipRow):
        rows = [
            replace(r, resampled_from=None if i % 3 else 44_100 + i) for i, r in enumerate(rows)
        ]
    assert Segment(type(row), encode(type(row), rows)).rows() == rows


def test_a_table_from_when_actors_were_numbers_names_its_speakers():
    rows = [replace(CLIP, clip_id=str(i), actor=i) for i in (0, 3, 24)]
    older = pq.read_table(io.BytesIO(encode(ClipRow, rows))).drop_columns(["speaker"])
    written = io.BytesIO()
    pq.write_table(older, written)
    found = Segment(ClipRow, written.getvalue()).rows()
    assert [row.speaker for row in found] == ["unknown", "3", "24"]


def test_speakers_without_numbers_have_no_actor():
    row = replace(CLIP, actor=None, speaker="Zoë")
    assert Segment(ClipRow, encode(ClipRow, [row])).rows() == [row]


def test_pandas_sees_what_is_missing_as_missing():
    rows = [replace(CLIP, clip_id=str(i), resampled_from=r) for i, r in enumerate([None, 16_000])]
    table = pd.read_parquet(io.BytesIO(encode(ClipRow, rows)))
    assert table["resampled_from"].isna().tolist() == [True, False]
    assert table["resampled_from"][1] == 16_000


class TestColumns:
    def test_strings_are_those_that_arrow_makes(self):
        values = ["", "a", "ß", "日本", "a" * 1000]
        assert string_column(values).equals(pa.array(values))

    @pytest.mark.parametrize("dtype", ["int64", "uint64", "float32", "float64"])
    def test_numbers_are_those_that_arrow_makes(self, dtype):
        values = np.arange(21, dtype=dtype)[::2]
        assert number_column(values).equals(pa.array(values))

    def test_and_so_are_nulls(self):
        missing = np.array([True, False, False] * 5)
        column = number_column(np.arange(15), missing)
        assert column.to_pylist() == [None if i % 3 == 0 else i for i in range(15)]

    def test_numbers_are_read_across_chunks_and_slices(self):
        column = pa.chunked_array([pa.array([1.5, -0.0]), pa.array([2.0, 3.0, 4.0])]).slice(1, 3)
        assert numbers(column).tolist() == [0.0, 2.0, 3.0]
        assert np.signbit(numbers(column)[0])
        assert numbers(column.slice(0, 0)).tolist() == []

    @pytest.mark.parametrize("values", [["a"], [1.0, None], [True]])
    def test_columns_with_nulls_are_refused(self, values):
        with pytest.raises(ValueError, match="a column of"):
            numbers(pa.chunked_array([values]))

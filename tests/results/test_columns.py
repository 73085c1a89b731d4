"""Columns of predictions: shared between files that hold the same, and checked in each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runkit import make_run
from serkit.errors import RunError
from serkit.results.answers import AnswerReader
from serkit.results.columns import Columns
from serkit.results.folder import PREDICTIONS

FACTS = ["clip_id", "fold", "speaker", "true_id"]


@pytest.fixture
def run(tmp_path):
    return lambda name, **options: make_run(tmp_path, name, **options)


def rewritten(run, change, **options) -> Columns:
    """Change a run's predictions and open them."""
    path = run.path / PREDICTIONS
    change(pd.read_parquet(path)).to_parquet(path, index=False, **options)
    return Columns(path)


def read(reader, run):
    return reader.read(run.path, tuple(run.record["recall"]), run.record["clips"])


def test_runs_of_the_same_clips_share_what_is_known_about_them(run):
    reader = AnswerReader()
    one, two = (read(reader, run(name, right=right)) for name, right in (("a", 0.3), ("b", 0.8)))
    assert one.facts is two.facts
    assert not np.array_equal(one.probabilities, two.probabilities)


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.assign(speaker=["x", *frame["speaker"][1:]]),
        lambda frame: frame.assign(true_id=frame["true_id"].astype("int32")),
        lambda frame: frame.iloc[::-1],
    ],
    ids=["another speaker", "another type", "another order"],
)
def test_other_columns_are_not_taken_for_the_same(run, change):
    one, other = Columns(run("a").path / PREDICTIONS), rewritten(run("b"), change)
    assert one.stored(FACTS) == one.stored(FACTS)
    assert one.stored(FACTS) != other.stored(FACTS)


def test_a_file_in_several_pieces_is_read_and_equals_no_other(run):
    plain = run("plain")
    split = rewritten(run("split"), lambda frame: frame, row_group_size=100)
    assert split.stored(FACTS) != split.stored(FACTS)
    assert split.texts("clip_id").tolist() == plain.predictions.index.tolist()


def test_a_damaged_column_is_named_when_it_is_decoded(run):
    path = run("a").path / PREDICTIONS
    chunk = pq.read_metadata(path).row_group(0).column(0)
    content = bytearray(path.read_bytes())
    content[chunk.data_page_offset : chunk.data_page_offset + 40] = bytes(40)
    path.write_bytes(content)
    with pytest.raises(RunError, match=f"{path} is damaged"):
        Columns(path).texts("clip_id")


def test_gaps_and_missing_columns(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"p": pa.array([0.5, None]), "fold": ["1", None]}), path)
    columns = Columns(path)
    assert columns.numbers("p").tolist() == pytest.approx([0.5, np.nan], nan_ok=True)
    assert columns.texts("fold", gaps="None").tolist() == ["1", "None"]
    with pytest.raises(RunError, match="the column 'fold' has gaps"):
        columns.texts("fold")
    with pytest.raises(RunError, match="it lacks the column 'speaker'"):
        columns.stored(["speaker"])
    with pytest.raises(RunError, match="the column 'fold' holds something other than numbers"):
        columns.numbers("fold")

"""Tables are appended to: what a commit costs, what is merged, and stores of format 1."""

from __future__ import annotations

import io
import json
from itertools import pairwise

import numpy as np
import pyarrow.parquet as pq
import pytest
from xxhash import xxh3_64_hexdigest

import storekit as kit
from serkit.errors import StoreCorruptError
from serkit.extraction.repair import repair
from serkit.features.spec import canonical_json
from serkit.store.gc import gc
from serkit.store.manifest import read_manifest
from serkit.store.rows import Rows
from serkit.store.segment import Segment
from serkit.store.state import read_state
from serkit.store.store import FeatureStore
from serkit.store.table import Table
from serkit.store.tables import FileRow
from serkit.store.verify import verify
from serkit.store.writer import StoreWriter


def file_row(number, size=0):
    return FileRow(f"{number}.wav", size, 1_000 + number, f"clip{number}", "ab" * 32, None)


@pytest.fixture
def many_segments(monkeypatch):
    """Merge no segments because they are short: tests have few rows."""
    monkeypatch.setattr("serkit.store.table._SMALL", 0)


class Written:
    """A table as a writer has it, beside the dictionary that it stands for."""

    def __init__(self, folder=None):
        self.folder = folder
        self.table = Table(FileRow)
        self.expected = {}
        self.segments = []
        self.written = 0

    def put(self, *rows):
        for row in rows:
            self.table.put([row])
            self.expected[row.path] = row

    def remove(self, key):
        assert self.table.remove(key) == self.expected.pop(key, None)

    def packed(self, *, tidy=False):
        packed = self.table.pack(tidy=tidy)
        packed.write(sink := io.BytesIO(), FileRow)
        return packed, sink.getvalue()

    def commit(self, *, tidy=False):
        packed, data = self.packed(tidy=tidy)
        source = data
        if self.folder:
            source = self.folder / f"{self.written}-{len(packed.index)}.parquet"
            source.write_bytes(data)
        self.table.settle(packed.kept, source, packed.index)
        self.segments = [*self.segments[: packed.kept], Segment(FileRow, data)]
        self.written += len(packed.index)
        assert not self.table.changed

    def check(self):
        assert dict(self.table.items()) == self.expected
        assert list(self.table) == list(self.expected)
        assert list(self.table.passing([*self.expected, "absent"])) == [
            *self.expected.values(),
            None,
        ]
        assert self.table.column("size") == [row.size for row in self.expected.values()]
        self.check_each(self.table)

    def check_each(self, rows):
        found = sorted(rows.each("path", "size"))
        assert found == sorted((row.path, row.size) for row in self.expected.values())

    def check_committed(self):
        self.check()
        assert Rows(self.segments) == self.expected
        self.check_each(Rows(self.segments))


class TestATable:
    @pytest.mark.parametrize(("rows_at_once", "most_runs"), [(5, 0), (5, 256), (16_384, 256)])
    @pytest.mark.parametrize("is_on_disk", [False, True])
    def test_holds_what_a_dictionary_would(
        self, many_segments, rows_at_once, most_runs, is_on_disk, monkeypatch, tmp_path
    ):
        """Random changes, some committed, some not; read back after each commit."""
        monkeypatch.setattr("serkit.store.packing._AT_ONCE", rows_at_once)
        monkeypatch.setattr("serkit.store.packing._MOST_RUNS", most_runs)
        random = np.random.default_rng(0)
        written = Written(tmp_path if is_on_disk else None)
        for _ in range(60):
            for number in random.integers(0, 50, random.integers(1, 6)).tolist():
                if random.random() < 0.1:
                    written.remove(f"{number}.wav")
                else:
                    written.put(file_row(number, size=int(random.integers(3))))
                assert len(written.table) == len(written.expected)
            written.check()
            if random.random() < 0.7:
                written.commit()
                written.check_committed()

    def test_a_commit_writes_new_rows_and_merges_seldom(self, many_segments):
        written = Written()
        for number in range(1_000):
            written.put(file_row(number))
            written.commit()
        written.check_committed()
        assert len(written.segments) <= 6
        assert written.written < 15 * 1_000
        lengths = [len(segment.keys) for segment in written.segments]
        assert all(first >= 4 * second for first, second in pairwise(lengths))

    def test_a_tidy_commit_leaves_no_row_that_another_has_replaced(self, many_segments):
        """Such rows make a table slow to read: its columns are then matched key by key."""
        written = Written()
        written.put(*map(file_row, range(100)))
        written.commit()
        written.put(file_row(7, size=1))
        written.commit()
        assert sum(len(segment.keys) for segment in written.segments) == 101
        written.put(file_row(100))
        written.commit(tidy=True)
        assert [len(segment.keys) for segment in written.segments] == [101]
        written.check_committed()
        assert written.expected["7.wav"].size == 1

    def test_a_tidy_commit_merges_nothing_where_no_row_was_replaced(self, many_segments):
        written = Written()
        written.put(*map(file_row, range(100)))
        written.commit()
        written.put(file_row(100))
        written.commit(tidy=True)
        assert [len(segment.keys) for segment in written.segments] == [100, 1]

    def test_short_segments_are_merged(self):
        written = Written()
        for number in range(10):
            written.put(file_row(number))
            written.commit()
        assert len(written.segments) == 1

    def test_equal_rows_change_nothing(self):
        written = Written()
        written.put(file_row(1))
        written.commit()
        written.put(file_row(1))
        assert not written.table.changed
        written.remove("2.wav")
        assert not written.table.changed

    def test_what_was_packed_and_not_committed_is_packed_again(self):
        written = Written()
        written.put(file_row(1))
        assert written.packed()[1] == written.packed()[1]
        written.put(file_row(2))
        written.commit()
        written.check_committed()


def test_a_writer_whose_table_disappears_says_so(tmp_path):
    written = Written(tmp_path)
    written.put(file_row(1))
    written.commit()
    for path in tmp_path.iterdir():
        path.unlink()
    with pytest.raises(StoreCorruptError, match="has disappeared; run 'serkit store repair'"):
        written.table["1.wav"]


# Stores


@pytest.fixture
def store(many_segments, tmp_path):
    """A store whose tables are of several files."""
    corpus = kit.make_clips(tmp_path / "corpus", range(8))
    kit.fill(corpus, tmp_path / "store")
    kit.add_clip(corpus, 8)
    kit.fill(corpus, tmp_path / "store")
    return tmp_path / "store"


def index_files(store, feature="raw"):
    return read_manifest(store).features[feature].index


def test_a_second_extraction_leaves_the_first_one_s_tables(store):
    tables = read_manifest(store).tables
    assert [len(index_files(store)), len(tables["clips"]), len(tables["files"])] == [2, 2, 2]
    assert sorted(p.name for p in (store / "tables").glob("clips-*")) == [
        file.file.removeprefix("tables/") for file in tables["clips"]
    ]
    assert kit.is_clean(store)
    assert len(FeatureStore(store).load("raw")) == 9


def test_a_clip_that_changed_counts_once_and_its_old_values_are_gone(store, tmp_path):
    name = kit.clip_id(8)
    before = read_state(store).index["raw"][name]
    kit.add_clip(tmp_path / "corpus", 8, seed=99)
    kit.fill(tmp_path / "corpus", store)
    after = read_state(store).index["raw"][name]
    assert after.pcm_sha256 != before.pcm_sha256
    assert not (store / before.part).exists()
    assert len(FeatureStore(store).clips) == 9
    assert kit.is_clean(store)


def test_a_damaged_segment_costs_its_own_rows(store, tmp_path):
    whole = kit.contents(store)
    first, last = index_files(store)
    (store / last.file).unlink()
    (damage,) = verify(store).damaged
    assert (damage.file, damage.what) == (last.file, "the index of raw is missing")
    repair(store, workers=1)
    assert index_files(store) == (first,)
    assert len(kit.contents(store)["raw"]) == 8
    with kit.counting_calls() as calls:
        kit.fill(tmp_path / "corpus", store)
    assert calls == ["raw"]
    assert kit.contents(store) == whole


def test_rows_that_count_again_and_whose_part_is_gone_are_computed(store, tmp_path):
    kit.add_clip(tmp_path / "corpus", 0, seed=99)
    part = store / read_state(store).index["raw"][kit.clip_id(0)].part
    kit.fill(tmp_path / "corpus", store)
    whole = kit.contents(store)
    (store / index_files(store)[-1].file).unlink()
    part.unlink()
    repair(store, workers=1)
    assert kit.is_clean(store)
    kit.fill(tmp_path / "corpus", store)
    assert kit.contents(store) == whole


def test_gc_writes_a_table_without_what_it_takes_out(store, tmp_path):
    only = kit.make_clips(tmp_path / "other", range(3))
    kit.fill(only, store, [kit.raw(pad_to=2 * kit.PAD_TO)])
    report = gc(store, drop=["mel8"])
    assert report.stale == {"raw": 6}
    (table,) = index_files(store)
    assert pq.read_table(store / table.file).num_rows == 3
    assert set(read_manifest(store).features) == {"raw", "change_deviation"}
    assert not list((store / "parts").glob("mel8/*"))
    assert kit.is_clean(store)


def test_small_parts_of_tables_are_merged_before_the_commit(tmp_path, monkeypatch):
    """So no row of the index takes the place of another, and the index is as the clips are."""
    monkeypatch.setattr("serkit.store.compact._MOST_TABLE_PARTS", 1)
    corpus = kit.make_clips(tmp_path / "corpus", range(12))
    kit.fill(corpus, tmp_path / "store", [kit.deviation(), kit.raw()])
    parts = list((tmp_path / "store" / "parts" / "change_deviation").iterdir())
    assert len(parts) == 1
    assert len(list((tmp_path / "store" / "parts" / "raw").iterdir())) > 1
    state = read_state(tmp_path / "store")
    assert [*state.index["change_deviation"]] == [*state.clips]
    (index,) = index_files(tmp_path / "store", "change_deviation")
    assert pq.read_table(tmp_path / "store" / index.file).num_rows == 12
    assert kit.is_clean(tmp_path / "store")


def test_a_commit_is_due_after_so_many_clips(tmp_path, monkeypatch):
    """Until then their rows are objects; the writer's memory is not to grow with the corpus."""
    monkeypatch.setattr("serkit.extraction.recorder._MOST_PENDING", 4)
    most = []
    commit = StoreWriter.commit
    monkeypatch.setattr(
        StoreWriter,
        "commit",
        lambda self, **how: (most.append(len(self.pending("raw"))), commit(self, **how)),
    )
    kit.fill(kit.make_clips(tmp_path / "corpus", range(12)), tmp_path / "store", [kit.raw()])
    assert len(FeatureStore(tmp_path / "store").load("raw")) == 12
    assert max(most) < 8


# Format 1


def to_format_1(store):
    """Write a store's tables as serkit did before format 2."""
    state = read_state(store)
    data = json.loads((store / "manifest.json").read_text())
    del data["digest"]
    data["format"] = 1
    data["tables"] = {name: table[-1] for name, table in data["tables"].items()}
    for name, feature in data["features"].items():
        (file,) = feature["index"]
        path = store / file["file"]
        table = pq.read_table(path).drop_columns(["part_bytes", "part_xxh3"])
        image = io.BytesIO()
        pq.write_table(table, image, compression="zstd")
        path.write_bytes(image.getvalue())
        facts = {"bytes": len(image.getvalue()), "xxh3": xxh3_64_hexdigest(image.getvalue())}
        feature["index"] = file | facts
        parts = state.parts(name).values()
        feature["parts"] = [{"file": p.file, "bytes": p.bytes, "xxh3": p.xxh3} for p in parts]
    data["digest"] = xxh3_64_hexdigest(canonical_json(data).encode())
    for name in ("manifest.json", "manifest.copy.json"):
        (store / name).write_text(json.dumps(data))


@pytest.fixture
def old(tmp_path):
    kit.fill(kit.make_clips(tmp_path / "corpus", range(6)), tmp_path / "old")
    to_format_1(tmp_path / "old")
    return tmp_path / "old"


def format_of(store):
    return json.loads((store / "manifest.json").read_text())["format"]


def test_a_store_of_format_1_is_read(old, tmp_path):
    kit.fill(tmp_path / "corpus", tmp_path / "new")
    assert kit.contents(old) == kit.contents(tmp_path / "new")
    assert kit.is_clean(old)
    with kit.counting_calls() as calls:
        kit.fill(tmp_path / "corpus", old)
    assert calls == []
    assert format_of(old) == 1  # nothing was written


def test_a_store_of_format_1_is_extracted_into(old, tmp_path):
    before = kit.contents(old)
    kit.add_clip(tmp_path / "corpus", 7)
    with kit.counting_calls() as calls:
        kit.fill(tmp_path / "corpus", old)
    assert sorted(calls) == ["change-deviation", "mel", "raw"]
    assert format_of(old) == 2
    after = kit.contents(old)
    assert {n: {i: v for i, v in f.items() if i in before[n]} for n, f in after.items()} == before
    assert kit.is_clean(old)


def test_old_parts_are_forgotten_with_their_last_value(old, tmp_path):
    listed = read_manifest(old).features["raw"].parts
    changed = kit.raw(pad_to=2 * kit.PAD_TO)
    kit.fill(tmp_path / "corpus", old, [changed])
    manifest = read_manifest(old)
    assert manifest.features["raw"].parts == {}
    assert manifest.features["raw"].older == ()
    assert len(manifest.features["mel8"].parts) > 0
    assert not any((old / name).exists() for name in listed)
    assert kit.is_clean(old)


@pytest.mark.parametrize("kind", ["part", "index", "manifest"])
def test_a_damaged_store_of_format_1_is_repaired(old, tmp_path, kind):
    whole = kit.contents(old)
    state = read_state(old)
    file = {
        "part": next(iter(state.parts("mel8"))),
        "index": state.manifest.features["mel8"].index[0].file,
        "manifest": "manifest.json",
    }[kind]
    kit.flip(old / file, -1)
    assert kind == "manifest" or not kit.is_clean(old)
    repair(old, workers=1)
    assert kit.is_clean(old)
    kit.fill(tmp_path / "corpus", old)
    assert kit.contents(old) == whole

"""gc gives back what nobody can read any more, and touches nothing else."""

from __future__ import annotations

import pytest

import storekit as kit
from serkit.errors import StoreCorruptError, UnknownNameError
from serkit.store.gc import folder_size, gc
from serkit.store.parts import find_values
from serkit.store.state import read_state
from serkit.store.status import feature_status
from serkit.store.store import FeatureStore
from serkit.store.verify import verify

CLIPS = 8


@pytest.fixture
def corpus(tmp_path):
    return kit.make_clips(tmp_path / "corpus", range(CLIPS))


@pytest.fixture
def store(corpus, tmp_path):
    kit.fill(corpus, tmp_path / "store")
    return tmp_path / "store"


def parts(store, feature):
    return {p.relative_to(store).as_posix() for p in (store / "parts" / feature).glob("*")}


def used(store, feature):
    return {row.part for row in read_state(store).index[feature].values()}


def test_gc_of_a_full_store_does_nothing(store):
    before = {p: p.read_bytes() for p in store.rglob("*") if p.is_file()}
    report = gc(store)
    assert (report.stale, report.dropped) == ({}, ())
    assert report.bytes_before == report.bytes_after == folder_size(store)
    assert {p: p.read_bytes() for p in store.rglob("*") if p.is_file()} == before


def test_gc_drops_values_of_old_recipes_and_old_samples(corpus, store, tmp_path):
    half = kit.make_clips(tmp_path / "half", range(3))
    kit.fill(half, store, [kit.mel(n_mels=12)])  # five clips are still of the old recipe
    kit.add_clip(corpus, 7, seed=99)
    kit.fill(corpus, store, [kit.raw()])  # its mel and deviation are of other samples
    before = kit.contents(store)
    report = gc(store)
    assert report.stale == {"mel8": 5, "change_deviation": 1}
    assert report.bytes_after < report.bytes_before
    assert kit.contents(store) == before
    assert kit.is_clean(store)
    answer = feature_status(read_state(store), kit.mel(n_mels=12))
    assert answer.counts == {"current": 3, "missing": 5, "stale": 0, "failed": 0}
    assert read_state(store).manifest.features["mel8"].older == ()


def test_gc_rewrites_parts_that_are_partly_dead(corpus, store):
    """A part is dead where a clip was computed again elsewhere; the living ones move."""
    dead = {clip: parts(store, "raw") for clip in (0, 5)}
    for number in dead:
        kit.add_clip(corpus, number, seed=99)
    kit.fill(corpus, store)
    before, size = kit.contents(store), folder_size(store)
    report = gc(store)
    assert report.stale == {}
    assert report.bytes_after < size - 2 * kit.sound(0).nbytes / 2
    assert kit.contents(store) == before
    assert kit.is_clean(store)
    assert parts(store, "raw") == used(store, "raw")
    live = sum(kit.sound(99 if n in dead else n).nbytes for n in range(CLIPS))
    on_disk = sum((store / part).stat().st_size for part in parts(store, "raw"))
    assert on_disk < 1.3 * live


def test_gc_after_prune(corpus, store):
    for number in range(4):
        next(corpus.rglob(f"{kit.clip_id(number)}.wav")).unlink()
    kit.fill(corpus, store, prune=True)
    before = kit.contents(store)
    assert all(len(clips) == 4 for clips in before.values())
    gc(store)
    assert kit.contents(store) == before
    assert kit.is_clean(store)
    live = sum(kit.sound(n).nbytes for n in range(4, CLIPS))
    assert sum((store / part).stat().st_size for part in parts(store, "raw")) < 1.3 * live


def test_gc_removes_what_a_killed_writer_left(store):
    before = kit.contents(store)
    orphans = [
        store / "parts" / "raw" / "0123456789abcdef.h5",
        store / "parts" / "raw" / ".feed.h5.77.tmp",
        store / "parts" / "gone" / "x.parquet",
        store / "tables" / "clips-999999.parquet",
        store / ".manifest.json.77.tmp",
    ]
    for path in orphans:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
    report = gc(store)
    assert not any(path.exists() for path in orphans)
    assert report.bytes_after == report.bytes_before - 4 * len(orphans)
    assert kit.contents(store) == before
    assert kit.is_clean(store)


def test_gc_leaves_what_is_not_the_stores(store):
    mine = store / "notes.txt"
    mine.write_text("mine")
    gc(store)
    assert mine.read_text() == "mine"


def test_gc_drops_a_feature_on_request(store):
    before = kit.contents(store)
    report = gc(store, drop=["mel8"])
    assert report.dropped == ("mel8",)
    assert FeatureStore(store).features == ("raw", "change_deviation")
    assert parts(store, "mel8") == set()
    del before["mel8"]
    assert kit.contents(store) == before
    assert kit.is_clean(store)


def test_gc_of_an_unknown_feature_drops_none(store):
    before = {p: p.read_bytes() for p in store.rglob("*") if p.is_file()}
    with pytest.raises(UnknownNameError) as error:
        gc(store, drop=["raw", "mel9"])
    assert str(error.value) == (
        f"unknown feature 'mel9' in the store {store}: did you mean 'mel8'?; "
        "there are: change_deviation, mel8, raw"
    )
    assert {p: p.read_bytes() for p in store.rglob("*") if p.is_file()} == before


def test_gc_does_not_hide_damage(corpus, store):
    """Values that are not what was written stay where they are, for verify to find."""
    kit.add_clip(corpus, 0, seed=99)
    kit.fill(corpus, store, [kit.raw()])
    state = read_state(store)
    row = state.index["raw"][kit.clip_id(1)]
    path = store / row.part
    place = find_values(path, state.manifest.features["raw"].layout)
    kit.flip(path, 0)
    with pytest.raises(StoreCorruptError) as error:
        gc(store)
    assert str(error.value) == f"the part {path.name} is damaged; run 'serkit store repair'"
    kit.flip(path, 0)
    kit.flip(path, place.offset + 2 * row.offset)
    gc(store)
    (damage,) = verify(store).damaged
    assert damage.clip_ids == (kit.clip_id(1),)


def test_many_small_table_parts_are_merged(tmp_path):
    """Reading hundreds of little Parquet files would be slow."""
    corpus = tmp_path / "corpus"
    for number in range(12):
        kit.add_clip(corpus, number)
        kit.fill(corpus, tmp_path / "store", [kit.deviation(), kit.raw()])
    store = tmp_path / "store"
    assert len(parts(store, "change_deviation")) <= 5
    assert parts(store, "change_deviation") == used(store, "change_deviation")
    assert kit.is_clean(store)
    kit.fill(corpus, tmp_path / "at-once", [kit.deviation(), kit.raw()])
    assert kit.contents(store) == kit.contents(tmp_path / "at-once")


def test_gc_reports_progress(corpus, store):
    told = []
    gc(store, progress=lambda *counts: told.append(counts))
    assert told == [(0, 0)]  # nothing to rewrite
    kit.add_clip(corpus, 7, seed=99)
    kit.fill(corpus, store, [kit.raw()])  # a value of every other feature is stale now
    told.clear()
    gc(store, progress=lambda *counts: told.append(counts))
    total = told[0][1]
    assert total >= 1
    assert told[0] == (0, total)
    assert told[-1] == (total, total)
    assert told == sorted(told)

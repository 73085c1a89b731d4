"""Two writers wait for each other; a reader needs to wait for nobody."""

from __future__ import annotations

import json
import os
import socket
import time
from contextlib import contextmanager

import pytest

import storekit as kit
from serkit.errors import NotFoundError, StoreError, StoreLockedError
from serkit.extraction.repair import repair
from serkit.storage.lock import writer_lock
from serkit.store.gc import gc
from serkit.store.store import FeatureStore
from serkit.store.verify import verify
from storekit_processes import (
    change_again_and_again,
    fill_slowly,
    hold,
    small_recipes,
    started,
    wait_until,
)


@pytest.fixture
def corpus(tmp_path):
    return kit.make_clips(tmp_path / "corpus", range(12))


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of ``store``; yields its pid and what makes it let go."""
    held, release = tmp_path / "held", tmp_path / "release"
    process = started(hold, tmp_path / "store", held, release)
    wait_until(held.exists)
    yield process.pid, release
    release.touch()
    process.join(10)


def test_the_second_waits_and_then_finds_everything_done(corpus, tmp_path):
    store, began = tmp_path / "store", tmp_path / "began"
    first = started(fill_slowly, corpus, store, 1, began)
    wait_until(began.exists)
    said = []
    report = kit.fill(corpus, store, small_recipes(), say=said.append, wait=30)
    first.join(10)
    assert first.exitcode == 0
    assert (report.computed, report.reused, report.clips) == (0, 12, 12)
    (sentence,) = said
    assert sentence.startswith(
        f"waiting for the store {store}: process {first.pid} on {socket.gethostname()} ("
    )
    assert sentence.endswith(" is writing to it")
    assert kit.is_clean(store)


@pytest.mark.parametrize("wait", [0, 0.3])
def test_the_second_fails_with_who_holds_the_lock(corpus, holder, tmp_path, wait):
    pid, release = holder
    store, said = tmp_path / "store", []
    with pytest.raises(StoreLockedError) as error:
        kit.fill(corpus, store, wait=wait, say=said.append)
    start, _, end = str(error.value).partition(" (")
    assert start == f"the store {store} is locked: process {pid} on {socket.gethostname()}"
    assert end.endswith(
        " is writing to it; try again when it is done "
        f"(waited {wait:g} s; --wait SECONDS waits longer)"
    )
    assert isinstance(error.value, TimeoutError)
    assert len(said) == (1 if wait else 0)
    release.touch()
    assert kit.fill(corpus, store, wait=30).computed == 12


def test_gc_and_repair_are_writers_too(corpus, tmp_path):
    store = tmp_path / "store"
    kit.fill(corpus, store)
    with writer_lock(store):
        for change in (gc, repair):
            with pytest.raises(StoreLockedError, match=f"process {os.getpid()} on "):
                change(store, wait=0)
        damage_all(store)
        before = {path: path.read_bytes() for path in store.glob("tables/*")}
        manifest = (store / "manifest.json").read_bytes()
        with pytest.raises(StoreLockedError):
            repair(store, wait=0)
        assert {path: path.read_bytes() for path in store.glob("tables/*")} == before
        assert (store / "manifest.json").read_bytes() == manifest


def damage_all(store):
    for path in [*store.glob("tables/*"), store / "manifest.json"]:
        kit.flip(path, 100)


def test_an_error_lets_go_of_the_lock(tmp_path):
    store = tmp_path / "store"
    with pytest.raises(ZeroDivisionError), writer_lock(store):
        raise ZeroDivisionError
    with writer_lock(store, wait=0):
        facts = json.loads((store / ".lock.holder").read_text())
        assert facts.keys() == {"pid", "host", "command", "since"}
    assert not (store / ".lock.holder").exists()


@pytest.mark.parametrize("left", ["", "{", "[]", "null", '{"pid": 1}'])
def test_a_holders_note_that_cannot_be_read_is_no_obstacle(holder, tmp_path, left):
    """Nothing depends on it: it is for people."""
    (tmp_path / "store" / ".lock.holder").write_text(left)
    with (
        pytest.raises(StoreLockedError, match="is locked: another process is writing to it"),
        writer_lock(tmp_path / "store", wait=0),
    ):
        pass


def test_a_note_of_a_dead_process_is_no_lock(corpus, tmp_path):
    store = tmp_path / "store"
    store.mkdir()
    (store / ".lock").touch()
    (store / ".lock.holder").write_text('{"pid": 1, "host": "h", "command": "c", "since": "s"}')
    assert kit.fill(corpus, store, wait=0).computed == 12


def test_ten_first_runs_at_once_make_one_store(corpus, tmp_path):
    store = tmp_path / "store"
    processes = [started(kit.fill, corpus, store) for _ in range(10)]
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0] * 10
    assert kit.is_clean(store)
    assert sum(len(clips) for clips in kit.contents(store).values()) == 36


def test_a_reader_always_sees_a_consistent_state(tmp_path):
    """While a writer replaces clips, recipes and parts, every read is one or the other, whole."""
    corpus = kit.make_clips(tmp_path / "corpus", range(8))
    kit.add_clip(corpus, 0, seed=1)
    store, done = tmp_path / "store", tmp_path / "done"
    kit.fill(corpus, store, [kit.raw(), kit.deviation(), kit.mel()])
    fixed = {
        name: {k: v for k, v in clips.items() if k != kit.clip_id(0)}
        for name, clips in kit.contents(store).items()
    }
    either = {frame.tobytes() for frame in (kit.sound(0), kit.sound(1))}
    process = started(change_again_and_again, corpus, store, done)
    reader = FeatureStore(store)
    generations = set()
    bands = set()
    try:
        end = time.monotonic() + 2
        while time.monotonic() < end or len(generations) < 10:
            assert process.is_alive()
            assert time.monotonic() < end + 30
            generations.add(reader.state.manifest.generation)
            assert FeatureStore(store).clips.shape[0] == 8
            assert verify(store).damaged == ()
            check_raw(reader, fixed["raw"], either)
            check_table(reader, fixed["change_deviation"])
            bands.add(check_mel(reader))
    finally:
        done.touch()
        process.join(30)
    assert process.exitcode == 0
    assert len(generations) >= 10
    assert bands >= {8, 9}
    assert kit.is_clean(store)


def check_raw(reader, fixed, either):
    with between_two_states():
        batches = list(reader.batches("raw", 3, padded=False))
        check_signals(batches, fixed, either)


def check_signals(batches, fixed, either):
    ids = [clip_id for batch in batches for clip_id in batch.clips.index]
    assert ids == sorted(kit.clip_id(n) for n in range(8))
    for batch in batches:
        for clip_id, values in zip(batch.clips.index, batch.X, strict=True):
            if clip_id == kit.clip_id(0):
                assert values.tobytes() in either
            else:
                assert fixed[clip_id].endswith(values.tobytes())


def check_table(reader, fixed):
    with between_two_states():
        batch = reader.load("change_deviation")
        for clip_id, values in zip(batch.clips.index, batch.X, strict=True):
            if clip_id != kit.clip_id(0):
                assert fixed[clip_id].endswith(values.tobytes())


def check_mel(reader):
    with between_two_states():
        batch = reader.load("mel8")
        assert batch.X.shape == (8, batch.spec.parameters["n_mels"], 76)
        return batch.X.shape[1]
    return 0


@contextmanager
def between_two_states():
    """Allow that an extraction has not come to a clip yet; never that values are broken."""
    try:
        yield
    except StoreError as error:
        text = str(error)
        if not ("is not current for" in text or "was changed while it was read" in text):
            raise


def test_a_long_read_survives_merged_parts(tmp_path):
    """Batches drawn before and after gc has rewritten every part are of one and the same state."""
    corpus = kit.make_clips(tmp_path / "corpus", range(8))
    store = tmp_path / "store"
    kit.fill(corpus, store)
    whole = kit.contents(store)
    batches = FeatureStore(store).batches("raw", 2, padded=False)
    first = next(batches)
    kit.add_clip(corpus, 7, seed=99)
    kit.fill(corpus, store, [kit.raw()])
    gc(store)
    rest = list(batches)
    assert sum(map(len, [first, *rest])) == 8
    for batch in [first, *rest]:
        for clip_id, values in zip(batch.clips.index, batch.X, strict=True):
            if clip_id != kit.clip_id(7):
                assert whole["raw"][clip_id].endswith(values.tobytes())


def test_a_long_read_stops_if_the_recipe_changes(tmp_path):
    corpus = kit.make_clips(tmp_path / "corpus", range(4))
    store = tmp_path / "store"
    kit.fill(corpus, store)
    reader = FeatureStore(store)
    batches = reader.batches("mel8", 2)
    next(batches)
    kit.fill(corpus, store, [kit.mel(n_mels=9)])
    reader._parts.clear()  # as where the next clips lie in a part that is not open yet
    with pytest.raises(StoreError) as error:
        next(batches)
    assert str(error.value) == f"mel8 in {store} was changed while it was read; read it again"


def test_a_moved_store_is_missing(tmp_path):
    corpus = kit.make_clips(tmp_path / "corpus", range(2))
    store = tmp_path / "store"
    kit.fill(corpus, store)
    reader = FeatureStore(store)
    store.rename(tmp_path / "moved")
    with pytest.raises(NotFoundError) as error:
        reader.load("raw")
    assert str(error.value) == (
        f"no feature store in {store}; fill one with 'serkit extract SRC' or name another with "
        "--store DIR"
    )
    assert kit.is_clean(tmp_path / "moved")

"""An extraction that is killed loses nothing that was committed, and the next one completes it."""

from __future__ import annotations

import os
import re
import shutil
import signal
from pathlib import Path

import pytest

import storekit as kit
from serkit.errors import NotFoundError
from serkit.extraction import worker
from serkit.store.state import read_state
from serkit.store.store import FeatureStore
from serkit.store.verify import verify
from storekit_processes import (
    fill_and_die,
    fill_and_tell,
    fill_slowly,
    other_recipes,
    run_process,
    small_recipes,
    started,
    wait_until,
)

linux = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return kit.make_clips(tmp_path_factory.mktemp("corpus"), range(3))


@pytest.fixture(scope="module")
def unbroken(corpus, tmp_path_factory):
    """What an extraction that nobody kills leaves, and how many file operations it takes."""
    store = tmp_path_factory.mktemp("unbroken") / "store"
    assert run_process(fill_and_die, corpus, store, small_recipes(), 0) == 0
    operations = int((store.parent / "store.operations").read_text())
    return kit.contents(store), operations


@pytest.fixture
def memory():
    with kit.memory_folder() as folder:
        yield folder


def committed(store):
    """Return what a reader gets: nothing where there is no store yet."""
    try:
        FeatureStore(store)
    except NotFoundError:
        return {}
    assert verify(store).damaged == ()
    return kit.contents(store)


def is_within(some, everything):
    return all(
        everything[feature][clip] == value
        for feature, clips in some.items()
        for clip, value in clips.items()
    )


def count(contents):
    return sum(len(clips) for clips in contents.values())


def test_killed_at_every_file_operation(corpus, unbroken, memory):
    """Before every open, write (half done), fsync, rename, unlink and mkdir, one by one."""
    whole, operations = unbroken
    assert operations > 60  # else the counting has lost its hold
    seen = []
    for at in range(1, operations + 1):
        store = memory / f"store-{at}"
        assert run_process(fill_and_die, corpus, store, small_recipes(), at) == -signal.SIGKILL

        before = committed(store)
        assert is_within(before, whole), at
        seen.append(count(before))

        report = kit.fill(corpus, store, small_recipes(), wait=0)
        assert report.failed == ()
        assert sum(report.computed_by_feature.values()) == count(whole) - count(before), at
        assert kit.contents(store) == whole, at
        assert kit.is_clean(store), at
        assert leftovers(store) == []
        shutil.rmtree(store)
    # A later kill never leaves less than an earlier one, and every task's commit was reached.
    assert seen == sorted(seen)
    assert set(seen) == {0, 2, 4, 6}


def leftovers(store):
    """Return files that neither the manifest nor an index names nor every store has."""
    known = {store / name for name in read_state(store).stored_files()}
    known |= {store / n for n in (".gitignore", ".lock", "manifest.json", "manifest.copy.json")}
    return sorted(p for p in store.rglob("*") if p.is_file() and p not in known)


def test_killed_while_values_are_replaced(memory):
    """The store was full; a recipe and a clip changed; the old values go, the new ones come."""
    corpus = kit.make_clips(memory / "corpus", range(2))
    full = memory / "full"
    kit.fill(corpus, full, small_recipes())
    other = memory / "other"
    kit.make_clips(other, range(2))
    kit.add_clip(other, 1, seed=77)
    target = kit.copy_store(full, memory / "target")
    assert run_process(fill_and_die, other, target, other_recipes(), 0) == 0
    operations = int((memory / "target.operations").read_text())
    after = kit.contents(target)

    for at in range(1, operations + 1, 3):
        store = kit.copy_store(full, memory / f"store-{at}")
        assert run_process(fill_and_die, other, store, other_recipes(), at) == -signal.SIGKILL
        assert verify(store).damaged == (), at
        # The clip that did not change has its deviation, whatever happened.
        assert kit.clip_id(0) in kit.contents(store)["change_deviation"], at
        kit.fill(other, store, other_recipes(), wait=0)
        assert kit.contents(store) == after, at
        assert kit.is_clean(store), at
        shutil.rmtree(store)


@pytest.fixture(scope="module")
def larger(tmp_path_factory):
    return kit.make_clips(tmp_path_factory.mktemp("larger"), range(24))


@pytest.fixture(scope="module")
def larger_whole(larger, tmp_path_factory):
    store = tmp_path_factory.mktemp("larger-whole") / "store"
    kit.fill(larger, store, small_recipes())
    return kit.contents(store)


@linux
@pytest.mark.parametrize("parts", [1, 3, 6, 9, 12])
def test_the_parent_of_two_workers_killed(parts, larger, larger_whole, tmp_path):
    """Its workers die with it, no lock is left, and the next run takes up what was committed."""
    store = tmp_path / "store"
    parent = started(fill_slowly, larger, store, 2)
    wait_until(lambda: len(list(store.glob("parts/*/*"))) >= parts or not parent.is_alive())
    workers = children(parent.pid)
    parent.kill()
    parent.join()
    wait_until(lambda: not any(alive(pid) for pid in workers))

    before = committed(store)
    assert is_within(before, larger_whole)
    report = kit.fill(larger, store, small_recipes(), wait=0)
    missing = count(larger_whole) - count(before)
    assert sum(report.computed_by_feature.values()) == missing
    assert kit.contents(store) == larger_whole
    assert kit.is_clean(store)
    assert leftovers(store) == []


@linux
def test_a_worker_killed(larger, larger_whole, tmp_path):
    """The run ends with one sentence, keeps what was done, and the next run completes it."""
    store = tmp_path / "store"
    parent = started(fill_and_tell, larger, store)
    wait_until(lambda: children(parent.pid) and list(store.glob("parts/raw/*.h5")))
    os.kill(children(parent.pid)[0], signal.SIGKILL)
    parent.join(30)
    assert parent.exitcode == 0
    end = (tmp_path / "end").read_text()
    assert end.startswith("EngineError: a worker process died (killed, as the system does where")
    assert re.search(r"while it worked on Actor_\d+/[\d-]+\.wav; committed data are kept; ", end)
    before = committed(store)
    assert is_within(before, larger_whole)
    kit.fill(larger, store, small_recipes(), wait=0)
    assert kit.contents(store) == larger_whole
    assert kit.is_clean(store)


def test_an_interrupt_keeps_what_was_computed(corpus, unbroken, tmp_path, monkeypatch):
    """Ctrl-C is no kill: the clips computed so far are committed on the way out."""
    whole, _ = unbroken
    real, reads = worker.read_audio, []

    def read_audio(path, **options):
        reads.append(path)
        if len(reads) == 3:
            raise KeyboardInterrupt
        return real(path, **options)

    monkeypatch.setattr(worker, "read_audio", read_audio)
    store = tmp_path / "store"
    with pytest.raises(KeyboardInterrupt):
        kit.fill(corpus, store, small_recipes())
    assert count(committed(store)) == 4
    monkeypatch.undo()
    report = kit.fill(corpus, store, small_recipes(), wait=0)
    assert (report.computed, report.reused) == (1, 2)
    assert kit.contents(store) == whole


def children(pid):
    path = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        return [int(child) for child in path.read_text().split()]
    except FileNotFoundError:
        return []


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False

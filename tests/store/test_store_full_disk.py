"""A full or read-only disk: one sentence, nothing lost, and the next run resumes."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import storekit as kit
from serkit.errors import NotFoundError, StoreWriteError, UsageError
from serkit.store.export import export
from serkit.store.gc import gc
from serkit.store.store import FeatureStore
from serkit.store.verify import verify
from storekit_processes import fill_with_small_files, run_process

HINT = "committed data are kept; make room (or fix the permissions) and run it again"


@pytest.fixture
def disk(tmp_path):
    """Return a function that mounts a disk of so many bytes and returns its folder."""
    mounted = []

    def mount(size):
        folder = tmp_path / f"disk-{len(mounted)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:
            pytest.skip("no 'mount' here, so no small disk to fill")
        if done.returncode:
            pytest.skip(f"a small disk cannot be mounted here ({done.stderr.strip()})")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return kit.make_clips(tmp_path_factory.mktemp("corpus"), range(8))


@pytest.fixture(scope="module")
def whole(corpus, tmp_path_factory):
    store = tmp_path_factory.mktemp("whole") / "store"
    kit.fill(corpus, store)
    return kit.contents(store)


def count(contents):
    return sum(len(clips) for clips in contents.values())


def fill_disk(folder, *, leave=0):
    """Fill a disk up to so many bytes, and return the file that does it."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    if leave:
        os.truncate(ballast, max(0, ballast.stat().st_size - leave))
    return ballast


@pytest.mark.parametrize("size", ["40k", "64k", "96k", "128k", "160k"])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_disk_that_fills_up_while_extracting(disk, corpus, whole, size, workers):
    folder = disk(size)
    store = folder / "store"
    with pytest.raises(StoreWriteError) as error:
        kit.fill(corpus, store, workers=workers)
    assert str(error.value).endswith("(No space left on device); " + HINT)
    assert str(error.value).startswith(f"cannot write {store}/")
    assert "\n" not in str(error.value)

    try:
        before = kit.contents(store)
    except NotFoundError:
        before = {}
    else:
        assert kit.is_clean(store)
    subprocess.run(["mount", "-o", "remount,size=4m", str(folder)], check=True)
    report = kit.fill(corpus, store, wait=0)
    assert sum(report.computed_by_feature.values()) == count(whole) - count(before)
    assert kit.contents(store) == whole
    assert kit.is_clean(store)


def test_committed_data_survive_a_full_disk(disk, corpus, whole, tmp_path):
    folder = disk("4m")
    store = folder / "store"
    first = kit.make_clips(tmp_path / "first", range(4))
    kit.fill(first, store)
    before = kit.contents(store)
    for leave in (0, 8192, 16384, 32768, 65536):
        ballast = fill_disk(folder, leave=leave)
        with pytest.raises(StoreWriteError, match="No space left on device"):
            kit.fill(corpus, store)
        assert kit.is_clean(store)
        now = kit.contents(store)
        assert all(now[name][clip] == v for name, c in before.items() for clip, v in c.items())
        before = now
        ballast.unlink()
    kit.fill(corpus, store)
    assert kit.contents(store) == whole


def test_a_disk_too_full_for_the_manifests_copy(corpus, whole, tmp_path, monkeypatch):
    """The commit counts, the error is told, and the next writer writes the copy."""
    store = tmp_path / "store"
    real = os.replace

    def replace(source, target):
        if Path(target).name == "manifest.copy.json" and (store / "manifest.json").exists():
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(StoreWriteError) as error:
        kit.fill(corpus, store)
    assert str(error.value) == (
        f"cannot write {store}/manifest.copy.json (No space left on device); {HINT}"
    )
    monkeypatch.undo()
    assert kit.is_clean(store)
    assert kit.contents(store) == whole
    report = kit.fill(corpus, store)
    assert report.computed == 0
    assert (store / "manifest.copy.json").read_bytes() == (store / "manifest.json").read_bytes()


def test_a_limit_on_file_sizes(corpus, whole, tmp_path):
    """A quota stops a write in the middle, as a full disk does."""
    store = tmp_path / "store"
    assert run_process(fill_with_small_files, corpus, store, 14_000) == 0
    text = (tmp_path / "end").read_text()
    assert text.startswith(f"StoreWriteError: cannot write {store}/parts/")
    assert text.endswith("(File too large); " + HINT)
    kit.fill(corpus, store)
    assert kit.contents(store) == whole
    assert kit.is_clean(store)
    assert not list(store.rglob("*.tmp"))


def test_gc_on_a_full_disk(disk, corpus, tmp_path):
    """Rewriting needs room; without it, gc says so and the store stays as it was."""
    folder = disk("4m")
    store = folder / "store"
    mixed = tmp_path / "mixed"
    shutil.copytree(corpus, mixed)
    kit.fill(mixed, store)
    kit.add_clip(mixed, 0, seed=99)
    kit.fill(mixed, store)
    before = kit.contents(store)
    ballast = fill_disk(folder)
    with pytest.raises(StoreWriteError, match="No space left on device"):
        gc(store)
    assert kit.contents(store) == before
    assert kit.is_clean(store)
    ballast.unlink()
    report = gc(store)
    assert report.bytes_after < report.bytes_before
    assert kit.contents(store) == before
    assert kit.is_clean(store)


def test_export_on_a_full_disk_leaves_no_half_file(disk, corpus, tmp_path):
    folder = disk("256k")
    kit.fill(corpus, tmp_path / "store")
    fill_disk(folder)
    for form in ("parquet", "npz", "hdf5"):
        target = folder / f"raw.{form}"
        with pytest.raises(StoreWriteError) as error:
            export(FeatureStore(tmp_path / "store"), "raw", form, target)
        assert str(error.value).startswith(f"cannot write {target} (")
        assert str(error.value).endswith("; make room or name another")
        assert [path.name for path in folder.iterdir()] == ["ballast"]


def test_a_read_only_disk(disk, corpus, whole):
    """It can be read and verified; writing says why not."""
    folder = disk("4m")
    store = folder / "store"
    kit.fill(corpus, store)
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    assert kit.contents(store) == whole
    assert verify(store).damaged == ()
    with pytest.raises(StoreWriteError) as error:
        kit.fill(corpus, store)
    assert str(error.value) == (
        f"cannot lock the store {store} (Read-only file system); is the folder writable?"
    )
    with pytest.raises(StoreWriteError, match="Read-only file system"):
        kit.fill(corpus, folder / "another")
    with pytest.raises(StoreWriteError, match="Read-only file system"):
        export(FeatureStore(store), "raw", "npz", folder / "raw.npz")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root ignores modes")
def test_a_folder_that_may_not_be_written(corpus, tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreWriteError, match="Permission denied"):
            kit.fill(corpus, tmp_path / "store")
    finally:
        tmp_path.chmod(0o700)


def test_a_file_where_the_store_should_be(corpus, tmp_path):
    (tmp_path / "store").write_text("not a folder")
    with pytest.raises(UsageError) as error:
        kit.fill(corpus, tmp_path / "store")
    assert str(error.value) == (f"{tmp_path / 'store'} is a file; name a folder with --store DIR")
    assert (tmp_path / "store").read_text() == "not a folder"


@pytest.mark.parametrize("name", ["parts", "tables/mine.csv", "notes.txt"])
def test_a_folder_with_other_files_is_not_a_store(corpus, tmp_path, name):
    """What lies there would be deleted as garbage."""
    store = tmp_path / "project"
    mine = store / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(UsageError) as error:
        kit.fill(corpus, store)
    assert str(error.value) == (
        f"{store} holds {name.split('/')[0]} and is not a feature store; name a new or empty "
        "folder with --store DIR"
    )
    assert mine.read_text() == "mine"


def test_a_folder_with_its_own_gitignore_does_not_become_a_store(corpus, tmp_path):
    (tmp_path / ".gitignore").write_text("*.o")
    with pytest.raises(UsageError, match=r"holds \.gitignore and is not a feature store"):
        kit.fill(corpus, tmp_path)
    assert (tmp_path / ".gitignore").read_text() == "*.o"


def test_an_empty_folder_becomes_a_store(corpus, tmp_path):
    (tmp_path / "store").mkdir()
    kit.fill(corpus, tmp_path / "store")
    assert kit.is_clean(tmp_path / "store")


def test_a_failed_write_leaves_nothing_behind(tmp_path, monkeypatch):
    from serkit.storage.files import write_file

    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write(descriptor, data):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(StoreWriteError) as error:
        write_file(path, b"new")
    monkeypatch.undo()
    assert str(error.value) == f"cannot write {path} (Input/output error); {HINT}"
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_short_writes_are_continued(tmp_path, monkeypatch):
    from serkit.storage.files import write_file

    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:3]))
    write_file(tmp_path / "file", b"0123456789")
    assert (tmp_path / "file").read_bytes() == b"0123456789"

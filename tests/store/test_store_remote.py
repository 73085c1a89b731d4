"""A store under a URL is a store: read by ranges, committed by one object, safe from kills."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

import serkit
import storekit as kit
from objectkit import google_server, s3_server
from serkit.errors import (
    MissingDependencyError,
    NotFoundError,
    StoreCorruptError,
    StoreError,
    StoreLockedError,
    StoreReadError,
    UsageError,
)
from serkit.storage.objects import FolderObjects, UrlObjects, is_url, open_objects
from serkit.store import mirror as mirror_module
from serkit.store.gc import gc
from serkit.store.mirror import mirror_of, store_folder
from serkit.store.state import read_state
from serkit.store.store import FeatureStore
from serkit.store.verify import verify

pytest.importorskip("fsspec")


@pytest.fixture(scope="session")
def s3():
    with s3_server() as server:
        yield server


@pytest.fixture(scope="session")
def gs():
    with google_server() as server:
        yield server


@pytest.fixture(params=["s3", "gs"])
def cloud(request):
    """Return a server of objects: each test runs against S3's and Google's protocol."""
    return request.getfixturevalue(request.param)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SERKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def elsewhere(cache, monkeypatch):
    """Return a function that forgets all that was read, as on another machine."""

    def forget():
        shutil.rmtree(cache, ignore_errors=True)

    return forget


@pytest.fixture
def url():
    return f"memory://{uuid4().hex}/store"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return kit.make_clips(tmp_path_factory.mktemp("corpus"), range(6))


@pytest.fixture(scope="module")
def whole(corpus, tmp_path_factory):
    store = tmp_path_factory.mktemp("whole") / "store"
    kit.fill(corpus, store)
    return kit.contents(store)


class TestObjects:
    @pytest.fixture(params=["folder", "memory", "s3", "gs"])
    def objects(self, request, tmp_path):
        if request.param == "folder":
            return open_objects(f"file://{tmp_path}/objects")
        if request.param == "memory":
            return open_objects(f"memory://{uuid4().hex}")
        return open_objects(request.getfixturevalue(request.param).new_bucket())

    def test_are_written_read_listed_and_deleted(self, objects):
        objects.write("a/x", b"one", memoryview(b"two"))
        objects.write("a/y", b"")
        assert objects.read("a/x") == b"onetwo"
        assert objects.read_ranges([("a/x", 2, 5), ("a/x", 0, 99)]) == [b"etw", b"onetwo"]
        assert objects.names("a") == ["x", "y"]
        objects.delete(["a/x", "a/gone"])
        assert objects.names("a") == ["y"]
        assert objects.names("nothing") == []
        with pytest.raises(FileNotFoundError):
            objects.read("a/x")

    def test_are_created_once(self, objects):
        assert objects.create("commits/1", b"mine")
        assert not objects.create("commits/1", b"theirs")
        assert objects.read("commits/1") == b"mine"
        assert objects.names("commits") == ["1"]

    def test_of_unknown_kind_are_refused(self):
        with pytest.raises(UsageError, match=r"nix://x has an unknown scheme \(nix://\); a folder"):
            open_objects("nix://x")

    @pytest.mark.parametrize(("scheme", "extra"), [("s3", "cloud"), ("gs", "gcs")])
    def test_without_their_package_name_the_extra(self, scheme, extra, monkeypatch):
        def missing(_url):
            raise ImportError(scheme)

        monkeypatch.setattr("fsspec.core.url_to_fs", missing)
        with pytest.raises(
            MissingDependencyError,
            match=rf"nothing that reads {scheme}:// is installed; pip install 'serkit\[{extra}\]'",
        ):
            open_objects(f"{scheme}://bucket/store")

    def test_paths_are_folders(self, tmp_path):
        assert open_objects(str(tmp_path)) == FolderObjects(tmp_path)
        assert not is_url(tmp_path)
        assert store_folder(f"file://{tmp_path}") == tmp_path


class TestAStore:
    def test_holds_what_a_folder_holds(self, corpus, whole, url, elsewhere):
        report = kit.fill(corpus, store_folder(url))
        assert (report.computed, report.failed) == (6, ())
        elsewhere()
        assert kit.contents(store_folder(url)) == whole
        assert FeatureStore(url).location == url
        again = kit.fill(corpus, store_folder(url))
        assert (again.computed, again.reused) == (0, 6)

    def test_shows_the_newest_commit_to_other_machines(self, corpus, url, monkeypatch):
        monkeypatch.setattr(mirror_module, "_FRESH", 0.0)
        kit.fill(corpus, store_folder(url), [kit.raw()])
        store = FeatureStore(url)
        assert store.features == ("raw",)
        monkeypatch.setenv("SERKIT_CACHE", os.environ["SERKIT_CACHE"] + "-other")
        kit.fill(corpus, store_folder(url), [kit.raw(), kit.deviation()])
        assert store.features == ("raw", "change_deviation")
        assert len(store.load("change_deviation")) == 6

    def test_is_refused_where_somebody_else_commits_meanwhile(self, corpus, url, monkeypatch):
        from serkit.store.opening import open_writer

        mine = os.environ["SERKIT_CACHE"]
        kit.fill(corpus, store_folder(url), [kit.raw()])
        with open_writer(store_folder(url)) as writer:
            monkeypatch.setenv("SERKIT_CACHE", mine + "-other")
            kit.fill(corpus, store_folder(url), [kit.raw(), kit.deviation()])
            monkeypatch.setenv("SERKIT_CACHE", mine)
            writer.drop_clips([kit.clip_id(0)])
            with pytest.raises(StoreLockedError) as caught:
                writer.commit()
        assert str(caught.value) == (
            f"somebody else has committed to {url} meanwhile; nothing of theirs is lost; run it "
            "again, and it computes what is missing"
        )
        assert len(FeatureStore(url).load("change_deviation")) == 6

    def test_leaves_its_writer_the_tables_that_a_reader_deletes(self, corpus, url):
        """A reader on the writer's machine keeps the newest tables alone."""
        from serkit.store.opening import open_writer

        kit.fill(corpus, store_folder(url), [kit.raw()])
        folder = store_folder(url)
        with open_writer(folder) as writer:
            for table in (folder / "tables").iterdir():
                table.unlink()
            assert len([*writer.state.clips.values()]) == 6
            writer.drop_clips([kit.clip_id(0)])
            writer.commit()
            for table in (folder / "tables").iterdir():
                table.unlink()
            assert len([*writer.state.clips.values()]) == 5
            held = sorted(p.name for p in (folder / ".writer").rglob("*.parquet"))
            assert held == sorted(Path(f).name for f in writer.state.manifest.table_files())
        assert not (folder / ".writer").exists()

    def test_takes_a_commit_whose_answer_got_lost_for_its_own(self, corpus, url, monkeypatch):
        real = UrlObjects.create

        def create(self, name, data):
            real(self, name, data)
            return False  # asked again, the server finds what it has just taken

        monkeypatch.setattr(UrlObjects, "create", create)
        assert kit.fill(corpus, store_folder(url), [kit.raw()]).computed == 6

    def test_that_was_copied_there_is_read_and_extended(self, corpus, url, tmp_path, elsewhere):
        kit.fill(corpus, tmp_path / "store", [kit.raw()])
        objects = open_objects(url)
        for path in (tmp_path / "store").rglob("*.*"):
            if path.is_file():
                objects.write(path.relative_to(tmp_path / "store").as_posix(), path.read_bytes())
        assert kit.contents(store_folder(url)) == kit.contents(tmp_path / "store")
        assert kit.fill(corpus, store_folder(url), [kit.raw(), kit.mel()]).computed == 6
        elsewhere()
        assert FeatureStore(url).features == ("raw", "mel8")

    def test_keeps_parts_that_are_read_a_lot_and_drops_the_oldest(
        self, corpus, whole, url, elsewhere, monkeypatch
    ):
        kit.fill(corpus, store_folder(url), [kit.raw(), kit.mel()])
        elsewhere()
        monkeypatch.setattr("serkit.store.remote_parts._HEAD", 4096)
        store = FeatureStore(url)
        for _ in range(3):
            store.load("raw")
        kept = list((store.path / "parts").rglob("*.h5"))
        assert len(kept) == len(store.state.parts("raw"))
        monkeypatch.setattr(mirror_module, "_CACHE_BYTES", 0)
        store.load("mel8")
        store.load("mel8")
        assert not any(path.exists() for path in kept)
        assert kit.contents(store.path)["raw"] == whole["raw"]

    def test_can_be_trained_on(self, speech, url):
        serkit.extract(speech, store=url, features="change_deviation", workers=1)
        values = {"C": 1.0, "features": "change_deviation"}
        run = serkit.train(
            "logreg",
            store=url,
            values=values,
            folds=1,
            protocol="luna5",
            runs=Path(os.environ["SERKIT_CACHE"]) / "runs",
        )
        assert run.record["settings"]["store"] == url


class TestErrors:
    def test_where_there_is_no_store(self, url):
        with pytest.raises(NotFoundError, match=f"no feature store in {url}; fill one with"):
            FeatureStore(url)

    def test_where_it_cannot_be_reached(self, url, monkeypatch):
        def refuse(*_arguments, **_options):
            raise PermissionError("Forbidden")

        monkeypatch.setattr("fsspec.implementations.memory.MemoryFileSystem.ls", refuse)
        with pytest.raises(StoreReadError, match=r"cannot read memory://.*/commits \(Forbidden\)"):
            FeatureStore(url)

    def test_where_a_part_was_damaged_or_is_gone(self, corpus, url, elsewhere, monkeypatch):
        monkeypatch.setattr("serkit.store.remote_parts._HEAD", 4096)
        kit.fill(corpus, store_folder(url), [kit.raw()])
        objects = open_objects(url)
        part = f"parts/raw/{objects.names('parts/raw')[0]}"
        data = bytearray(objects.read(part))
        data[-10] ^= 0xFF
        objects.write(part, bytes(data))
        elsewhere()
        with pytest.raises(StoreCorruptError, match="are not what was written"):
            FeatureStore(url).load("raw")
        objects.delete([part])
        elsewhere()
        with pytest.raises((StoreError, StoreReadError), match=r"gone|cannot read"):
            FeatureStore(url).load("raw")

    def test_what_needs_every_part_here_is_refused(self, corpus, url):
        kit.fill(corpus, store_folder(url), [kit.raw()])
        with pytest.raises(UsageError, match=f"cannot clean up {url}: it is no folder of this ma"):
            gc(store_folder(url))

    def test_is_found_by_verify_in_the_objects_themselves(self, corpus, url, elsewhere):
        kit.fill(corpus, store_folder(url))
        FeatureStore(url).load("raw")  # what is in the cache is another copy
        report = verify(store_folder(url))
        assert (report.damaged, report.files > 2) == ((), True)
        objects = open_objects(url)
        rows = read_state(store_folder(url)).index["raw"].values()
        part = next(row.part for row in rows)
        data = bytearray(objects.read(part))
        data[-10] ^= 0xFF
        objects.write(part, bytes(data))
        (damage,) = verify(store_folder(url)).damaged
        assert (damage.file, damage.feature, damage.what) == (
            part,
            "raw",
            "values of 1 clip changed",
        )
        assert len(damage.clip_ids) == 1
        objects.delete([part])
        elsewhere()
        (damage,) = verify(store_folder(url)).damaged
        assert damage.what.endswith("are missing")
        assert damage.clip_ids == tuple(sorted(row.clip_id for row in rows if row.part == part))

    def test_of_the_newest_commit_is_an_error_of_verify(self, corpus, url):
        kit.fill(corpus, store_folder(url), [kit.raw()])
        objects = open_objects(url)
        newest = f"commits/{objects.names('commits')[-1]}"
        objects.write(newest, objects.read(newest)[:-20])
        with pytest.raises(StoreCorruptError, match="manifest"):
            verify(store_folder(url))


class Killed(BaseException):
    """What this process did up to now is all that it did."""


def test_killed_before_every_write_request(corpus, whole, elsewhere, monkeypatch):
    """Other machines see a commit whole or not at all, and the next extraction completes it."""
    real = {name: getattr(UrlObjects, name) for name in ("write", "create", "delete")}
    left = [0]

    def watched(name):
        def call(self, *arguments):
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return real[name](self, *arguments)

        return call

    for name in real:
        monkeypatch.setattr(UrlObjects, name, watched(name))
    at, seen = 0, []
    while True:
        at += 1
        url = f"memory://{uuid4().hex}/store"
        left[0] = at
        try:
            kit.fill(corpus, store_folder(url))
            break
        except Killed:
            left[0] = 0
        elsewhere()
        try:
            before = kit.contents(store_folder(url))
        except NotFoundError:
            before = {}
        assert all(
            value == whole[f][i] for f, clips in before.items() for i, value in clips.items()
        )
        seen.append(sum(map(len, before.values())))
        kit.fill(corpus, store_folder(url))
        elsewhere()
        assert kit.contents(store_folder(url)) == whole, at
    assert at > 10
    assert seen[0] == 0
    assert seen[-1] == sum(map(len, whole.values()))


KILL = """
import os, signal, sys
import serkit
from serkit.storage.objects import UrlObjects
real = UrlObjects.create
def create(self, name, data):
    real(self, name, data)
    os.kill(os.getpid(), signal.SIGKILL)
UrlObjects.create = create
serkit.extract(sys.argv[1], store=sys.argv[2], features="change_deviation", workers=1)
"""


class TestAnObjectStore:
    def test_32_clips_do_not_download_the_store(self, cloud, tmp_path, elsewhere):
        corpus = tmp_path / "corpus"
        for number in range(96):
            name = kit.clip_id(number)
            path = corpus / f"Actor_{name[-2:]}" / f"{name}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            kit.write_wav(
                path, np.random.default_rng(number).integers(-9999, 9999, 24_000, np.int16)
            )
        url = cloud.new_bucket()
        kit.fill(corpus, store_folder(url), [kit.raw(pad_to=24_000)])
        elsewhere()
        began = cloud.received
        store = FeatureStore(url)
        opened = cloud.received - began
        ids = sorted(store.state.clips)[::3]
        batch = store.read("raw", ids)
        read = cloud.received - began - opened
        assert batch.X.shape == (32, 24_000)
        size = sum(f.bytes for f in store.state.parts("raw").values())
        assert batch.X.nbytes <= read < size / 2
        assert opened < 100_000
        first = cloud.received
        assert np.array_equal(store.read("raw", ids[:4]).X, batch.X[:4])
        assert cloud.received - first < 1.2 * batch.X[:4].nbytes  # where they lie is known now

    def test_a_writer_killed_after_its_commit_has_committed(self, cloud, speech, tmp_path):
        url = cloud.new_bucket()
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "SERKIT_CACHE": str(tmp_path / "killed"),
        }
        done = subprocess.run(
            [sys.executable, "-c", KILL, str(speech), url],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert FeatureStore(url).features == ("change_deviation",)
        report = serkit.extract(speech, store=url, features="change_deviation", workers=1)
        assert report.computed + report.reused == 96
        assert len(FeatureStore(url).load("change_deviation")) == 96

    def test_two_workers_upload_their_own_parts(self, cloud, corpus, whole, elsewhere):
        url = cloud.new_bucket()
        kit.fill(corpus, store_folder(url), workers=2)
        mirror = mirror_of(store_folder(url))
        assert mirror
        assert len(mirror.objects.names("parts/raw")) >= 2
        assert not (mirror.folder / "parts" / "raw").exists()
        elsewhere()
        assert kit.contents(store_folder(url)) == whole

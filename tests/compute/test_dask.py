"""Work on a dask cluster ends as it does here, also where workers die."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

import storekit as kit
from objectkit import s3_server
from serkit.cli import main
from serkit.compute.dask import DaskEngine
from serkit.compute.engine import open_engine
from serkit.compute.local import LocalEngine
from serkit.errors import EngineError, StoreError, UnknownNameError, UsageError
from serkit.store.mirror import store_folder
from serkit.store.state import read_state
from serkit.store.verify import verify

pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return kit.make_clips(tmp_path_factory.mktemp("corpus"), range(40))


@pytest.fixture(scope="module")
def local(corpus, tmp_path_factory):
    """A store that two processes of this machine filled."""
    store = tmp_path_factory.mktemp("local") / "store"
    kit.fill(corpus, store, workers=2)
    return store


@pytest.fixture(scope="module")
def engine(dask_scheduler):
    with open_engine("dask", scheduler=dask_scheduler) as opened:
        until = time.monotonic() + 30
        while opened.capacity() < 2 and time.monotonic() < until:
            time.sleep(0.1)
        yield opened


@pytest.fixture(scope="module")
def own():
    """A cluster of two processes that serkit starts by itself."""
    with open_engine("dask", workers=2) as opened:
        yield opened


def part_bytes(store):
    """Return the content of each array part, by feature: tables are merged as they arrive."""
    state = read_state(store)
    return {
        name: sorted(part.xxh3 for part in state.parts(name).values())
        for name in state.manifest.features
        if name != "change_deviation"
    }


def hang_once(path: Path) -> str:
    """Note who works on a task; the first process that begins a second one never finishes it."""
    own = path.with_name(f"process-{os.getpid()}")
    second = own.exists()
    own.touch()
    with path.open("a") as file:
        file.write(f"{os.getpid()}\n")
    with suppress(FileExistsError):
        if second:
            with path.with_name("hangs").open("x") as file:
                file.write(f"{os.getpid()} {path.name}")
            time.sleep(600)
    return path.name


def results_kept(dask_worker):
    """Return how many results lie on a worker; a task's is there before the next one begins."""
    return len(dask_worker.data)


def text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def awaited(look):
    """Return what is seen once there is something to see."""
    until = time.monotonic() + 60
    while not (seen := look()):
        assert time.monotonic() < until
        time.sleep(0.02)
    return seen


def fail(_task: int) -> None:
    raise UsageError("no", hint="do not")


def lacking(_task: int) -> None:
    raise FileNotFoundError(2, "gone", "clip.wav")


class TestAnExtraction:
    def test_writes_the_same_bytes_as_on_this_machine(self, corpus, local, engine, tmp_path):
        seen = []
        store = tmp_path / "store"
        report = kit.fill(
            corpus, store, workers=2, engine=engine, progress=lambda *done: seen.append(done)
        )
        assert (report.computed, report.failed) == (40, ())
        assert part_bytes(store) == part_bytes(local)
        assert kit.contents(store) == kit.contents(local)
        assert kit.is_clean(store)
        assert seen[0] == (0, 40)
        assert seen[-1] == (40, 40)
        assert len(seen) > 5

    def test_uses_all_workers_by_default(self, corpus, local, engine, tmp_path):
        kit.fill(corpus, tmp_path / "store", workers=None, engine=engine)
        assert part_bytes(tmp_path / "store") == part_bytes(local)

    def test_fills_a_store_under_a_url_from_its_workers(self, corpus, local, tmp_path, monkeypatch):
        pytest.importorskip("moto")
        monkeypatch.setenv("SERKIT_CACHE", str(tmp_path / "cache"))
        with s3_server() as server:
            for name, value in server.environment.items():
                monkeypatch.setenv(name, value)
            store = store_folder(server.new_bucket())
            with open_engine("dask", workers=2) as cluster:
                report = kit.fill(corpus, store, workers=2, engine=cluster)
            assert (report.computed, report.failed) == (40, ())
            assert part_bytes(store) == part_bytes(local)
            assert not [*store.glob("parts/*/*")]  # no worker sent its values through this machine
            assert verify(store).damaged == ()

    def test_from_the_command_line(self, speech, dask_scheduler, tmp_path, monkeypatch, capsys):
        arguments = ["extract", str(speech), "--features", "change_deviation", "--engine", "dask"]
        place = ["--scheduler", dask_scheduler, "--store", str(tmp_path / "store")]
        monkeypatch.setattr("sys.argv", ["serkit", *arguments, *place])
        with pytest.raises(SystemExit) as left:
            main()
        assert left.value.code in (0, None)
        assert "96 computed" in capsys.readouterr().out

    def test_ends_where_a_worker_sees_another_folder(self, corpus, engine, tmp_path, monkeypatch):
        monkeypatch.setattr("serkit.extraction.extract.holder_of", lambda _store: "another machine")
        monkeypatch.setattr("serkit.extraction.worker._SHOWS_WITHIN", 0.0)
        store = tmp_path / "store"
        with pytest.raises(EngineError, match=rf"does not see {store} as the machine does that"):
            kit.fill(corpus, store, engine=engine)
        assert kit.contents(store) == {"raw": {}, "mel8": {}, "change_deviation": {}}


class TestAWorkerThatIsKilled:
    def test_costs_the_task_in_hand_and_no_other(self, own, tmp_path):
        """Also where results are dealt with slowly, and those of other tasks are waiting."""
        paths = [tmp_path / f"task-{n}" for n in range(8)]
        done = []
        for name in own.run(hang_once, paths, 2):
            done.append(name)
            if len(done) == 1:
                victim, hanging = awaited(lambda: text(tmp_path / "hangs")).split()
                awaited(lambda: not any(own.client.run(results_kept).values()))
                os.kill(int(victim), signal.SIGKILL)
        assert sorted(done) == [path.name for path in paths]
        begun = {path.name: path.read_text().split() for path in paths}
        pids = begun.pop(hanging)
        assert pids[0] == victim
        assert len(pids) == 2
        assert {name: len(pids) for name, pids in begun.items()} == dict.fromkeys(begun, 1)

    def test_commands_during_an_extraction_do_not_affect_it(self, corpus, local, own, tmp_path):
        def kill_one(done, _total):
            if done and not killed:
                killed.append(min(own.client.run(os.getpid).values()))
                os.kill(killed[0], signal.SIGKILL)

        killed = []
        store = tmp_path / "store"
        report = kit.fill(corpus, store, workers=2, engine=own, progress=kill_one)
        assert killed
        assert (report.computed, report.failed) == (40, ())
        assert part_bytes(store) == part_bytes(local)
        assert kit.contents(store) == kit.contents(local)

    def test_after_others_ends_the_work(self):
        from distributed.scheduler import KilledWorker

        class Future:
            def result(self):
                raise KilledWorker("key", None, 3)

        with pytest.raises(EngineError) as caught:
            DaskEngine(None, "tcp://there")._result(Future(), "a.wav to b.wav")
        assert str(caught.value) == (
            "4 workers died one after another on a.wav to b.wav; look for the cause in their logs "
            "(memory?); committed data are kept; run it again"
        )


class TestErrors:
    def test_of_a_task_are_those_it_raised(self, engine):
        with pytest.raises(UsageError, match=r"^no; do not$"):
            list(engine.run(fail, [1, 2], 2))
        with pytest.raises(FileNotFoundError, match="gone"):
            list(engine.run(lacking, [1], 2))

    def test_an_unreachable_scheduler(self, monkeypatch):
        monkeypatch.setattr("distributed.Client", refuse)
        with (
            pytest.raises(UsageError) as caught,
            open_engine("dask", scheduler="tcp://127.0.0.1:1"),
        ):
            pass
        assert str(caught.value) == (
            "no dask scheduler answers at tcp://127.0.0.1:1; start one with 'dask scheduler', and "
            "name the address that it prints"
        )

    def test_a_cluster_without_workers(self):
        from distributed import LocalCluster

        with (
            LocalCluster(n_workers=0, dashboard_address=":0") as cluster,
            open_engine("dask", scheduler=cluster.scheduler_address) as engine,
            pytest.raises(EngineError, match=r"no worker has been connected .* for 1 s; start"),
        ):
            list(DaskEngine(engine.client, "tcp://there", patience=1.0).run(abs, [1], 1))

    def test_workers_with_several_threads(self):
        from distributed import LocalCluster

        with (
            LocalCluster(1, threads_per_worker=2, dashboard_address=":0", processes=False) as many,
            open_engine("dask", scheduler=many.scheduler_address) as engine,
            pytest.raises(EngineError, match=r"runs 2 tasks at a time; one is allowed"),
        ):
            list(engine.run(abs, [1], 1))

    def test_a_worker_with_another_version_of_serkit(self, engine, monkeypatch):
        monkeypatch.setattr("serkit.compute.dask.version", lambda _name: "99.0")
        with pytest.raises(EngineError, match=r"has serkit [\d.]+, but 99.0 is required; install"):
            list(engine.run(abs, [1], 1))

    def test_of_names(self):
        with pytest.raises(UnknownNameError, match="unknown engine 'dusk': did you mean 'dask'"):
            open_engine("dusk")
        with pytest.raises(UsageError, match="scheduler tcp://x beside the engine local, which"):
            open_engine(scheduler="tcp://x")


def refuse(*_arguments: object, **_options: object) -> None:
    raise OSError("Timed out")


class TestOnThisMachine:
    def test_the_interface_is_the_same(self):
        with open_engine(workers=2) as engine:
            assert isinstance(engine, LocalEngine)
            assert (engine.name, engine.remote, engine.capacity()) == ("local", False, 2)
            assert sorted(engine.run(abs, [-3, -2, -1], 2)) == [1, 2, 3]

    def test_idle_is_called_while_nothing_arrives_and_may_stop_the_work(self, monkeypatch):
        monkeypatch.setattr("serkit.compute.local._TICK", 0.05)
        with open_engine(workers=2) as engine, pytest.raises(StoreError, match="stop"):
            list(engine.run(time.sleep, [0.4, 0.4], 2, idle=stop))


def stop() -> None:
    raise StoreError("stop")

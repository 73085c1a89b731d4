"""Worker processes: how many there are, and what happens where there may be none."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest

from serkit.compute import local as pool
from serkit.compute.worker import at_work_on
from serkit.errors import StoreError

UNGUARDED = """
import sys, threading
from serkit.compute import local as pool

if len(sys.argv) > 1:  # a second thread: workers are spawned and not forked
    threading.Thread(target=threading.Event().wait, daemon=True).start()
print(sorted(pool.run_all(abs, [-3, -2, -1, -4], 2)))
"""
"""A script that calls for workers at its top."""

UNGUARDED_WITH_ITS_OWN = UNGUARDED.replace("abs", "half").replace(
    "print", "def half(number):\n    return number / 2\n\nprint"
)
"""One whose workers need a function of its own."""


def nested(workers: int) -> list[int]:
    return sorted(pool.run_all(abs, [-1, -2, -3], workers))


def number(_task: int) -> int:
    time.sleep(0.2)  # so that no worker takes all tasks
    return pool.worker_number()


def die(task: int) -> int:
    at_work_on(f"clip-{task}.wav")
    if task == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def leave(_task: int) -> None:
    os._exit(5)


def fail(task: int) -> int:
    if task == 2:
        raise StoreError("the disk is full", hint="make room")
    return task


def big(task: int) -> bytes:
    """Return more than any pipe holds."""
    return bytes(3_000_000) + bytes([task])


def lambda_of(_task: int) -> object:
    return lambda: None


def touch(path: Path) -> None:
    path.touch()
    time.sleep(0.2)


def sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def noting(task: int) -> int:
    at_work_on(str(task))
    return task


@pytest.fixture
def started(monkeypatch):
    """The numbers of workers that were started."""
    numbers: list[int] = []
    real = pool._start

    def remember(function, workers, notes):
        numbers.append(workers)
        return real(function, workers, notes)

    monkeypatch.setattr(pool, "_start", remember)
    return numbers


@pytest.fixture
def allowed(monkeypatch):
    """Let the system refuse more processes than a number."""

    def allow(count: int) -> None:
        started = iter(range(count))
        real = pool._Worker

        def start(*given):
            if next(started, None) is None:
                raise BlockingIOError(11, "Resource temporarily unavailable")
            return real(*given)

        monkeypatch.setattr(pool, "_Worker", start)

    return allow


class TestHowMany:
    @pytest.mark.parametrize(("tasks", "workers"), [(2, 2), (3, 3), (9, 3)])
    def test_no_more_workers_than_tasks_are_started(self, started, tasks, workers):
        found = pool.run_all(abs, (-n for n in range(1, tasks + 1)), 3)
        assert sorted(found) == list(range(1, tasks + 1))
        assert started == [workers]

    def test_numbers_of_workers_follow_each_other(self):
        first, second, third = sorted(set(pool.run_all(number, range(6), 3)))
        assert (second, third) == (first + 1, first + 2)
        assert pool.worker_number() == 0

    @pytest.mark.parametrize("tasks", [[], [-1]])
    def test_for_one_task_or_none_there_are_none(self, started, tasks):
        assert list(pool.run_all(abs, tasks, 4)) == [abs(task) for task in tasks]
        assert started == []

    def test_tasks_are_drawn_as_they_are_needed(self):
        drawn = []
        tasks = (drawn.append(n) or n for n in count())
        results = pool.run_all(abs, tasks, 2)
        next(results)
        results.close()
        assert len(drawn) <= 6  # four at first, and one for each result that is there


class TestInAWorker:
    @pytest.mark.parametrize("workers", [1, 2])
    def test_whoever_is_started_already_may_have_workers(self, workers):
        found = pool.run_all(nested, [workers, workers], 2)
        assert list(found) == [[1, 2, 3]] * 2


class TestResults:
    def test_results_larger_than_a_pipe_buffer(self):
        found = list(pool.run_all(big, range(9), 3))
        assert sorted(each[-1] for each in found) == list(range(9))

    def test_an_error_arrives_with_its_traceback(self):
        with pytest.raises(StoreError, match=r"^the disk is full; make room$") as caught:
            list(pool.run_all(fail, [1, 2, 3], 2))
        assert "in fail" in str(caught.value.__cause__)

    def test_a_result_that_cannot_be_pickled_is_an_error(self):
        with pytest.raises(RuntimeError, match="a result cannot be sent"):
            list(pool.run_all(lambda_of, [1, 2], 2))

    def test_pending_tasks_are_dropped_when_the_caller_stops(self, tmp_path):
        results = pool.run_all(touch, [tmp_path / str(n) for n in range(8)], 2)
        next(results)
        results.close()
        assert len(list(tmp_path.iterdir())) <= 4

    def test_a_worker_ends_as_soon_as_there_is_nothing_left_for_it(self, monkeypatch):
        monkeypatch.setattr(pool, "_TICK", 0.05)
        at_work = []

        def count() -> None:
            at_work.append(len(multiprocessing.active_children()))

        assert list(pool.run_all(sleep, [0.0, 1.5], 2, count)) == [0.0, 1.5]
        assert at_work[-1] == 1

    def test_an_unclosed_pool_does_not_block_exit(self, tmp_path):
        script = tmp_path / "script.py"
        script.write_text(
            "import sys\nfrom serkit.compute import local as pool\n"
            "sys.kept = pool.run_all(abs, range(-9, 0), 2)\nprint(next(sys.kept) > 0)\n"
        )
        done = subprocess.run(
            [sys.executable, script], capture_output=True, text=True, check=False, timeout=60
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


class TestWhereProcessesAreFew:
    @pytest.mark.parametrize("count", [0, 1, 2])
    def test_the_workers_that_started_do_the_work(self, allowed, count):
        allowed(count)
        assert sorted(pool.run_all(abs, range(-9, 0), 3)) == list(range(1, 10))

    def test_a_worker_without_a_thread_reads_one_task_at_a_time(self, monkeypatch):
        def refuse(_thread):
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr("threading.Thread.start", refuse)
        assert sorted(pool.run_all(abs, range(-9, 0), 2)) == list(range(1, 10))

    @pytest.mark.skipif(sys.platform == "win32", reason="there is no sem_open there")
    def test_neither_shared_memory_nor_semaphores_are_needed(self, monkeypatch):
        def refuse(*_given, **_options):
            raise OSError(30, "Read-only file system")

        monkeypatch.setattr("_multiprocessing.SemLock", refuse)
        assert sorted(pool.run_all(abs, range(-9, 0), 2)) == list(range(1, 10))

    def test_without_a_temporary_folder_there_are_no_notes(self, monkeypatch):
        def refuse(**_options):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(pool, "TemporaryDirectory", refuse)
        assert sorted(pool.run_all(noting, [1, 2, 3], 2)) == [1, 2, 3]


class TestTheScriptThatCallsForWorkers:
    def run(self, tmp_path, script: str, *arguments) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "script.py"
        path.write_text(script)
        command = [sys.executable, str(path), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    @pytest.mark.parametrize("arguments", [(), ("spawn",)])
    def test_needs_no_main_guard(self, tmp_path, arguments):
        done = self.run(tmp_path, UNGUARDED, *arguments)
        assert (done.returncode, done.stdout) == (0, "[1, 2, 3, 4]\n")

    def test_is_run_again_where_it_defines_the_function_and_the_reason_reaches_it(self, tmp_path):
        done = self.run(tmp_path, UNGUARDED_WITH_ITS_OWN, "spawn")
        assert done.returncode == 1
        assert done.stderr.strip().splitlines()[-1] == (
            "serkit.errors.UsageError: worker processes cannot be started from a worker process; "
            "put the call under `if __name__ == '__main__':`, or use workers=1"
        )


class TestAWorkerThatDies:
    @pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
    @pytest.mark.parametrize("method", ["spawn", "fork"])
    def test_is_reported_with_exit_status_and_task(self, monkeypatch, method):
        monkeypatch.setattr(pool, "_context", lambda: pool.multiprocessing.get_context(method))
        with pytest.raises(StoreError) as caught:
            list(pool.run_all(die, [1, 2, 3], 2))
        assert str(caught.value) == (
            "a worker process died (killed, as the system does where memory runs out) while it "
            "worked on clip-2.wav; committed data are kept; run it again, with fewer --workers "
            "if memory is short"
        )

    def test_its_exit_code_is_reported(self):
        with pytest.raises(StoreError, match=r"died \(it left with exit code 5\); committed"):
            list(pool.run_all(leave, [1, 2], 2))

"""Worker processes: how many there are, and what happens where there may be none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from itertools import count

import pytest

from serkit.compute import local as pool
from serkit.errors import StoreError

UNGUARDED = """
import sys, threading
from serkit.compute import local as pool

if len(sys.argv) > 1:  # a second thread: workers are spawned and not forked
    threading.Thread(target=threading.Event().wait, daemon=True).start()
print(sorted(pool.run_all(abs, [-3, -2, -1, -4], 2)))
"""
"""A script that calls for workers at its top."""


def nested(workers: int) -> list[int]:
    return sorted(pool.run_all(abs, [-1, -2, -3], workers))


def number(_task: int) -> int:
    time.sleep(0.2)  # so that no worker takes all tasks
    return pool.worker_number()


def die(_task: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def started(monkeypatch):
    """The numbers of workers that were started."""
    numbers: list[int] = []
    real = pool.ProcessPoolExecutor

    def remember(workers, **options):
        numbers.append(workers)
        return real(workers, **options)

    monkeypatch.setattr(pool, "ProcessPoolExecutor", remember)
    return numbers


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
        assert len(drawn) <= 4


class TestInAWorker:
    @pytest.mark.parametrize("workers", [1, 2])
    def test_whoever_is_started_already_may_have_workers(self, workers):
        found = pool.run_all(nested, [workers, workers], 2)
        assert list(found) == [[1, 2, 3]] * 2


class TestAScriptWithoutAMainGuard:
    def run(self, tmp_path, *arguments) -> subprocess.CompletedProcess[str]:
        script = tmp_path / "script.py"
        script.write_text(UNGUARDED)
        command = [sys.executable, str(script), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_is_told_of_it_where_workers_are_spawned(self, tmp_path):
        done = self.run(tmp_path, "spawn")
        assert done.returncode == 1
        assert "UsageError: worker processes cannot be started from a worker" in done.stderr
        last = done.stderr.strip().splitlines()[-1]
        assert last.startswith("serkit.errors.StoreError: a worker process died")
        assert last.endswith(
            "; in a script, put the call under `if __name__ == '__main__':`, or use workers=1"
        )

    @pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")
    def test_works_where_they_are_forked(self, tmp_path):
        done = self.run(tmp_path)
        assert (done.returncode, done.stdout) == (0, "[1, 2, 3, 4]\n")


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize(("method", "told"), [("spawn", True), ("fork", False)])
def test_a_worker_that_dies_is_told_of(monkeypatch, method, told):
    monkeypatch.setattr(pool, "_context", lambda: pool.multiprocessing.get_context(method))
    with pytest.raises(StoreError, match="a worker process died") as caught:
        list(pool.run_all(die, [1, 2], 2))
    assert ("__main__" in str(caught.value)) is told

"""Whole processes and single calls, timed in turns, so that a busy machine is busy for all."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Command:
    """A contender that is a process of its own.

    Attributes:
        name: What it is called in the tables.
        words: The command line.
        before: Called before each run, outside the time: it makes what the command needs.
    """

    name: str
    words: Sequence[str]
    before: Callable[[], None] = lambda: None


@dataclass
class Timing:
    """What one contender took, run by run.

    Attributes:
        wall: Seconds on the clock.
        cpu: Seconds of computing of the process and its children; empty for calls.
    """

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Median seconds on the clock."""
        return statistics.median(self.wall)

    def to_json(self) -> dict[str, float]:
        """Return the medians."""
        found = {"wall": self.seconds}
        return found | {"cpu": statistics.median(self.cpu)} if self.cpu else found


def python(script: str, *words: object) -> list[str]:
    """Return the command that runs a script of ``benchmarks/peers``."""
    path = Path(__file__).parent / "peers" / script
    return [sys.executable, str(path), *map(str, words)]


def serkit(*words: object) -> list[str]:
    """Return a command of serkit's."""
    return [sys.executable, "-m", "serkit", *map(str, words)]


def processes(commands: Sequence[Command], rounds: int) -> dict[str, dict[str, float]]:
    """Time commands in turns, A B C A B C, after one run of each that does not count."""
    found = {command.name: Timing() for command in commands}
    for counted in range(rounds + 1):
        for command in commands:
            command.before()
            wall, cpu = _run(command.words)
            if counted:
                found[command.name].wall.append(wall)
                found[command.name].cpu.append(cpu)
    return {name: timing.to_json() for name, timing in found.items()}


def calls(
    actions: dict[str, Callable[[], object]], rounds: int, in_a_row: int = 1
) -> dict[str, dict[str, float]]:
    """Time calls within this process in turns.

    In its turn each contender is called several times in a row, after one call that does not
    count: programs read again and again with the same reader, and the call after another
    contender's would mostly measure what that one left in the processor's caches.

    Beside the median stands the best: a call is short enough to be left alone now and then, also
    on a busy machine.

    Args:
        actions: The contenders by name.
        rounds: Turns of each.
        in_a_row: Calls that count in each turn.
    """
    found = {name: Timing() for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            action()
            for _ in range(in_a_row):
                started = time.perf_counter()
                action()
                found[name].wall.append(time.perf_counter() - started)
    return {name: {"wall": each.seconds, "best": min(each.wall)} for name, each in found.items()}


def _run(words: Sequence[str]) -> tuple[float, float]:
    started, before = time.perf_counter(), os.times()
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - started, os.times()
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stderr[-2000:]}")
    cpu = after.children_user + after.children_system
    return wall, cpu - before.children_user - before.children_system

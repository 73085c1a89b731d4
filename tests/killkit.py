"""Run ``serkit ARGUMENTS`` and kill it with SIGKILL at an exact moment of its work.

    python killkit.py MOMENT serkit-arguments...

Moments: ``step N`` (N batches trained on, in all), ``checkpoint N`` (the Nth is half written),
``model N`` (the Nth is saved, its fold not said to be done), ``course N`` (the Nth checkpoint of a
fine-tuning is written, but not said to be whole), ``before NAME N`` and ``after NAME N``
(the Nth file of that name is written). A checkpoint is written every epoch.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def run_killed(moment: str, *arguments: object, cwd: Path) -> None:
    """Run ``serkit ARGUMENTS`` in a process of its own until it is killed at a moment."""
    command = [sys.executable, __file__, moment, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _count(times: int, otherwise: Callable[..., Any], last: Callable[..., Any]) -> Any:
    left = [times]

    def call(*given: Any, **options: Any) -> Any:
        left[0] -= 1
        return (otherwise if left[0] else last)(*given, **options)

    return call


def _arm(moment: str) -> None:
    import numpy as np

    from serkit.experiments import execute, folds
    from serkit.models.keras import checkpoint, loop, network
    from serkit.results import scores

    checkpoint.SHARE = 1.0
    what, *name, times = moment.split()
    if what == "step":
        add = loop.Tally.add
        loop.Tally.add = _count(int(times), add, lambda *_: _die())
    elif what == "checkpoint":
        savez = np.savez

        def half(file: Any, **arrays: Any) -> None:
            whole = io.BytesIO()
            savez(whole, **arrays)
            file.write(whole.getvalue()[: whole.tell() // 2])
            file.flush()
            _die()

        np.savez = _count(int(times), savez, half)
    elif what == "model":
        save = network.Network.save

        def saved(model: Any, folder: Path) -> None:
            save(model, folder)
            _die()

        network.Network.save = _count(int(times), save, saved)
    elif what == "course":
        from serkit.models.speech.checkpoint import SpeechCourse  # imports torch

        SpeechCourse.commit = _count(int(times), SpeechCourse.commit, lambda *_: _die())
    else:
        _arm_files(what, name[0], int(times), (execute, folds, scores))


def _arm_files(when: str, name: str, times: int, modules: Any) -> None:
    write = modules[0].write_file
    left = [times]

    def watched(path: Path, *pieces: Any) -> None:
        hit = path.name == name
        left[0] -= hit
        if hit and not left[0] and when == "before":
            _die()
        write(path, *pieces)
        if hit and not left[0]:
            _die()

    for module in modules:
        module.write_file = watched


if __name__ == "__main__":
    from serkit.cli import main

    _arm(sys.argv[1])
    sys.argv[1:] = sys.argv[2:]
    main()

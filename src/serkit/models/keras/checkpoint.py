"""Training checkpoints of a net: training resumes after a kill with an identical result.

A checkpoint is one ``.npz`` file without pickles, replaced whole: everything that the next epoch
depends on. It holds the net's variables (weights, and the states that its layers draw random
numbers from), the optimiser's, the generators of NumPy and torch, the history, the weights of the
best epoch and their average.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from serkit.models.keras.averaging import Average, Weights
from serkit.models.keras.backend import set_torch_random, torch_random
from serkit.models.training import Course
from serkit.storage.files import TEMPORARY, replacing

FILE = "checkpoint.npz"

SHARE = 0.05
"""Most of the time that writing checkpoints may take: large nets write one less often."""

_VERSION = 2
_FACTS = "facts"


@dataclass
class Checkpoints:
    """The checkpoint of one training.

    Attributes:
        folder: Its folder; None for no checkpoints.
        key: Digest of everything that training depends on; other checkpoints are ignored.
        earlier: Seconds already spent by the run being resumed.
    """

    folder: Path | None = None
    key: str = ""
    earlier: float = 0.0
    _began: float = field(default_factory=time.perf_counter)
    _due: float = 0.0

    def load(self, model: Any, random: np.random.Generator, average: Average) -> Course[Weights]:
        """Bring a compiled net, a generator and an average to where a training was interrupted.

        Returns:
            How that training has gone; an empty course where there is none to resume.
        """
        if self.folder is None:
            return Course()
        for leftover in self.folder.glob(f".{FILE}.*{TEMPORARY}"):  # of a kill while writing
            with suppress(OSError):
                leftover.unlink()
        found = _read(self.folder / FILE, self.key)
        if found is None:
            return Course()
        facts, arrays = found
        variables = _variables(model)
        for position, variable in enumerate(variables):
            variable.assign(arrays[f"variable-{position}"])
        set_torch_random(arrays)
        random.bit_generator.state = facts["random"]
        self.earlier = float(facts["seconds"])
        average.steps = facts["average"]["steps"]
        average.weights = [arrays[f"average-{i}"] for i in range(facts["average"]["weights"])]
        best = [arrays[f"best-{i}"] for i in range(facts["best_weights"])]
        return Course(facts["rows"], facts["best"], facts["score"], best or model.get_weights())

    def save_if_due(
        self, model: Any, random: np.random.Generator, course: Course[Weights], average: Average
    ) -> None:
        """Write a checkpoint, unless that would take more than :data:`SHARE` of the time.

        Raises:
            StoreWriteError: The disk did not take it; the last one stays.
        """
        began = time.perf_counter()
        if self.folder is None or began < self._due:
            return
        # After the best epoch its weights are the net's own, unless they are an average.
        own = course.best == len(course.rows) and not average.weights
        best = [] if own else course.weights or []
        facts = {
            "version": _VERSION,
            "key": self.key,
            "seconds": self.earlier + began - self._began,
            "random": random.bit_generator.state,
            **course.facts,
            "best_weights": len(best),
            "average": {"steps": average.steps, "weights": len(average.weights)},
        }
        lists = {"best": best, "average": average.weights}
        arrays = dict(_arrays(_variables(model), lists)) | torch_random()
        _write(self.folder / FILE, facts, arrays)
        done = time.perf_counter()
        self._due = done + (done - began) * (1 / SHARE - 1)


def _variables(model: Any) -> list[Any]:
    """Return all that a step changes or reads: Keras counts layers' random states as variables."""
    return [*model.variables, *model.optimizer.variables]


def _arrays(
    variables: Sequence[Any], lists: Mapping[str, Weights]
) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    import keras

    for position, variable in enumerate(variables):
        yield f"variable-{position}", np.asarray(keras.ops.convert_to_numpy(variable))
    for name, weights in lists.items():
        yield from ((f"{name}-{position}", each) for position, each in enumerate(weights))


def _write(path: Path, facts: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    text = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    everything: dict[str, Any] = {_FACTS: text, **arrays}
    with replacing(path) as file:
        np.savez(file, **everything)


def _read(path: Path, key: str) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]] | None:
    """Read a checkpoint; None where there is none, or one that is damaged or of another key."""
    try:
        with np.load(path, allow_pickle=False) as file:
            facts = json.loads(file[_FACTS].tobytes())
            if (facts["version"], facts["key"]) != (_VERSION, key):
                return None
            return facts, {name: file[name] for name in file.files if name != _FACTS}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None

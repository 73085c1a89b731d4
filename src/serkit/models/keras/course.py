"""How a fine-tuning has gone so far, kept beside the Trainer's checkpoints.

Imports torch, so it is imported inside functions only.
"""

from __future__ import annotations

import json
import math
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

_FILE = "course.json"
_FOLDER = re.compile(r"checkpoint-(\d+)")

Weights = dict[str, torch.Tensor]


@dataclass
class FineCourse:
    """Epochs, the best of them, and its weights.

    Attributes:
        key: Digest of all that the training depends on: another's checkpoints are not taken.
        rows: One row for each epoch, see :func:`serkit.models.history.history_frame`.
        best: The best epoch, counted from 1.
        score: What it was judged by; more is better.
        step: The step at its end.
        weights: The model's weights after it, on the CPU.
    """

    key: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    best: int = 0
    score: float = -math.inf
    step: int = 0
    weights: Weights = field(default_factory=dict)

    def note(self, row: dict[str, Any], score: float, step: int, model: Any) -> None:
        """Keep an epoch's row, and the weights if it is the best one."""
        self.rows.append(row)
        if score > self.score or not self.best:
            self.best, self.score, self.step = len(self.rows), score, step
            state = model.state_dict()
            self.weights = {key: value.detach().cpu().clone() for key, value in state.items()}

    def exhausted(self, patience: int) -> bool:
        """Tell whether the best epoch is ``patience`` epochs ago; 0 is endless patience."""
        return 0 < patience <= len(self.rows) - self.best

    def commit(self, folder: Path, step: int) -> None:
        """Say that a checkpoint is whole, and take away those that are no longer needed.

        Args:
            folder: Where the Trainer keeps its checkpoints.
            step: That of the checkpoint just written.
        """
        facts = {
            "key": self.key,
            "rows": self.rows,
            "best": self.best,
            "score": self.score,
            "step": self.step,
        }
        place = folder / f"checkpoint-{step}"
        written = place / f".{_FILE}"
        written.write_text(json.dumps(facts))
        written.replace(place / _FILE)
        for path, number in _checkpoints(folder):
            if number not in (step, self.step):
                shutil.rmtree(path, ignore_errors=True)


def resume(folder: Path | None, key: str) -> tuple[FineCourse, Path | None]:
    """Return the course so far and the checkpoint to go on from; a new one where there is none.

    Args:
        folder: Where the Trainer keeps its checkpoints; None keeps none.
        key: Digest of all that the training depends on.
    """
    if folder is None:
        return FineCourse(key), None
    for path, _ in sorted(_checkpoints(folder), key=lambda each: -each[1]):
        try:
            facts = json.loads((path / _FILE).read_text())
            course = FineCourse(**facts)
            weights = load_file(folder / f"checkpoint-{course.step}" / "model.safetensors")
        except (OSError, ValueError, TypeError):
            continue  # it was being written when the training was killed
        if course.key == key:
            course.weights = weights
            return course, path
    return FineCourse(key), None


def _checkpoints(folder: Path) -> list[tuple[Path, int]]:
    found = ((path, _FOLDER.fullmatch(path.name)) for path in folder.glob("checkpoint-*"))
    return [(path, int(match[1])) for path, match in found if match]

"""The state of a fine-tuning, stored with the Trainer's checkpoints.

Imports torch, so it is imported inside functions only.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from serkit.models.training import Course
from serkit.storage.files import write_file

_FILE = "course.json"
_FOLDER = re.compile(r"checkpoint-(\d+)")

Weights = dict[str, torch.Tensor]


@dataclass
class SpeechCourse(Course[Weights]):
    """A course with the steps of the Trainer's checkpoints.

    Attributes:
        key: Digest of everything that training depends on; other checkpoints are ignored.
        step: The step at the end of the best epoch.
    """

    key: str = ""
    step: int = 0

    def note_step(self, row: dict[str, Any], score: float, step: int, model: Any) -> None:
        """Keep an epoch's row, and weights and step if it is the best one."""
        if self.note(row, score, partial(_on_the_cpu, model)):
            self.step = step

    def commit(self, folder: Path, step: int) -> None:
        """Mark a checkpoint as complete, and remove those no longer needed.

        Args:
            folder: Where the Trainer keeps its checkpoints.
            step: That of the checkpoint just written.
        """
        facts = {"key": self.key, **self.facts, "step": self.step}
        place = folder / f"checkpoint-{step}"
        write_file(place / _FILE, json.dumps(facts).encode())
        for path, number in _checkpoints(folder):
            if number not in (step, self.step):
                shutil.rmtree(path, ignore_errors=True)


def resume(folder: Path | None, key: str) -> tuple[SpeechCourse, Path | None]:
    """Return the course and the checkpoint to resume from, or a new course.

    Args:
        folder: Where the Trainer keeps its checkpoints; None keeps none.
        key: Digest of all that the training depends on.
    """
    if folder is None:
        return SpeechCourse(key=key), None
    for path, _ in sorted(_checkpoints(folder), key=lambda each: -each[1]):
        try:
            facts = json.loads((path / _FILE).read_text())
            course = SpeechCourse(**facts)
            weights = load_file(folder / f"checkpoint-{course.step}" / "model.safetensors")
        except (OSError, ValueError, TypeError):
            continue  # it was being written when the training was killed
        if course.key == key:
            course.weights = weights
            return course, path
    return SpeechCourse(key=key), None


def _on_the_cpu(model: Any) -> Weights:
    return {key: value.detach().cpu().clone() for key, value in model.state_dict().items()}


def _checkpoints(folder: Path) -> list[tuple[Path, int]]:
    found = ((path, _FOLDER.fullmatch(path.name)) for path in folder.glob("checkpoint-*"))
    return [(path, int(match[1])) for path, match in found if match]

"""Ways to damage a saved model, each of which has to be named when it is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serkit.errors import RunError
from serkit.models import Trainer

_NOT_NEEDED = {"layer", "by_speaker", "classes", "weights"}
"""Facts that older models lack."""


def check_damaged_facts(trainer: Trainer[Any], folder: Path) -> None:
    """Damage a model's facts."""
    for path in sorted(folder.rglob("*.json")):
        content = path.read_bytes()
        refused(trainer, folder, path, b"{", "cannot be read: Expecting ")
        refused(trainer, folder, path, b"\xff", "cannot be read: 'utf-8' codec ")
        refused(trainer, folder, path, b"[]", "cannot be read: it is no JSON object; ")
        refused(trainer, folder, path, None, "is missing; ")
        facts = json.loads(content)
        for name in sorted(facts.keys() - _NOT_NEEDED):
            rest = {key: value for key, value in facts.items() if key != name}
            lacking = json.dumps(rest).encode()
            refused(trainer, folder, path, lacking, f"lacks the entry {name!r}; ")
        path.write_bytes(content)
    trainer.load(folder)


def check_damaged_arrays(trainer: Trainer[Any], folder: Path) -> None:
    """Damage a model's arrays."""
    path = folder / "model.npz"
    content = path.read_bytes()
    refused(trainer, folder, path, content[: len(content) // 2], "cannot be read: ")
    refused(trainer, folder, path, None, "is missing; ")
    path.write_bytes(content)
    with np.load(path) as saved:
        arrays = dict(saved)
    for name in arrays.keys() - {"allow_pickle"}:
        if name.startswith("template_"):  # as many as there are
            continue
        np.savez(path, **{key: value for key, value in arrays.items() if key != name})
        lacking = path.read_bytes()
        refused(trainer, folder, path, lacking, f"lacks the entry {name!r}; ")
    path.write_bytes(content)
    trainer.load(folder)


def refused(
    trainer: Trainer[Any], folder: Path, path: Path, content: bytes | None, why: str
) -> None:
    """Check that a model is refused whose file has this content, or is gone."""
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(RunError) as caught:
        trainer.load(folder)
    assert str(caught.value).startswith(f"{path} {why}")
    assert str(caught.value).endswith("; train the run again")

"""The files in a run's folder, and the command that resumes a run that is not finished."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from serkit.settings import resolve

RECORD = "run.json"
CONFIG = "config.json"
SPLIT = "split.json"
PREDICTIONS = "predictions.parquet"
FOLD = "fold.json"
HISTORY = "history.parquet"
FINAL_RECORD = "final.json"

DEFAULT_RUNS = Path("runs")


def resume_command(folder: Path) -> str:
    """Return the command that resumes an unfinished run."""
    usual = folder.parent == Path(resolve().runs)
    try:
        begun = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        processes = int(begun.get("processes", 1))
    except (OSError, ValueError, AttributeError, TypeError):  # resuming will report the problem
        processes = 1
    name = shlex.quote(folder.name if usual else str(folder))
    return f"{launcher(processes)} train --resume {name}"


def launcher(processes: int) -> str:
    """Return the command that starts serkit with a number of processes."""
    return "serkit" if processes == 1 else f"torchrun --nproc-per-node {processes} -m serkit"

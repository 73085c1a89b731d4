"""Selection behind a run: what its preset was tuned on, and earlier runs on the same test clips.

Every finished run on the same clips is a look at them. Trying twenty settings and reporting the
best is selection on the test clips, however honest each fold; the record counts these runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from serkit.results.folder import CONFIG, RECORD

_SAME = ("model", "corpus_digest", "split_digest")
"""Fields that two runs share if they tested the same clips."""


def selection_of(config: Mapping[str, Any], selected_on: str, runs: Path) -> dict[str, Any]:
    """Return the record's fields on prior selection.

    Args:
        config: The run's ``config.json``.
        selected_on: Data that its preset was tuned on.
        runs: The folder of runs, where earlier ones are counted.

    Returns:
        ``preset_selected_on``; ``configurations``: how many different settings of the model were
        tested on these clips, this one included; ``test_looks``: how many runs of it were.
    """
    looks = [_settings(config), *map(_settings, _earlier(config, runs))]
    return {
        "preset_selected_on": selected_on,
        "configurations": len(set(looks)),
        "test_looks": len(looks),
    }


def _earlier(config: Mapping[str, Any], runs: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the finished runs of the same model on the same clips and split."""
    for record in runs.glob(f"*/{RECORD}"):
        try:
            other = json.loads((record.parent / CONFIG).read_text(encoding="utf-8"))
            if all(other[key] == config[key] for key in _SAME) and other["run"] != config["run"]:
                yield other
        except (OSError, ValueError, KeyError, TypeError):  # damaged: 'compare' reports it
            continue


def _settings(config: Mapping[str, Any]) -> str:
    """Return a key of the setting, the same for all seeds."""
    return json.dumps([config["values"], config["feature_fingerprints"]], sort_keys=True)

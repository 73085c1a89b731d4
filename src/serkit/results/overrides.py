"""Parameter overrides: the ``--set`` flags that reproduce a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serkit.errors import UnknownNameError
from serkit.models import TRAINERS, Trainer
from serkit.parameters import Scalar


def differing(
    trainer: Trainer[Any], preset: str, values: Mapping[str, Scalar]
) -> dict[str, Scalar]:
    """Return the values that differ from the preset's, among the trainer's parameters."""
    usual = trainer.settle(preset, {}).to_json()
    return {key: value for key, value in values.items() if value != usual.get(key, value)}


def given_today(record: Mapping[str, Any]) -> dict[str, Scalar]:
    """Return the values in which a run differs from the current preset.

    Presets change between versions, so a former preset value may need a flag today, and vice versa.
    Otherwise runs with different parameters could be mistaken for seeds of one model.

    Args:
        record: The run's ``run.json``, with ``model``, ``preset``, ``values`` and ``given``.

    Returns:
        Values by name. Where the model or its preset is not there any more, and of parameters that
        are not, what was given then.
    """
    given, values = record["given"], record["values"]
    try:
        trainer = TRAINERS.get(record["model"])
        today = differing(trainer, record["preset"], {**trainer.before, **values})
    except UnknownNameError:
        return dict(given)
    known = trainer.parameters.declared().keys() & values.keys()
    return today | {key: value for key, value in given.items() if key not in known}

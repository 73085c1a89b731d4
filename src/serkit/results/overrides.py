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


def preset_today(record: Mapping[str, Any]) -> str:
    """Return the name that a run's preset has today.

    A preset that gives way to a better one keeps its values under another name: ``best`` of one
    version may be ``mel`` of the next. Where the values are no longer those of the recorded name
    and are those of another preset, with the run's own overrides, that one is named. Values of
    parameters that are newer than the run count first, and not if no preset has them all. Where no
    preset has the values, the one is named that needs the fewest flags to reproduce the run.

    Args:
        record: The run's ``run.json``.
    """
    recorded = str(record["preset"])
    try:
        trainer = TRAINERS.get(record["model"])
    except UnknownNameError:
        return recorded
    if recorded not in trainer.presets:
        return recorded
    names = (recorded, *(name for name in trainer.presets if name != recorded))
    for newer in (trainer.before, {}):
        values = {**newer, **record["values"]}
        for name in names:
            if _flags(trainer, name, values) <= record["given"].keys():
                return name
    values = {**trainer.before, **record["values"]}
    return min(names, key=lambda name: len(_flags(trainer, name, values)))


def _flags(trainer: Trainer[Any], preset: str, values: Mapping[str, Scalar]) -> set[str]:
    """Return the names of today's parameters in which values differ from a preset's."""
    return set(differing(trainer, preset, values)) & set(trainer.parameters.declared())


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
        today = differing(trainer, preset_today(record), {**trainer.before, **values})
    except UnknownNameError:
        return dict(given)
    known = trainer.parameters.declared().keys() & values.keys()
    return today | {key: value for key, value in given.items() if key not in known}

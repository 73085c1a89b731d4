"""A minimal YAML writer for the header of a model card."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

Plain = str | int | float | bool | None | Mapping[str, "Plain"] | Sequence["Plain"]


def to_yaml(data: Plain) -> str:
    """Return data as YAML in block style; scalars are written as JSON, which YAML reads.

    Example:
        >>> print(to_yaml({"tags": ["speech", "yes"], "metrics": [{"value": 0.5, "type": "uar"}]}))
        tags:
        - "speech"
        - "yes"
        metrics:
        - value: 0.5
          type: "uar"
    """
    return "\n".join(_lines(data))


def _lines(data: Plain) -> list[str]:
    if isinstance(data, Mapping):
        return [line for key, value in data.items() for line in _entry(key, value)]
    if isinstance(data, Sequence) and not isinstance(data, str):
        return [line for value in data for line in _item(value)]
    return [json.dumps(data, ensure_ascii=False)]


def _entry(key: str, value: Plain) -> list[str]:
    if not isinstance(value, Mapping | list | tuple):
        return [f"{key}: {json.dumps(value, ensure_ascii=False)}"]
    if not value:
        return [f"{key}: {'{}' if isinstance(value, Mapping) else '[]'}"]
    indent = "  " if isinstance(value, Mapping) else ""
    return [f"{key}:", *(indent + line for line in _lines(value))]


def _item(value: Plain) -> list[str]:
    first, *others = _lines(value)
    return [f"- {first}", *(f"  {line}" for line in others)]

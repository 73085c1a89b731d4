"""What a saved model knows beside its weights, as JSON; what is missing is said in a sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from serkit.errors import RunError

Value = TypeVar("Value")

FACTS = "model.json"
AGAIN = "train the run again"


class Entries(dict[str, Value]):
    """What a file of a saved model holds; an entry that it lacks is named with the file.

    Args:
        path: The file.
        found: Its entries.
    """

    def __init__(self, path: Path, found: Mapping[str, Value]) -> None:
        super().__init__(found)
        self.path = path

    def __missing__(self, name: str) -> Value:
        raise RunError(f"{self.path} lacks the entry {name!r}", hint=AGAIN)


def write_facts(file: Path, facts: Mapping[str, Any]) -> None:
    """Write what :func:`read_facts` reads."""
    file.write_text(json.dumps(facts, indent=1), encoding="utf-8")


def read_facts(file: Path) -> Entries[Any]:
    """Read a saved model's JSON.

    Raises:
        RunError: The file is missing or damaged; so does a look-up of an entry that it lacks.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError(f"{file} is missing", hint=AGAIN) from error
    except (OSError, ValueError) as error:
        raise RunError(f"{file} cannot be read: {error}", hint=AGAIN) from error
    if not isinstance(found, dict):
        raise RunError(f"{file} cannot be read: it is no JSON object", hint=AGAIN)
    return Entries(file, found)

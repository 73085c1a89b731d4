"""Making values plain JSON, the same way in records and on the command line."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any


def plain(value: Any) -> Any:
    """Make a value JSON.

    Dataclasses become objects, sets and tuples lists, paths strings, NumPy numbers Python's, and
    numbers that JSON does not know (one actor has no interval) null.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if hasattr(value, "item"):  # a NumPy number; importing NumPy to ask would cost the start-up
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value


def dumps(value: Any) -> str:
    """Return a value as strict JSON, indented."""
    return json.dumps(plain(value), indent=2, allow_nan=False)

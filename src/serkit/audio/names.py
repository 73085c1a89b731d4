"""Names of files as soundfile takes them."""

from __future__ import annotations

import os
from pathlib import Path


def named(path: Path) -> Path | bytes:
    """Return a path as soundfile takes it, which refuses bytes that are no text in one."""
    return path if os.name == "nt" else os.fsencode(path)

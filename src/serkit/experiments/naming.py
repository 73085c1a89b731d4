"""Names of runs, which are names of folders."""

from __future__ import annotations

import re
import secrets
from datetime import datetime

_LONGEST = 100
"""Letters of a protocol's name in that of a run; file systems take 255 in all."""


def run_name(model: str, protocol: str, now: datetime) -> str:
    """Return a new name for a run that every system takes for a folder's.

    Example:
        >>> run_name("svm", "cross:emodb->tess", datetime(2026, 1, 2))[:36]
        'svm-cross-emodb-tess-20260102-000000'
    """
    plain = re.sub(r"[^\w@.+-]+", "-", protocol.replace("->", "-"))[:_LONGEST]
    return f"{model}-{plain}-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"

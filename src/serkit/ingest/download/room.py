"""Check free disk space before writing anything."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from serkit.errors import DownloadError


def require_room(folder: Path, needs: Mapping[str, int]) -> None:
    """Raise if the disk of a folder cannot take some bytes.

    Args:
        folder: A folder that is there.
        needs: Bytes by purpose, such as ``{"to unpack": 1000}``.

    Raises:
        DownloadError: The total exceeds the free space.
    """
    free = shutil.disk_usage(folder).free
    needed = sum(needs.values())
    if needed > free:
        parts = ", ".join(f"{_mb(size)} {what}" for what, size in needs.items())
        raise DownloadError(
            f"not enough room on the disk of {folder}: {_mb(needed)} needed ({parts}), "
            f"{_mb(free)} free",
            hint="free some or name a folder on another disk with --dest DIR",
        )


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"

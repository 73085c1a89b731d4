"""Writing figures and pages: whole or not at all."""

from __future__ import annotations

from pathlib import Path

from serkit.errors import ReportError, StoreWriteError
from serkit.storage.files import write_file


def write(path: Path, content: bytes) -> Path:
    """Write a file atomically, replacing an existing one.

    Args:
        path: The file; its folder is made if it is not there.
        content: Its bytes.

    Raises:
        ReportError: It cannot be written.
    """
    try:
        write_file(path, content, flush=False)
    except StoreWriteError as error:
        raise ReportError(error.got, hint="name another place") from error
    return path


def make_folder(folder: Path) -> None:
    """Make the folder that figures go to, before anything is computed for it.

    Raises:
        ReportError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportError(
            f"cannot make the folder {folder} ({error.strerror or error})",
            hint="name another place",
        ) from error

"""Modules that saved models name and that have since moved; one short table.

A saved model holds class names with their modules. Models of earlier versions are read with today's
names; files are not changed, so checksums stay valid.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

MOVED = {
    "serkit.trainers._steps": "serkit.models.classical.steps",
    "serkit.nets._attention": "serkit.models.keras.layers.attention",
    "serkit.nets._layers": "serkit.models.keras.layers.pooling",
    "serkit.nets._lstm": "serkit.models.keras.layers.lstm",
}
"""Old module to new."""

_NAMES = re.compile("|".join(rf'"{re.escape(old)}"' for old in MOVED))
_SCHEMA = "schema.json"


def with_modules_of_today(description: str) -> str:
    """Return a saved model's JSON description with current module names.

    Example:
        >>> with_modules_of_today('{"module": "serkit.nets._lstm"}')
        '{"module": "serkit.models.keras.layers.lstm"}'
    """
    return _NAMES.sub(lambda found: f'"{MOVED[found.group()[1:-1]]}"', description)


def skops_of_today(path: Path) -> bytes:
    """Return a skops file's content with today's module names in its schema.

    Raises:
        zipfile.BadZipFile: The file is no skops file.
    """
    content = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        before = old.read(_SCHEMA).decode()
        after = with_modules_of_today(before)
        if after == before:
            return content
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as new:
            for name in old.namelist():
                new.writestr(name, after if name == _SCHEMA else old.read(name))
    return made.getvalue()

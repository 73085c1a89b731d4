"""Settings: defaults, then ``serkit.toml``, then ``SERKIT_*``, then arguments.

``serkit.toml`` is looked for in the current folder and those above it. Its keys are the fields of
:class:`Settings`; ``SERKIT_STORE=...`` and so on override them, and flags override both.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from serkit.errors import UsageError, unknown_name

FILE = "serkit.toml"
PREFIX = "SERKIT_"


_FOLDERS = frozenset({"store", "runs", "definitions", "cache"})


@dataclass(frozen=True)
class Settings:
    """Everything that can be set once for all commands.

    Attributes:
        store: The feature store's folder or URL; a leading ``~`` is the home folder, here and
            below.
        runs: The folder of runs.
        definitions: The folder of the project's own recipes.
        features: Features to extract, separated by commas; empty for the defaults.
        workers: Processes; 0 is one a core.
        wait: Seconds to wait for another writer of the store.
        protocol: Protocol of training; empty for the corpus's own.
        preset: Preset of training.
        seed: Seed of training.
        cache: The folder in which parts of stores under URLs are kept.
    """

    store: str = "features/store"
    runs: str = "runs"
    definitions: str = "features/definitions"
    features: str = ""
    workers: int = 0
    wait: float = 30.0
    protocol: str = ""
    preset: str = "best"
    seed: int = 0
    cache: str = "~/.cache/serkit"


def resolve(
    given: Mapping[str, Any] | None = None,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Resolve the settings.

    Args:
        given: Values from the command line or a call; None means not given.
        folder: Where the search for ``serkit.toml`` begins; None is the current folder.
        environment: Variables; None is the process's own.

    Raises:
        UnknownNameError: A key of the file or a ``SERKIT_*`` variable is none of the settings.
        UsageError: A value has the wrong type, the file is not TOML, or the home folder of a ``~``
            is unknown.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    path = _find(folder or Path.cwd())
    if path:
        values |= {key: _checked(key, value, str(path)) for key, value in _read(path).items()}
    for name, text in environment.items():
        if name.startswith(PREFIX):
            key = name.removeprefix(PREFIX).lower()
            values[key] = _parsed(key, text, name)
    for key, value in (given or {}).items():
        if value is not None:
            values[key] = _checked(key, value, "the call")
    settled = Settings(**values | {key: _at_home(values[key]) for key in _FOLDERS & values.keys()})
    if settled.workers < 0:
        raise UsageError(
            f"workers = {settled.workers}", allowed="0 (one a core) or more is allowed"
        )
    if not 0 <= settled.seed < 2**32:
        raise UsageError(f"seed = {settled.seed}", allowed="0 to 4,294,967,295 is allowed")
    return settled


def _at_home(folder: str) -> str:
    """Expand a leading ``~``: shells do not after ``=``, and nothing does in files."""
    if not folder.startswith("~"):
        return folder
    try:
        return str(Path(folder).expanduser())
    except RuntimeError as error:
        raise UsageError(
            f"{folder} is in a home folder that is not known", hint="write the folder out"
        ) from error


def _find(folder: Path) -> Path | None:
    candidates = (place / FILE for place in (folder, *folder.parents))
    return next((path for path in candidates if path.is_file()), None)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML ({error})") from error


def _kind(key: str, source: str) -> type[Any]:
    defaults = {field.name: field.default for field in fields(Settings)}
    if key not in defaults:
        raise unknown_name(f"setting in {source}", key, defaults)
    return type(defaults[key])


def _checked(key: str, value: Any, source: str) -> Any:
    kind = _kind(key, source)
    if type(value).__module__ == "numpy" and hasattr(value, "item"):  # a number of NumPy's
        value = value.item()
    if kind is float and type(value) is int:
        value = float(value)
    if kind is str and isinstance(value, (list, tuple)):
        value = ",".join(map(str, value))
    if kind is str and isinstance(value, Path):
        value = str(value)
    if type(value) is not kind:
        raise UsageError(
            f"{key} = {value!r} in {source} has the wrong type",
            allowed=f"a value such as {getattr(Settings(), key)!r} is allowed",
        )
    return value


def _parsed(key: str, text: str, source: str) -> Any:
    kind = _kind(key, source)
    try:
        return kind(text)
    except ValueError as error:
        raise UsageError(
            f"{source}={text!r} has the wrong type",
            allowed=f"a value such as {getattr(Settings(), key)!r} is allowed",
        ) from error

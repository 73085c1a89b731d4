"""Recipes: features as small TOML files, reviewed like code.

serkit's own lie in ``serkit/features/definitions``; a project's own in ``features/definitions``
(or wherever the setting ``definitions`` says). ``NAME.toml`` defines the feature ``NAME``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from serkit.errors import UsageError, unknown_name
from serkit.features.extractor import EXTRACTORS
from serkit.features.spec import FeatureSpec, resolve

DEFAULT_FEATURES = ("raw", "change_deviation", "mel128", "mel256", "functionals")
"""What ``serkit extract`` computes unless told otherwise."""

DEFAULT_DEFINITIONS = Path("features/definitions")
"""Where a project keeps its own recipes."""

_KEYS = {"summary", "extractor", "parameters"}


@dataclass(frozen=True)
class Recipes:
    """The recipes that can be asked for by name.

    Args:
        folder: The project's own recipes; a folder that is not there holds none.
    """

    folder: Path = DEFAULT_DEFINITIONS

    def names(self) -> tuple[str, ...]:
        """Return every recipe's name, sorted."""
        return tuple(sorted(self._paths))

    def get(self, name: str) -> FeatureSpec:
        """Resolve one recipe.

        Args:
            name: A recipe's name, or the path of a TOML file.

        Raises:
            UnknownNameError: There is no such recipe.
            UsageError: The recipe is not right; the message says where.
        """
        if name.endswith(".toml"):
            path = Path(name)
            if not path.is_file():
                raise UsageError(f"no recipe file {name}", hint="see 'serkit features'")
            return _read(path.stem, path.read_text(encoding="utf-8"), str(path))
        path = self._paths.get(name)
        if path is None:
            raise unknown_name("feature", name, self._paths, hint="see 'serkit features'")
        return _read(name, path.read_text(encoding="utf-8"), str(path))

    def get_all(self, names: Iterable[str]) -> tuple[FeatureSpec, ...]:
        """Resolve several recipes, in order, each once."""
        return tuple(self.get(name) for name in dict.fromkeys(names))

    @cached_property
    def _paths(self) -> dict[str, Any]:
        shipped = (files("serkit.features") / "definitions").iterdir()
        own = self.folder.glob("*.toml") if self.folder.is_dir() else ()
        found: dict[str, Any] = {}
        for path in (*shipped, *own):
            name = path.name.removesuffix(".toml")
            if name in found and path.name.endswith(".toml"):
                raise UsageError(
                    f"the recipe {path} has the name of one of serkit's own",
                    hint="give it another name",
                )
            if path.name.endswith(".toml"):
                found[name] = path
        return found


def _read(name: str, text: str, source: str) -> FeatureSpec:
    try:
        recipe = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{source} is not TOML ({error})") from error
    for key in recipe:
        if key not in _KEYS:
            raise unknown_name(f"key in {source}", key, _KEYS)
    if not isinstance(recipe.get("extractor"), str):
        raise UsageError(f"{source} names no extractor", allowed=f"{', '.join(EXTRACTORS.names())}")
    extractor = EXTRACTORS.get(recipe["extractor"])
    return resolve(name, extractor, recipe.get("parameters", {}), recipe.get("summary", ""))

"""Recipes: features as small TOML files, reviewed like code.

serkit's recipes are in ``serkit/features/definitions``, a project's in ``features/definitions`` (or
the setting ``definitions``). ``NAME.toml`` defines the feature ``NAME``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from serkit.errors import UsageError, unknown_name
from serkit.features.extractor import EXTRACTORS
from serkit.features.spec import FeatureSpec, resolve

T = TypeVar("T", str, dict[str, Any])

DEFAULT_FEATURES = ("raw", "change_deviation", "mel128", "mel256", "functionals")
"""Features that ``serkit extract`` computes by default."""

DEFAULT_DEFINITIONS = Path("features/definitions")
"""Where a project keeps its own recipes."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Features' names are folders' names in the store."""

_KEYS = {"summary", "extractor", "parameters", "voice"}


@dataclass(frozen=True)
class Recipes:
    """Recipes by name.

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
            name: A recipe's name, the path of a TOML file, or ``EXTRACTOR:VALUE`` for an extractor
                with one argument, such as ``embeddings:facebook/wav2vec2-base``.

        Raises:
            UnknownNameError: There is no such recipe.
            UsageError: The recipe is invalid; the message says where.
        """
        if name.endswith(".toml"):
            return self._get_file(Path(name))
        if ":" in name:
            return _with_argument(name)
        path = self._paths.get(name)
        if path is None:
            raise unknown_name("feature", name, self._paths, hint="see 'serkit features'")
        return _read(name, path)

    def get_all(self, names: Iterable[str]) -> tuple[FeatureSpec, ...]:
        """Resolve several recipes, in order, each once.

        Raises:
            UnknownNameError: There is no recipe of one of the names.
            UsageError: A recipe is not right, or two different ones have one name.
        """
        specs: dict[str, FeatureSpec] = {}
        for name in names:
            spec = self.get(name)
            if specs.setdefault(spec.name, spec) != spec:
                raise UsageError(
                    f"two different recipes are named {spec.name!r}",
                    hint="give one of them another name",
                )
        return tuple(specs.values())

    def _get_file(self, path: Path) -> FeatureSpec:
        if not path.is_file():
            raise UsageError(f"no recipe file {path}", hint="see 'serkit features'")
        known = self._paths.get(path.stem)
        if known is not None and Path(str(known)).resolve() != path.resolve():
            raise _clash(path, known)
        return _read(path.stem, path)

    @cached_property
    def _paths(self) -> dict[str, Traversable]:
        shipped = (files("serkit.features") / "definitions").iterdir()
        own = self.folder.glob("*.toml") if self.folder.is_dir() else ()
        found: dict[str, Traversable] = {}
        for path in (*shipped, *own):
            if not path.name.endswith(".toml"):
                continue
            name = path.name.removesuffix(".toml")
            if name in found:
                raise _clash(path, found[name])
            found[name] = path
        return found


def stored_name(name: str) -> str:
    """Return the name under which a feature is kept: also the name of a folder.

    Of ``EXTRACTOR:VALUE`` the last part of the value is kept, so that a checkpoint that has moved
    is the same feature: ``embeddings:facebook/wav2vec2-base`` is ``embeddings-wav2vec2-base``.

    Raises:
        UsageError: There is nothing in the value to name a feature by.
    """
    head, colon, value = name.partition(":")
    if not colon:
        return name
    parts = [part for part in re.split(r"[\\/]", value) if part.strip(". ")]
    last = re.sub(r"[^A-Za-z0-9._-]+", "-", parts[-1]).strip("-") if parts else ""
    if not last:
        raise UsageError(f"{name!r} names no feature", allowed=f"{head}:NAME or {head}:FOLDER does")
    return f"{head}-{last}"[:64]


def _with_argument(name: str) -> FeatureSpec:
    head, _, value = name.partition(":")
    known = [each for each in EXTRACTORS.names() if EXTRACTORS.get(each).argument]
    if head not in known:
        raise unknown_name("extractor that takes one argument", head, known)
    extractor = EXTRACTORS.get(head)
    return resolve(stored_name(name), extractor, {extractor.argument: value})


def _clash(path: Traversable, known: Traversable) -> UsageError:
    return UsageError(
        f"the recipe {path} has the name of another, {known}", hint="give it another name"
    )


def _read(name: str, path: Traversable) -> FeatureSpec:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{path} cannot name a feature",
            allowed="64 letters, digits, '.', '_' and '-', a letter or digit first, can",
        )
    try:
        recipe = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML ({error})") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror or error})") from error
    for key in recipe:
        if key not in _KEYS:
            raise unknown_name(f"key in {path}", key, _KEYS)
    if "extractor" not in recipe:
        raise UsageError(
            f"{path} names no extractor", allowed=f"there are: {', '.join(EXTRACTORS.names())}"
        )
    extractor = EXTRACTORS.get(_value(recipe, "extractor", "", path))
    parameters = _value(recipe, "parameters", {}, path)
    summary, voice = _value(recipe, "summary", "", path), _value(recipe, "voice", {}, path)
    try:
        return resolve(name, extractor, parameters, summary, voice)
    except UsageError as error:  # one wrong recipe stops the list of all: which one is it?
        raise type(error)(f"{path}: {error.got}", allowed=error.allowed, hint=error.hint) from error


def _value(recipe: Mapping[str, Any], key: str, default: T, path: Traversable) -> T:
    value = recipe.get(key, default)
    if not isinstance(value, type(default)):
        kind = "a table" if isinstance(default, dict) else "a string"
        raise UsageError(f"{key} = {value!r} in {path} has the wrong type", allowed=f"{kind} is")
    return value

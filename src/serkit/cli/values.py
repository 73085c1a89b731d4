"""Plain option values are converted here, so that Typer need not import pydantic for them.

Typer validates every value with pydantic, even those that were not given, and pydantic takes as
long to import as Python and Typer together. Text, paths, numbers and choices need none of it.
Everything else, wrong values above all, still goes to Typer, which has the messages for it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin

from typer.core import TyperCommand, TyperGroup

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")


class NotPlainError(Exception):
    """A value that Typer has to convert or refuse."""


def plain(value: Any, kind: Any) -> Any:
    """Convert an option's value.

    Args:
        value: Text from the command line, several of them, or the default.
        kind: The option's type.

    Returns:
        What Typer would return.

    Raises:
        NotPlainError: The value is wrong, or the type is not known here.

    Example:
        >>> plain("3", int), plain(("a.wav",), list[str])
        (3, ['a.wav'])
    """
    if get_origin(kind) is list and isinstance(value, (list, tuple)):
        return [plain(each, get_args(kind)[0]) for each in value]
    if not isinstance(kind, type) or kind is bool:
        raise NotPlainError
    if isinstance(value, str) and not isinstance(value, kind):
        convert = _choice if issubclass(kind, Enum) else _FROM_TEXT.get(kind, _refuse)
        return convert(value, kind)
    if type(value) is not kind and not (kind is Path and isinstance(value, Path)):
        raise NotPlainError
    return value


def _choice(text: str, kind: type[Enum]) -> Enum:
    for choice in kind:
        if choice.value == text:
            return choice
    raise NotPlainError


def _number(text: str, kind: type) -> Any:
    if not _NUMBER.fullmatch(text) or (kind is int and "." in text):
        raise NotPlainError
    return kind(text)


def _path(text: str, kind: type) -> Any:
    if os.path.lexists(text) and not os.access(text, os.R_OK):  # Typer refuses it
        raise NotPlainError
    return kind(text)


def _refuse(_text: str, _kind: type) -> Any:
    raise NotPlainError


_FROM_TEXT: Mapping[type, Callable[[str, Any], Any]] = {int: _number, float: _number, Path: _path}


class _PlainFirst:
    """Converts one option's values, with Typer's own conversion as the fallback.

    Args:
        option: The option, as Typer built it.
    """

    def __init__(self, option: Any) -> None:
        self._by_typer: Callable[[], Any] = option.get_runtime_param
        self._kind = option.type_descriptor.annotation
        self._info = option.type_descriptor.parameter_info

    def __call__(self) -> _PlainFirst:
        """Return itself: it replaces the option's method that returns a converter."""
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value that the command gets."""
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        try:
            found = plain(value, self._kind)
            if not all(map(self._allows, found if isinstance(found, list) else [found])):
                raise NotPlainError
        except NotPlainError:
            return self._by_typer().coerce(value, param=param, ctx=ctx)
        return found

    def _allows(self, value: Any) -> bool:
        low, high = self._info.min, self._info.max
        return (low is None or low <= value) and (high is None or value <= high)


def _with_plain_values(options: list[Any]) -> list[Any]:
    """Let options convert plain values themselves; those of an older Typer stay as they are."""
    for option in options:
        method = getattr(option, "get_runtime_param", None)
        if method is not None and not isinstance(method, _PlainFirst):
            option.get_runtime_param = _PlainFirst(option)
    return options


class PlainCommand(TyperCommand):
    """A command whose plain options need no pydantic."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options and arguments, with ``--help``."""
        return _with_plain_values(super().get_params(ctx))


class PlainGroup(TyperGroup):
    """The same for a group's own options."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options, with ``--help``."""
        return _with_plain_values(super().get_params(ctx))

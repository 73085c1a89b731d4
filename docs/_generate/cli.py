"""The command line's reference, from what ``--help`` is made from.

The commands' signatures are read and not the text of ``--help``: that depends on the width of the
terminal and on Typer's version.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from typer.main import get_command
from typer.models import ArgumentInfo, OptionInfo

from serkit.cli import app

from . import markdown

_EXIT_CODES = (
    ("0", "done"),
    ("1", "failed"),
    ("2", "wrong usage: an unknown option, name or value"),
    ("3", "partial success: some clips failed, each is listed with its reason"),
    ("130", "interrupted; committed data are kept"),
)

_INTRODUCTION = """# Command line

The result goes to stdout: a table, or JSON with `--json`. Messages and progress go to stderr.
An error is one line: what went wrong, what is accepted and what to do next.
Options that are also [settings](../howto/settings.md) default to the setting.
"""

_ROOT = """## serkit

| option | meaning |
| --- | --- |
| `--version` | Print the version and exit. |
| `--install-completion` | Install shell completion. |
| `--show-completion` | Print what `--install-completion` would install. |
| `-h/--help` | Explain any command: `serkit train --help`. |"""

_KINDS = {"Path": "PATH", "int": "N", "float": "X", "str": "NAME"}


@dataclass(frozen=True)
class Given:
    """One argument or option of a command."""

    name: str
    kind: type[Any]
    about: ArgumentInfo | OptionInfo
    default: Any

    @property
    def is_option(self) -> bool:
        return isinstance(self.about, OptionInfo)

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty

    def shown(self) -> str:
        """Return it as it is typed."""
        if not self.is_option:
            name = (self.about.metavar or self.name).upper()
            return name if self.required else f"[{name}]"
        # Inside Annotated[...] Typer keeps the first name where the default would be.
        named = [each for each in (self.about.default, *(self.about.param_decls or ())) if each]
        flags = [each for each in named if isinstance(each, str)]
        flag = flags[0] if flags else "--" + self.name.replace("_", "-")
        return flag if self.kind is bool else f"{flag} {self._value()}"

    def meaning(self) -> str:
        """Return its help, its default and its limits."""
        text = " ".join((self.about.help or "").split())
        if self.kind is bool and "/" in self.shown():
            text += f" [default: {self.shown().split('/')[not self.default]}]"
        elif isinstance(self.default, (int, float, str)) and self.kind is not bool:
            text += f" [default: {self.default}]"
        low, high = self.about.min, self.about.max
        if low is not None:
            text += f" ({low:g} or more)" if high is None else f" ({low:g} to {high:g})"
        return f"{text} [required]" if self.is_option and self.required else text

    def _value(self) -> str:
        if self.about.metavar:
            return self.about.metavar
        if issubclass(self.kind, Enum):
            return "|".join(each.value for each in self.kind)
        return _KINDS[self.kind.__name__]


def page() -> str:
    parts = [_INTRODUCTION, markdown.table(("exit code", "means"), _EXIT_CODES), _ROOT]
    parts += [_section(name, function) for name, function in commands()]
    return "\n\n".join(parts)


def commands(group: Any = None, prefix: str = "serkit") -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield every command's full name and function."""
    for name, command in (group or get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", inspect.unwrap(command.callback)


def parameters(function: Callable[..., Any]) -> list[Given]:
    """Return a command's arguments and options."""
    hints = typing.get_type_hints(function, include_extras=True)
    found = []
    for name, parameter in inspect.signature(function).parameters.items():
        kind, about = typing.get_args(hints[name])[:2]
        found.append(Given(name, _single(kind), about, parameter.default))
    return found


def _section(name: str, function: Callable[..., Any]) -> str:
    given = parameters(function)
    arguments = [each for each in given if not each.is_option]
    options = [each for each in given if each.is_option]
    usage = " ".join([name, *(each.shown() for each in arguments), "[OPTIONS]"])
    parts = [
        f"## {name}",
        markdown.docstring(function),
        f"```\n{usage}\n```",
        markdown.table(("argument", "meaning"), map(_row, arguments)),
        markdown.table(("option", "meaning"), map(_row, options)),
    ]
    return "\n\n".join(part for part in parts if part)


def _row(given: Given) -> tuple[str, str]:
    return markdown.code(given.shown()), given.meaning()


def _single(kind: Any) -> type[Any]:
    """Return ``Path`` for ``Path | None`` and ``str`` for ``list[str] | None``."""
    if isinstance(kind, types.UnionType):
        kind = next(each for each in typing.get_args(kind) if each is not types.NoneType)
    if typing.get_origin(kind) is list:
        kind = typing.get_args(kind)[0]
    return typing.cast("type[Any]", kind)

"""Plain option values are converted as Typer converts them; all others are left to Typer."""

from __future__ import annotations

import inspect
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pytest
import typer

from serkit.cli.values import NotPlainError, PlainCommand, plain


class Colour(StrEnum):
    RED = "red"
    DARK_RED = "dark red"


KINDS = {
    "text": (str, ("a", "", "ü", "-1", " spaced ")),
    "whole": (int, ("0", "7", "-7", "007", "1_000", " 7 ", "7.0", "7.5", "٣", "x", "", "9" * 30)),
    "real": (float, ("0", "1.5", "-1.5", "1e3", ".5", "inf", "nan", "1,5", "x", "")),
    "path": (Path, (".", "a/b/../c", "", "no such file", "~")),
    "choice": (Colour, ("red", "dark red", "RED", "blue", "")),
    "texts": (list[str], ("a",)),
    "paths": (list[Path], ("a/b",)),
    "numbers": (list[int], ("3", "x", "2000")),
}


def outcome(command_class, kind, value, **limits):
    """Return what a command with one option gets for a value, or the refusal."""
    got = []

    def command(option: Annotated[kind | None, typer.Option(**limits)] = None) -> None:
        got.append(option)

    command.__annotations__ = {"option": Annotated[kind | None, typer.Option(**limits)]}
    app = typer.Typer(add_completion=False)
    app.command(cls=command_class)(command)
    try:
        app(["--option", value], standalone_mode=False)
    except Exception as error:
        return str(error)
    return got


VALUES = [(kind, value) for kind, values in KINDS.values() for value in values]


@pytest.mark.parametrize(("kind", "value"), VALUES)
def test_a_command_gets_what_typer_gives_or_refuses_as_typer_does(kind, value):
    expected = outcome(None, kind, value)
    assert repr(outcome(PlainCommand, kind, value)) == repr(expected)


@pytest.mark.parametrize("kind", [int, float, list[int]])
@pytest.mark.parametrize("value", ["0", "1", "5", "6", "-1"])
def test_limits_hold(kind, value):
    expected = outcome(None, kind, value, min=1, max=5)
    assert repr(outcome(PlainCommand, kind, value, min=1, max=5)) == repr(expected)


def test_a_file_that_may_not_be_read_is_refused_by_typer(tmp_path, monkeypatch):
    locked = tmp_path / "locked"
    locked.touch()
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(NotPlainError):
        plain(str(locked), Path)


def test_an_unknown_type_is_left_to_typer():
    with pytest.raises(NotPlainError):
        plain("1", complex)


def test_missing_values_have_typers_defaults():
    def command(
        text: Annotated[str | None, typer.Option()] = None,
        number: Annotated[int, typer.Option()] = 3,
        several: Annotated[list[str] | None, typer.Option()] = None,
        choice: Annotated[Colour, typer.Option()] = Colour.RED,
        path: Annotated[Path, typer.Option()] = Path("x"),
        flag: Annotated[bool, typer.Option("--flag")] = False,
    ) -> None:
        seen.append((text, number, several, choice, path, flag))

    command.__annotations__ = inspect.get_annotations(command, eval_str=True, locals=globals())
    seen: list[object] = []
    for command_class in (None, PlainCommand):
        app = typer.Typer(add_completion=False)
        app.command(cls=command_class)(command)
        app([], standalone_mode=False)
    assert seen == [(None, 3, None, Colour.RED, Path("x"), False)] * 2

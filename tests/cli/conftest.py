"""Fixtures for tests of the command line: a command run in this process, as ``main`` runs it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from serkit.cli import main


@dataclass(frozen=True)
class Answer:
    """What a command left behind.

    Attributes:
        code: Its exit code.
        out: What it wrote to stdout.
        err: What it wrote to stderr.
    """

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it wrote to stdout, which must be JSON, whole and strict."""

        def refuse(constant: str) -> None:
            raise AssertionError(f"{constant} is not JSON")

        return json.loads(self.out, parse_constant=refuse)

    @property
    def message(self) -> str:
        """The one line on stderr, without the program's name."""
        assert self.err.count("\n") == 1, self.err
        assert self.out == ""
        return self.err.removeprefix("serkit: ").removesuffix("\n")


@pytest.fixture
def cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> Callable[..., Answer]:
    """Return a function that runs ``serkit ARGUMENTS`` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SERKIT_")]:
        monkeypatch.delenv(name)

    def run(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["serkit", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as leaving:
            main()
        out, err = capsys.readouterr()
        return Answer(int(leaving.value.code or 0), out, err)

    return run

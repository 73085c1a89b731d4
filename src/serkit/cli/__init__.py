"""The command line: thin commands, each of which builds a request, calls one function, prints.

Only Typer and the standard library are imported here, so that ``serkit --help`` is instant.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from serkit.cli.collecting import collect_seldom
from serkit.cli.errors import INTERRUPTED, one_line
from serkit.cli.groups import Grouped
from serkit.cli.streams import plain_warnings, prepare_streams
from serkit.errors import UsageError

app = typer.Typer(
    name="serkit",
    cls=Grouped,
    help="From a folder of emotional speech to an honest leaderboard.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"serkit {version('serkit')}")
        raise typer.Exit


@app.callback()
def _root(
    _show_version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """From a folder of emotional speech to an honest leaderboard."""


def _refuse_empty(arguments: Sequence[str]) -> None:
    """Refuse an empty argument: as a path it would mean the current folder."""
    if "" in arguments:
        raise UsageError(
            f"argument {arguments.index('') + 1} is empty",
            hint="is a shell variable unset? '.' is the current folder",
        )


def main() -> None:
    """Run the command line; errors become one line and an exit code."""
    collect_seldom()
    prepare_streams()
    with one_line(), plain_warnings():
        _refuse_empty(sys.argv[1:])
        code = app(prog_name="serkit", standalone_mode=False)
        if code == INTERRUPTED:  # Typer has caught it silently
            raise KeyboardInterrupt
    sys.exit(code or 0)


__all__ = ["app", "main"]

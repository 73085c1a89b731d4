"""``serkit eda``: looking at a corpus before any model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serkit.cli import options
from serkit.cli.output import print_json, print_rich, progress, say

_OUT = Path("eda")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(eda)


def eda(
    store: options.Store = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for figures and the page index.html.  [default: eda; none with --json]",
        ),
    ] = None,
    form: Annotated[
        options.Form, typer.Option("--format", help="Of the figures.")
    ] = options.Form.PNG,
    clip: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Clip to show and play.  [default: one of middling length]",
        ),
    ] = None,
    workers: options.Workers = None,
    json: options.Json = False,
) -> None:
    """Explore a corpus.

    Lengths, amplitudes, loudness, pitch and more by emotion, speaker and every other column, as
    tables, figures and one page that holds them all.
    """
    from serkit import api

    folder = out or (None if json else _OUT)
    with progress("reading", "clips") as update:
        found = api.eda(
            store, clip=clip, out=folder, form=form.value, workers=workers, progress=update
        )
    if json:
        print_json(found.to_json())
    else:
        print_rich(found)
    if folder is not None:
        say(f"{len(found.figures)} figures and the page {folder / 'index.html'}")

"""``serkit predict``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from serkit.cli import options
from serkit.cli.errors import IN_PART
from serkit.cli.output import print_json, print_rich, progress, say, say_failures
from serkit.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(predict)


def predict(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run's name, its beginning, its path, or last.")
    ],
    audio: Annotated[
        list[Path],
        typer.Argument(
            metavar="AUDIO...", help="WAV and FLAC files of any rate, and folders of them."
        ),
    ],
    fold: Annotated[
        str | None,
        typer.Option(help="Ask this fold's model alone.  [default: the mean of all folds' models]"),
    ] = None,
    channel: options.Channel = 0,
    runs: options.Runs = None,
    workers: options.Workers = None,
    json: options.Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Write the result as CSV.")] = False,
) -> None:
    """Predict emotions in audio files.

    Features are computed as in training. A file that cannot be used fails alone.
    """
    from serkit import api

    if json and csv:
        raise UsageError("--json and --csv exclude each other", hint="give one of them")
    with progress("predicting", "steps") as update:
        said = api.predict(
            run,
            audio,
            fold=fold,
            channel=channel,
            runs=runs,
            workers=workers,
            progress=update,
        )
    for warning in said.warnings:
        say(warning)
    say_failures(said.failed)
    if json:
        print_json(said.to_json())
    elif csv:
        said.to_pandas().to_csv(sys.stdout, index=False)
    elif said.predicted:
        print_rich(said)
    if said.failed:
        raise typer.Exit(IN_PART if said.predicted else 1)

"""``serkit stress``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serkit.cli import options
from serkit.cli.output import print_json, print_rich, progress, say
from serkit.errors import UsageError


def stress(
    run: options.Run,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Only this condition or group: level, noise (white, pink, babble), band, codec, "
            "room, clipping, offset, silence, tempo, pitch. Repeatable.",
        ),
    ] = None,
    clips: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="At most N test clips, evenly over speakers and emotions; the result is not kept.",
        ),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write a figure to FILE (.png or .svg)."),
    ] = None,
    store: options.Store = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Store of perturbed clips.  [default: the feature store's name with -stress]",
        ),
    ] = None,
    runs: options.Runs = None,
    workers: options.Workers = None,
    wait: options.Wait = None,
    json: options.Json = False,
) -> None:
    """Test a run's models under noise, codecs, reverberation and more.

    Each test clip is perturbed and predicted by the model that was not trained on its speaker. The
    table is stored with the run; perturbed clips are cached.
    """
    from serkit import api

    if figure is not None and figure.suffix not in (".png", ".svg"):
        raise UsageError(f"--figure {figure} is not a picture", allowed=".png and .svg are allowed")
    with progress("stress:", "clips") as update:
        table = api.stress(
            run,
            only=only or (),
            clips=clips,
            store=store,
            cache=cache,
            runs=runs,
            workers=workers,
            wait=wait,
            progress=update,
        )
    if figure is not None:
        say(f"drawn: {api.stress_figure(table, figure)}")
    print_json(table.to_json()) if json else print_rich(table)

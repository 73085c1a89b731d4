"""``serkit tune``, ``serkit curve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serkit.cli import options
from serkit.cli.errors import INTERRUPTED, leave
from serkit.cli.interrupts import watched
from serkit.cli.output import print_json, print_rich, progress, say
from serkit.errors import TrainingInterrupted, UsageError


def tune(
    model: Annotated[
        str | None,
        typer.Argument(metavar="MODEL", help="See 'serkit models'.", show_default=False),
    ] = None,
    search: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY[=RANGE]",
            help="Search this parameter: C in its declared range, C=0.1:10, or "
            "'units=32,32|64,64'. Repeatable.  [default: all that declare a range]",
        ),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Settings to try in each fold.  [default: 30]")
    ] = None,
    inner: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Inner folds by speaker; 1 judges on a fold's validation speakers.  [default: 4]",
        ),
    ] = None,
    no_prune: Annotated[
        bool,
        typer.Option(
            "--no-prune", help="Fit settings to the end that are below the median so far."
        ),
    ] = False,
    store: options.Store = None,
    runs: options.Runs = None,
    protocol: options.Protocol = None,
    preset: options.Preset = None,
    set_: options.Set = None,
    seed: options.Seed = None,
    folds: Annotated[
        int | None, typer.Option(min=1, help="Search only the first N folds.  [default: all]")
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="Resume a search that was interrupted or killed: its run's name, the beginning "
            "of it, its path, or last. MODEL is not needed.",
        ),
    ] = None,
    final: Annotated[
        bool,
        typer.Option("--final", help="Then search on all speakers, and fit a model for use."),
    ] = False,
    definitions: options.Definitions = None,
    json: options.Json = False,
) -> None:
    """Search a model's parameters.

    Every fold searches on inner folds of its training speakers and tests the best setting on its
    test speakers, whom no setting was chosen on. Parameters that are set by --set are not searched.
    """
    from serkit import api

    try:
        with watched(model or str(resume)) as report:
            found = api.tune(
                model,
                search=search or (),
                trials=trials,
                inner=inner,
                store=store,
                runs=runs,
                protocol=protocol,
                preset=preset,
                values=options.parameters(set_),
                seed=seed,
                folds=folds,
                definitions=definitions,
                resume=resume,
                prune=not no_prune,
                final=final,
                progress=report,
            )
    except TrainingInterrupted as interrupted:  # Typer would take it for any Ctrl-C
        leave(str(interrupted), INTERRUPTED)
    for note in found.run.record["notes"]:
        say(note)
    print_json(found.to_json()) if json else print_rich(found)


def curve(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="See 'serkit models'.")],
    speakers: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...",
            help="Numbers of training speakers, without validation speakers.  [default: a "
            "quarter, half, three quarters and all of them]",
        ),
    ] = None,
    store: options.Store = None,
    protocol: options.Protocol = None,
    preset: options.Preset = None,
    set_: options.Set = None,
    seed: options.Seed = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also write curve.json and curve.png into DIR."),
    ] = None,
    definitions: options.Definitions = None,
    json: options.Json = False,
) -> None:
    """Measure UAR against the number of speakers.

    Trains a model on more and more speakers and estimates the gain from ten more.
    """
    from serkit import api

    with progress("training", "models") as update:
        found = api.curve(
            model,
            speakers=_whole_numbers("--speakers", speakers),
            store=store,
            protocol=protocol,
            preset=preset,
            values=options.parameters(set_),
            seed=seed,
            definitions=definitions,
            out=out,
            progress=update,
        )
    print_json(found.to_json()) if json else print_rich(found)


def _whole_numbers(option: str, text: str | None) -> list[int]:
    try:
        return [int(part) for part in (text or "").split(",") if part.strip()]
    except ValueError as error:
        raise UsageError(
            f"{option} {text!r} is not a list of whole numbers",
            allowed="numbers such as 4,8,16 are",
        ) from error

"""``serkit report`` and ``card``: share results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serkit.cli import options
from serkit.cli.output import say


def report(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN", help="Runs, named as for show.  [default: all]", show_default=False
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The page.")] = Path("report.html"),
    runs: options.Runs = None,
    published: Annotated[
        bool, typer.Option("--published", help="Add published results of the same protocols.")
    ] = False,
) -> None:
    """Write one page about runs.

    Leaderboard, confusion matrices, errors, curves, cost, the optimism gap and the data, in one
    file that needs no network.
    """
    from serkit import api

    path = api.report(names or (), runs=runs, published=published).save(out)
    say(f"written: {path}")


def card(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run's name, its beginning, its path, or last.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Output file, such as README.md.  [default: standard output]"
        ),
    ] = None,
    runs: options.Runs = None,
) -> None:
    """Write a run's model card.

    For the Hugging Face hub: metrics with intervals by group, data, protocol, limits.
    """
    from serkit import api

    made = api.card(run, runs=runs)
    if out is None:
        print(made.text, end="")
    else:
        say(f"written: {made.save(out)}")

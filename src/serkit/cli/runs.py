"""``serkit compare`` and ``show``."""

from __future__ import annotations

import sys
from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from serkit.cli import options
from serkit.cli.output import print_json, print_rich, say
from serkit.errors import UsageError


def compare(
    run_a: Annotated[
        str | None,
        typer.Argument(metavar="RUN_A", help="Compare this run ...", show_default=False),
    ] = None,
    run_b: Annotated[
        str | None,
        typer.Argument(metavar="RUN_B", help="... with this one.", show_default=False),
    ] = None,
    runs: options.Runs = None,
    protocol: Annotated[str | None, typer.Option(help="Show only this protocol.")] = None,
    published: Annotated[
        bool, typer.Option("--published", help="Add published results of the same protocols.")
    ] = False,
    all_seeds: Annotated[
        bool, typer.Option("--all-seeds", help="Show one row per run instead of one per model.")
    ] = False,
    store: options.Store = None,
    json: options.Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Write the result as CSV.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Write the result as Markdown tables.")
    ] = False,
) -> None:
    """Rank the runs, or compare two of them.

    Recomputes scores from the predictions and checks labels against the store. Only runs on the
    same clips and protocol are ranked together; seeds of one model share a row. Two runs are
    compared clip by clip (McNemar), by speaker and by emotion.
    """
    from serkit import api

    if run_a is not None:
        if run_b is None:
            raise UsageError("only one run is named", hint="name two, or none to rank all")
        if protocol or published or csv or markdown:
            raise UsageError("two runs can only be compared as a table or with --json")
        pair = api.compare_pair(run_a, run_b, runs=runs)
        print_json(pair.to_json()) if json else print_rich(pair)
        return
    if json + csv + markdown > 1:
        raise UsageError("--json, --csv and --markdown exclude each other", hint="give one of them")
    board = api.compare(
        runs, protocol=protocol, published=published, all_seeds=all_seeds, store=store
    )
    if json:
        print_json(board.to_json())
    elif csv:
        frame = board.to_pandas()
        for column in ("given", "feature_fingerprints"):
            frame[column] = frame[column].map(dumps)  # not as Python writes it
        frame.to_csv(sys.stdout, index=False)
    elif markdown:
        print(api.to_markdown(board))
    else:
        print_rich(board)
    if json or csv or markdown:
        for problem in board.problems:
            say(problem)


def show(
    run: options.Run,
    runs: options.Runs = None,
    learning: Annotated[
        bool, typer.Option("--learning", help="Show which emotion was learned in which epoch.")
    ] = False,
    errors: Annotated[
        bool,
        typer.Option(
            "--errors",
            help="Show its errors: recall by group, calibration, hardest clips, other seeds.",
        ),
    ] = False,
    store: options.Store = None,
    figures: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Also write figures to DIR: confusion matrix, recall by group, calibration, "
            "learning "
            "curves, and when each emotion was learned.",
        ),
    ] = None,
    form: Annotated[
        options.Form | None, typer.Option("--format", help="Format of the figures.  [default: png]")
    ] = None,
    json: options.Json = False,
) -> None:
    """Show a run.

    Scores, confusion matrix, folds, and the data and settings behind them.
    """
    from serkit import api

    if form is not None and figures is None:
        raise UsageError("--format needs --figures", hint="add --figures DIR")
    if learning and errors:
        raise UsageError("--learning and --errors exclude each other", hint="give one of them")
    found = api.show(run, runs=runs)
    if figures is not None:
        for path in api.figures(found, figures, form=(form or options.Form.PNG).value):
            say(f"drawn: {path}")
    if errors:
        analysis = api.analyse(found, runs=runs, store=store)
        print_json(analysis.to_json()) if json else print_rich(analysis)
    elif learning:
        epochs = api.learning(found)
        print_json(epochs.to_json()) if json else print_rich(epochs)
    else:
        print_json(found.to_json()) if json else print_rich(found)

"""``serkit extract`` and ``serkit features``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serkit.cli import options
from serkit.cli.errors import IN_PART
from serkit.cli.output import (
    print_json,
    print_rich,
    progress,
    say,
    say_failures,
    say_some,
)
from serkit.units import by_reason

if TYPE_CHECKING:
    from serkit.api import ExtractReport, Preview


def extract(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="Folder of WAV or FLAC files.")],
    features: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Features, separated by commas; embeddings:CHECKPOINT for a frozen encoder.  "
            "[default: raw,change_deviation,mel128,mel256,functionals]",
        ),
    ] = None,
    store: options.Store = None,
    workers: options.Workers = None,
    engine: options.Engine = "local",
    scheduler: options.Scheduler = None,
    corpus: options.Corpus = None,
    include: options.Include = None,
    metadata: options.Metadata = None,
    layout: options.Layout = None,
    column: options.Column = None,
    map_: options.Map = None,
    channel: options.Channel = 0,
    definitions: options.Definitions = None,
    wait: options.Wait = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove clips from the store that are not in SRC.")
    ] = False,
    rehash: Annotated[
        bool,
        typer.Option(
            "--rehash", help="Read every file again, even if size and times are unchanged."
        ),
    ] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Only estimate time, disk and memory.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only report what would be computed.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Fill a feature store from a folder of audio.

    Computes only what is missing or stale, clip by clip.

    Exit code 3 if some clips failed, 1 if all failed.
    """
    from serkit import api

    common: dict[str, Any] = {
        "features": features,
        "workers": workers,
        "corpus": corpus,
        "include": include or (),
        "labelling": options.labelling(metadata, layout, column, map_),
        "definitions": definitions,
    }
    if estimate:
        with progress("reading headers", "files") as update:
            guess = api.estimate(source, progress=update, **common)
        print_json(guess) if json else print_rich(guess)
        return
    if dry_run:
        with progress("comparing", "files") as update:
            planned = api.preview(source, store=store, channel=channel, progress=update, **common)
        _preview_messages(planned)
        print_json(planned) if json else print_rich(planned)
        return
    with progress("extracting", "clips") as update:
        report = api.extract(
            source,
            store=store,
            engine=engine,
            scheduler=scheduler,
            channel=channel,
            wait=wait,
            prune=prune,
            rehash=rehash,
            progress=update,
            say=say,
            **common,
        )
    _messages(report)
    print_json(report.to_json()) if json else print_rich(report)
    if report.failed:
        raise typer.Exit(IN_PART if report.computed + report.reused else 1)


def features(
    name: Annotated[str | None, typer.Argument(help="Show everything about this feature.")] = None,
    definitions: options.Definitions = None,
    json: options.Json = False,
) -> None:
    """List features, or show one.

    With a name: its parameters and columns.
    """
    from serkit import api

    if name is not None:
        feature = api.describe_feature(name, definitions=definitions)
        print_json(feature) if json else print_rich(feature)
        return
    known = api.list_features(definitions=definitions, say=say)
    print_json(known) if json else print_rich(known)


def _messages(report: ExtractReport) -> None:
    """Print warnings to stderr."""
    say_some(report.warnings, "warnings")
    say_some(map(str, report.notes), "notes on samples")
    say_some(by_reason(report.unparsed), "reasons to skip files")
    for reason, count in report.left_out.items():
        say(f"{count:,} {reason} files are excluded (--include {reason} includes them)")
    if report.altered:
        say(
            f"the samples of {len(report.altered):,} clips are not the published ones "
            f"({', '.join(report.altered[:3])} ...); see 'serkit check'"
        )
    if report.absent:
        say(_absent(len(report.absent), pruned=report.pruned))
    say_failures(report.failed)


def _absent(count: int, *, pruned: bool) -> str:
    """Report on clips that the folder no longer holds."""
    one = count == 1
    which = f"{count:,} {'clip' if one else 'clips'} that this folder does not hold"
    if pruned:
        return f"{which} {'was' if one else 'were'} removed from the store"
    how = f"--prune removes {'it' if one else 'them'}"
    return f"{which} {'stays' if one else 'stay'} in the store ({how})"


def _preview_messages(planned: Preview) -> None:
    for warning in planned.warnings:
        say(warning)
    if planned.failed:
        say(f"{planned.failed:,} clips would fail; 'serkit check' says which and why")

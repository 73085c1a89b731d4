"""``serkit store ls | why | verify | repair | gc | export``."""

from __future__ import annotations

from enum import StrEnum
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
)
from serkit.cli.values import PlainCommand, PlainGroup
from serkit.units import byte_size

if TYPE_CHECKING:
    from serkit.api import AudioComparison, VerifyReport


class Format(StrEnum):
    """Export formats."""

    PARQUET = "parquet"
    NPZ = "npz"
    HDF5 = "hdf5"


group = typer.Typer(
    cls=PlainGroup,
    help="Inspect, verify and repair the feature store.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
"""The commands below, as ``serkit store COMMAND``."""


@group.command(cls=PlainCommand)
def ls(
    store: options.Store = None,
    definitions: options.Definitions = None,
    json: options.Json = False,
) -> None:
    """List the features in the store: how many clips are current, and their size."""
    from serkit import api

    listing = api.ls(store, definitions=definitions)
    print_json(listing.to_json()) if json else print_rich(listing)


@group.command(cls=PlainCommand)
def why(
    feature: Annotated[str, typer.Argument(help="The feature.")],
    store: options.Store = None,
    definitions: options.Definitions = None,
    json: options.Json = False,
) -> None:
    """Report how many clips are current, missing, stale or failed, and why."""
    from serkit import api

    status = api.why(feature, store=store, definitions=definitions)
    print_json(status.to_json()) if json else print_rich(status)


@group.command(cls=PlainCommand)
def verify(
    store: options.Store = None,
    audio: Annotated[
        Path | None,
        typer.Option(metavar="SRC", help="Also compare the store with the audio files in SRC."),
    ] = None,
    corpus: options.Corpus = None,
    include: options.Include = None,
    workers: options.Workers = None,
    json: options.Json = False,
) -> None:
    """Verify every byte of the store; exit code 1 on damage.

    With --audio also 1 if the audio files have changed since extraction.
    """
    from serkit import api

    path = api.store_path(store)
    with progress("verifying", "files") as update:
        report = api.verify(path, progress=update)
    compared = None
    if audio is not None:
        with progress("reading audio", "files") as update:
            compared = api.compare_audio(
                audio,
                store=path,
                workers=workers,
                corpus=corpus,
                include=include or (),
                progress=update,
            )
    if json:
        print_json(_verified_json(path, report, compared))
    else:
        print_rich(report)
        if report.damaged:
            say("'serkit store repair' recomputes the damaged clips")
        if compared is not None:
            print_rich(compared)
            say_failures(compared.unreadable)
        if compared is not None and compared.changed:
            say(f"'serkit extract {audio} --rehash' recomputes them")
    if report.damaged or (compared is not None and not compared.same):
        raise typer.Exit(1)


def _verified_json(
    path: Path, report: VerifyReport, compared: AudioComparison | None
) -> dict[str, Any]:
    facts = {
        "store": path,
        "ok": not report.damaged and (compared is None or compared.same),
        "files": report.files,
        "bytes": report.bytes,
        "damaged": report.damaged,
    }
    return facts if compared is None else facts | {"audio": compared}


@group.command(cls=PlainCommand)
def repair(
    store: options.Store = None,
    workers: options.Workers = None,
    wait: options.Wait = None,
    json: options.Json = False,
) -> None:
    """Recompute damaged clips; exit code 3 if some cannot be recomputed."""
    from serkit import api

    with progress("repairing", "clips") as update:
        report = api.repair(store, workers=workers, wait=wait, progress=update)
    for note in report.notes:
        say(note)
    say_failures(report.failed)
    if json:
        print_json(report)
    else:
        print_rich(report)
    if report.failed:
        raise typer.Exit(IN_PART)


@group.command(cls=PlainCommand)
def gc(
    drop: Annotated[
        list[str] | None, typer.Option(help="Remove this feature completely. Repeatable.")
    ] = None,
    store: options.Store = None,
    wait: options.Wait = None,
    json: options.Json = False,
) -> None:
    """Free the disk space of stale values, unused parts and files left by killed processes."""
    from serkit import api

    with progress("rewriting", "clips") as update:
        report = api.gc(store, drop=drop or (), wait=wait, progress=update)
    print_json(report) if json else print_rich(report)


@group.command(cls=PlainCommand)
def export(
    feature: Annotated[str, typer.Argument(help="The feature.")],
    to: Annotated[Format, typer.Option(help="File format.")],
    out: Annotated[
        Path | None, typer.Option(help="The file.  [default: FEATURE.parquet and so on]")
    ] = None,
    padded: Annotated[
        bool, typer.Option("--padded/--unpadded", help="Parquet only: pad arrays in front.")
    ] = True,
    store: options.Store = None,
    json: options.Json = False,
) -> None:
    """Write a feature of all clips to one file for other programs."""
    from serkit import api

    with progress(f"exporting {feature}", "clips") as update:
        path = api.export(
            feature, to=to.value, path=out, padded=padded, store=store, progress=update
        )
    facts = {"feature": feature, "path": path, "bytes": path.stat().st_size}
    print_json(facts) if json else print_rich(f"{path} ({byte_size(path.stat().st_size)})")

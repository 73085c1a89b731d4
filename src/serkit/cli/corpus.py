"""``serkit synth``, ``download``, ``check``: get a corpus and audit it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serkit.cli import options
from serkit.cli.errors import IN_PART
from serkit.cli.output import print_json, print_rich, progress, say


def synth(
    dest: Annotated[Path, typer.Argument(help="Folder to write to.")],
    actors: Annotated[int, typer.Option(help="How many actors, 1 to 24.")] = 24,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 0,
    workers: options.Workers = None,
    json: options.Json = False,
) -> None:
    """Write a synthetic corpus.

    Writes WAV files named like RAVDESS, without human voices; the same seed gives the same files.
    """
    from serkit import api

    with progress("speaking", "clips") as update:
        report = api.synth(dest, actors=actors, seed=seed, workers=workers, progress=update)
    print_json(report) if json else print_rich(report)


def download(
    corpus: Annotated[str, typer.Argument(help="The corpus, such as ravdess.")],
    dest: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder to unpack into.  [default: data/CORPUS]"),
    ] = None,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="Base address of a mirror.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Download a corpus and unpack it.

    The archive is checked before it is used; an interrupted download resumes.
    """
    from serkit import api

    known = api.describe_corpus(corpus)
    say(f"{known.title}; licence {known.licence}; cite: {known.citation}")
    with progress("downloading", "bytes") as update:
        report = api.download(corpus, dest=dest, url=url, progress=update)
    print_json(report) if json else print_rich(report)


def check(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="Folder of the corpus.")],
    corpus: options.Corpus = None,
    include: options.Include = None,
    metadata: options.Metadata = None,
    layout: options.Layout = None,
    column: options.Column = None,
    map_: options.Map = None,
    workers: options.Workers = None,
    json: options.Json = False,
) -> None:
    """Audit a corpus.

    Counts clips, and lists missing, extra, duplicate, unreadable and altered files.

    Exit code 3 if a file is unreadable or differs from the published one.
    """
    from serkit import api

    with progress("checking", "files") as update:
        report = api.check(
            source,
            corpus=corpus,
            include=include or (),
            labelling=options.labelling(metadata, layout, column, map_),
            workers=workers,
            progress=update,
        )
    print_json(report.to_json()) if json else print_rich(report)
    if not report.clean:
        raise typer.Exit(IN_PART)

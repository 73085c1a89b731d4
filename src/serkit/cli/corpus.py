"""``serkit synth``, ``download``, ``check``: getting a corpus and looking at it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serkit.cli import options
from serkit.cli.errors import IN_PART
from serkit.cli.output import print_json, print_rich, progress, say

if TYPE_CHECKING:
    from serkit.ingest.audit import AuditReport


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(synth)
    app.command()(download)
    app.command()(check)


def synth(
    dest: Annotated[Path, typer.Argument(help="Folder to write to.")],
    actors: Annotated[int, typer.Option(help="How many actors, 1 to 24.")] = 24,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 0,
    workers: options.Workers = None,
    json: options.Json = False,
) -> None:
    """Write a synthetic corpus.

    Real WAV files in the shape of RAVDESS, spoken by nobody; the same seed, the same files.
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
    workers: options.Workers = None,
    json: options.Json = False,
) -> None:
    """Audit a corpus.

    Counts clips, and lists what is missing, extra, double, unreadable or altered.

    Leaves with 3 where a file is unreadable or does not hold the published samples.
    """
    from serkit import api

    with progress("checking", "files") as update:
        report = api.check(
            source, corpus=corpus, include=include or (), workers=workers, progress=update
        )
    if json:
        print_json(report.to_json())
    else:
        print_rich(*_render(report))
    if not report.clean:
        raise typer.Exit(IN_PART)


def _render(report: AuditReport) -> list[Any]:
    from rich.text import Text

    from serkit.ingest.corpus import CORPORA
    from serkit.printable import printable
    from serkit.tables import table

    counts = table(
        f"{report.corpus} in {report.root}: {report.clips:,} clips in {report.files:,} files",
        {"": "left", "value": "left", "clips": "right"},
    )
    for name, values in report.counts.items():
        for index, (value, count) in enumerate(values.items()):
            counts.add_row(name.replace("_", " ") if index == 0 else "", str(value), f"{count:,}")
    verdict = "not clean"
    if report.clean:
        published = CORPORA.get(report.corpus).published()
        known = "as published" if published else "readable (nobody has published its samples)"
        verdict = f"clean: everything is {known}"
        if report.notes:
            files = len({note.path for note in report.notes})
            verdict = f"every file is {known}, {files:,} with a warning"
    style = "green" if report.clean and not report.notes else "yellow"
    return [
        counts,
        *(Text(printable(line)) for line in _findings(report)),
        Text(verdict, style=style),
    ]


def _findings(report: AuditReport) -> list[str]:
    """Say what was found, a line each; long lists are cut and counted."""
    speakers, clips = report.missing_speakers()
    lines = []
    if report.frames:
        frames = report.frames
        lines.append(f"samples a clip: {frames.min:,} to {frames.max:,}, mean {frames.mean:,.3f}")
    lines += _list("speakers of whom nothing is there", speakers)
    lines += _list("missing", clips)
    lines += _list("extra", report.extra)
    # What makes the corpus unclean must not hide behind harmless copies.
    duplicates = sorted(report.duplicates, key=lambda duplicate: duplicate.same_samples)
    lines += _cut(
        f"{' and '.join(each.paths)}: one clip, "
        + ("the same samples" if each.same_samples else "DIFFERENT samples")
        for each in duplicates
    )
    lines += _cut(
        f"{' and '.join(ids)}: different clips, identical samples" for ids in report.identical
    )
    lines += _list("samples are not the published ones", report.altered)
    lines += _cut(f"{file.path}: {file.error}: {file.message}" for file in report.unreadable)
    lines += _cut(f"warning: {note}" for note in report.notes)
    lines += _cut(f"{path} is passed over: {reason}" for path, reason in report.unparsed)
    lines += [f"left out: {count:,} {reason}" for reason, count in report.left_out.items()]
    return lines


def _list(what: str, names: Iterable[str]) -> list[str]:
    """Say names on one line."""
    listed = list(names)
    return [f"{what} ({len(listed):,}): {', '.join(_cut(listed))}"] if listed else []


def _cut(items: Iterable[str], most: int = 10) -> list[str]:
    """Cut a long list and say how long it was."""
    listed = list(items)
    if len(listed) <= most:
        return listed
    return [
        *listed[:most],
        f"and {len(listed) - most:,} more of {len(listed):,} (--json lists all)",
    ]

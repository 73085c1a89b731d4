"""``serkit store ls | why | verify | repair | gc | export``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serkit.cli import options
from serkit.cli.errors import IN_PART
from serkit.cli.output import (
    MOST_LISTED,
    print_json,
    print_rich,
    progress,
    say,
    say_failures,
    size,
)

if TYPE_CHECKING:
    from serkit.extraction.compare_audio import AudioComparison
    from serkit.store.listing import StoreListing
    from serkit.store.status import FeatureStatus
    from serkit.store.verify import VerifyReport


class Format(StrEnum):
    """What a feature can be exported to."""

    PARQUET = "parquet"
    NPZ = "npz"
    HDF5 = "hdf5"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="Look into the feature store, check it, mend it.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    for command in (ls, why, verify, repair, gc, export):
        group.command()(command)
    app.add_typer(group, name="store")


def ls(
    store: options.Store = None,
    definitions: options.Definitions = None,
    json: options.Json = False,
) -> None:
    """List the features in the store: how many clips are current, and their size."""
    from serkit import api

    listing = api.ls(store, definitions=definitions)
    print_json(listing) if json else print_rich(_render_ls(listing))


def why(
    feature: Annotated[str, typer.Argument(help="The feature.")],
    store: options.Store = None,
    definitions: options.Definitions = None,
    json: options.Json = False,
) -> None:
    """Say how many clips are current, missing, stale or failed, and exactly why."""
    from serkit import api

    status = api.why(feature, store=store, definitions=definitions)
    if json:
        reasons = [
            {"condition": condition, "reason": reason, "clips": count}
            for condition, reason, count in status.reasons
        ]
        print_json(
            {
                "feature": status.feature,
                **status.counts,
                "reasons": reasons,
                "clips": status.clips,
            }
        )
    else:
        print_rich(_render_why(status))


def verify(
    store: options.Store = None,
    audio: Annotated[
        Path | None,
        typer.Option(metavar="SRC", help="Also read the audio there and compare its samples."),
    ] = None,
    corpus: options.Corpus = None,
    include: options.Include = None,
    workers: options.Workers = None,
    json: options.Json = False,
) -> None:
    """Read every byte back and compare it with what was written; leaves with 1 on damage.

    With --audio also with 1 where samples are not those that the values were computed from.
    """
    from serkit import api
    from serkit.settings import resolve

    path = Path(resolve({"store": store}).store)
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
        print_rich(*_render_verified(report))
        if report.damaged:
            say("'serkit store repair' recomputes the clips that were hit")
        if compared is not None:
            print_rich(*_render_compared(compared))
            say_failures(compared.unreadable)
        if compared is not None and compared.changed:
            say(f"'serkit extract {audio} --rehash' computes them again")
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


def _render_verified(report: VerifyReport) -> Iterator[str]:
    for damage in report.damaged:
        yield f"{damage.file}: {damage.what}" + (
            f": {_few(damage.clip_ids)}" if damage.clip_ids else ""
        )
    verdict = f"{len(report.damaged)} damaged" if report.damaged else "all as written"
    yield f"{report.files:,} files, {size(report.bytes)}: {verdict}"


def _render_compared(compared: AudioComparison) -> Iterator[str]:
    count = len(compared.changed)
    verdict = (
        f"{count:,} with other samples: {_few(compared.changed)}" if count else "all as stored"
    )
    yield f"{compared.clips:,} clips compared with their audio: {verdict}"
    if compared.absent:
        yield f"{len(compared.absent):,} clips of the store are not there: {_few(compared.absent)}"


def _few(clip_ids: Sequence[str]) -> str:
    """Name up to five clips."""
    return ", ".join(clip_ids[:5]) + (" ..." if len(clip_ids) > 5 else "")


def repair(
    store: options.Store = None,
    workers: options.Workers = None,
    wait: options.Wait = None,
    json: options.Json = False,
) -> None:
    """Recompute the clips whose values are damaged; leaves with 3 where some cannot be."""
    from serkit import api

    with progress("repairing", "clips") as update:
        report = api.repair(store, workers=workers, wait=wait, progress=update)
    for note in report.notes:
        say(note)
    say_failures(report.failed)
    if json:
        print_json(report)
    elif not report.damaged and not report.notes:
        print_rich("nothing is damaged")
    else:
        done = ", ".join(f"{name} {count:,}" for name, count in report.recomputed.items())
        print_rich(f"clips recomputed: {done or 'none'} ({report.seconds:.1f} s)")
    if report.failed:
        raise typer.Exit(IN_PART)


def gc(
    drop: Annotated[
        list[str] | None, typer.Option(help="Take this feature out altogether. Repeatable.")
    ] = None,
    store: options.Store = None,
    wait: options.Wait = None,
    json: options.Json = False,
) -> None:
    """Give back the space of stale values, of dead parts, and of what killed runs left."""
    from serkit import api

    with progress("rewriting", "clips") as update:
        report = api.gc(store, drop=drop or (), wait=wait, progress=update)
    if json:
        print_json(report)
        return
    stale = ", ".join(f"{name} {count:,} stale clips" for name, count in report.stale.items())
    freed = size(report.bytes_before - report.bytes_after)
    print_rich(f"{freed} freed, {size(report.bytes_after)} left" + (f" ({stale})" if stale else ""))


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
    print_json(facts) if json else print_rich(f"{path} ({size(path.stat().st_size)})")


def _render_ls(listing: StoreListing) -> Any:
    from serkit.tables import table

    made = table(
        f"{listing.store}: {listing.clips:,} clips of {', '.join(listing.corpora)}",
        {
            "feature": "left",
            "current": "right",
            "missing": "right",
            "stale": "right",
            "failed": "right",
            "size": "right",
            "fingerprint": "left",
            "what": "left",
        },
    )
    for each in listing.features:
        counts = (each.current, each.missing, each.stale, each.failed)
        made.add_row(
            each.feature,
            *(f"{count:,}" for count in counts),
            size(each.bytes),
            each.fingerprint[:8],
            each.summary,
        )
    return made


def _render_why(status: FeatureStatus) -> Any:
    from serkit.tables import table

    title = f"{status.feature}: " + ", ".join(f"{n:,} {name}" for name, n in status.counts.items())
    if not status.reasons:
        return title
    made = table(
        title,
        {"condition": "left", "clips": "right", "reason": "left"},
    )
    for condition, reason, count in status.reasons[:MOST_LISTED]:
        made.add_row(condition, f"{count:,}", reason)
    return made

"""``serkit store ls | why | verify | repair | gc | export``."""

from __future__ import annotations

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
    from serkit.store.listing import StoreListing
    from serkit.store.status import FeatureStatus


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


def verify(store: options.Store = None, json: options.Json = False) -> None:
    """Read every byte back and compare it with what was written; leaves with 1 on damage."""
    from serkit import api
    from serkit.settings import resolve

    path = Path(resolve({"store": store}).store)
    with progress("verifying", "files") as update:
        report = api.verify(path, progress=update)
    if json:
        print_json(
            {
                "store": path,
                "ok": not report.damaged,
                "files": report.files,
                "bytes": report.bytes,
                "damaged": report.damaged,
            }
        )
    else:
        for damage in report.damaged:
            clips = ", ".join(damage.clip_ids[:5]) + (" ..." if len(damage.clip_ids) > 5 else "")
            print_rich(f"{damage.file}: {damage.what}" + (f": {clips}" if clips else ""))
        verdict = f"{len(report.damaged)} damaged" if report.damaged else "all as written"
        print_rich(f"{report.files:,} files, {size(report.bytes)}: {verdict}")
    if report.damaged:
        if not json:
            say("'serkit store repair' recomputes the clips that were hit")
        raise typer.Exit(1)


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

"""``serkit extract`` and ``serkit features``."""

from __future__ import annotations

from collections.abc import Sequence
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
    say_some,
    size,
)

if TYPE_CHECKING:
    from serkit.api.catalogue import FeatureDetails, FeatureInfo
    from serkit.extraction.estimate import Estimate, Preview
    from serkit.extraction.extract import ExtractReport


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(extract)
    app.command()(features)


def extract(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="Folder of WAV or FLAC files.")],
    features: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Features, separated by commas; embeddings:CHECKPOINT is a frozen encoder's.  "
            "[default: raw,change_deviation,mel128,mel256,functionals]",
        ),
    ] = None,
    store: options.Store = None,
    workers: options.Workers = None,
    corpus: options.Corpus = None,
    include: options.Include = None,
    channel: options.Channel = 0,
    definitions: options.Definitions = None,
    wait: options.Wait = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Take clips out of the store that SRC does not hold.")
    ] = False,
    rehash: Annotated[
        bool,
        typer.Option("--rehash", help="Read every file again, even if its size and times are old."),
    ] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Only estimate time, disk and memory.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be computed.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Fill a feature store from a folder of audio.

    Only what is missing or stale is computed, clip by clip.

    Leaves with 3 where some clips failed, with 1 where all did.
    """
    from serkit import api

    common: dict[str, Any] = {
        "features": features,
        "workers": workers,
        "corpus": corpus,
        "include": include or (),
        "definitions": definitions,
    }
    if estimate:
        with progress("reading headers", "files") as update:
            guess = api.estimate(source, progress=update, **common)
        print_json(guess) if json else print_rich(*_render_estimate(guess))
        return
    if dry_run:
        with progress("comparing", "files") as update:
            planned = api.preview(source, store=store, channel=channel, progress=update, **common)
        _preview_messages(planned)
        print_json(planned) if json else print_rich(_render_preview(planned))
        return
    with progress("extracting", "clips") as update:
        report = api.extract(
            source,
            store=store,
            channel=channel,
            wait=wait,
            prune=prune,
            rehash=rehash,
            progress=update,
            say=say,
            **common,
        )
    _messages(report)
    print_json(_report_json(report)) if json else print_rich(_render(report))
    if report.failed:
        raise typer.Exit(IN_PART if report.computed + report.reused else 1)


def features(
    name: Annotated[str | None, typer.Argument(help="Show this feature whole.")] = None,
    definitions: options.Definitions = None,
    json: options.Json = False,
) -> None:
    """List features, or show one.

    With a name: its parameters, and its columns where it has some.
    """
    from serkit.api import catalogue

    if name is not None:
        feature = catalogue.describe_feature(name, definitions=definitions)
        print_json(feature) if json else print_rich(*_render_feature(feature))
        return
    known = catalogue.list_features(definitions=definitions, say=say)
    print_json(known) if json else print_rich(_render_features(known))


def _messages(report: ExtractReport) -> None:
    """Say on stderr what is not quite right."""
    say_some(report.warnings, "warnings")
    say_some(map(str, report.notes), "notes on samples")
    for path, reason in report.unparsed[:MOST_LISTED]:
        say(f"{path} is passed over: {reason}")
    if len(report.unparsed) > MOST_LISTED:
        say(f"{len(report.unparsed) - MOST_LISTED:,} further files are passed over for their names")
    for reason, count in report.left_out.items():
        say(f"{count:,} {reason} files are left out (--include {reason} takes them in)")
    if report.altered:
        say(
            f"the samples of {len(report.altered):,} clips are not the published ones "
            f"({', '.join(report.altered[:3])} ...); see 'serkit check'"
        )
    if report.absent:
        say(_absent(len(report.absent), pruned=report.pruned))
    say_failures(report.failed)


def _absent(count: int, *, pruned: bool) -> str:
    """Say what became of clips that the folder does not hold."""
    one = count == 1
    which = f"{count:,} {'clip' if one else 'clips'} that this folder does not hold"
    if pruned:
        return f"{which} {'was' if one else 'were'} taken out of the store"
    how = f"--prune takes {'it' if one else 'them'} out"
    return f"{which} {'stays' if one else 'stay'} in the store ({how})"


def _preview_messages(planned: Preview) -> None:
    for warning in planned.warnings:
        say(warning)
    if planned.failed:
        say(f"{planned.failed:,} clips would fail; 'serkit check' says which and why")


def _report_json(report: ExtractReport) -> dict[str, Any]:
    return {
        "clips": report.clips,
        "computed": report.computed,
        "reused": report.reused,
        "failed": report.failed,
        "seconds": report.seconds,
        "store": report.store,
        "features": report.features,
        "computed_by_feature": report.computed_by_feature,
        "duplicates": report.duplicates,
        "absent": report.absent,
        "pruned": report.pruned,
        "altered": report.altered,
        "left_out": report.left_out,
        "unparsed": [{"path": path, "message": reason} for path, reason in report.unparsed],
        "warnings": report.warnings,
        "notes": report.notes,
    }


def _render(report: ExtractReport) -> Any:
    from serkit.tables import table

    made = table(
        f"{report.clips:,} clips in {report.store} ({report.seconds:.1f} s): "
        f"{report.computed:,} computed, {report.reused:,} reused, {len(report.failed):,} failed",
        {"feature": "left", "computed": "right"},
    )
    for name in report.features:
        made.add_row(name, f"{report.computed_by_feature.get(name, 0):,}")
    return made


def _render_estimate(guess: Estimate) -> list[Any]:
    from serkit.tables import table

    made = table(
        f"{guess.clips:,} clips, {guess.audio_seconds / 60:,.1f} min of audio: about "
        f"{guess.seconds:,.0f} s with {guess.workers} workers, {size(guess.disk_bytes)} on disk, "
        f"{size(guess.memory_bytes)} of memory",
        {"feature": "left", "core seconds": "right", "disk": "right"},
    )
    for name, share in guess.by_feature.items():
        made.add_row(name, f"{share['seconds']:,.1f}", size(share["disk_bytes"]))
    if not guess.unreadable:
        return [made]
    return [made, f"not counted: {guess.unreadable:,} files whose headers cannot be read"]


def _render_preview(planned: Preview) -> Any:
    from serkit.tables import table

    made = table(
        f"{planned.clips:,} clips: {planned.reused:,} are current, {planned.decode:,} would be "
        f"read, {planned.failed:,} cannot be told apart",
        {"feature": "left", "to compute": "right"},
    )
    for name, count in planned.compute.items():
        made.add_row(name, f"{count:,}")
    return made


def _render_features(known: Sequence[FeatureInfo]) -> Any:
    from serkit.tables import table

    made = table(
        "features", {"feature": "left", "default": "left", "fingerprint": "left", "what": "left"}
    )
    for each in known:
        terms = f" [{each.licence.split(':')[0]} licence]" if each.licence else ""
        made.add_row(
            each.name,
            "yes" if each.default else "",
            each.fingerprint[:8],
            each.summary + terms,
        )
    return made


def _render_feature(feature: FeatureDetails) -> list[Any]:
    from serkit.features.voices import voice_meaning
    from serkit.tables import table

    made = table(
        f"{feature.name}: {feature.summary}",
        {"parameter": "left", "value": "left", "meaning": "left"},
    )
    for name, value in {**feature.parameters, **feature.options}.items():
        made.add_row(name, str(value), feature.meanings[name])
    for name, value in feature.voice.items():
        made.add_row(f"voice: {name}", str(value), voice_meaning(name))
    computed = f"extractor {feature.extractor} {feature.version}, {feature.fingerprint}"
    parts: list[Any] = [made, computed, *filter(None, (feature.licence, feature.missing))]
    if feature.columns:
        listed = table(f"{len(feature.columns):,} columns", {"column": "left", "meaning": "left"})
        for column in feature.columns:
            listed.add_row(column.name, column.description)
        parts.append(listed)
    return parts

"""``serkit extract`` and ``serkit features``."""

from __future__ import annotations

from collections.abc import Iterator
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
    say_working,
    size,
)
from serkit.errors import MissingDependencyError, NotFoundError

if TYPE_CHECKING:
    from serkit.extraction.estimate import Estimate, Preview
    from serkit.extraction.extract import ExtractReport
    from serkit.features import Column, FeatureSpec, Recipes


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
    definitions: options.Definitions = None,
    wait: options.Wait = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Take clips out of the store that SRC does not hold.")
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
        say_working("reading headers ...")
        guess = api.estimate(source, **common)
        print_json(guess) if json else print_rich(*_render_estimate(guess))
        return
    if dry_run:
        say_working("comparing the folder with the store ...")
        planned = api.preview(source, store=store, **common)
        _preview_messages(planned)
        print_json(planned) if json else print_rich(_render_preview(planned))
        return
    with progress("extracting", "clips") as update:
        report = api.extract(
            source, store=store, wait=wait, prune=prune, progress=update, say=say, **common
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
    from serkit import api
    from serkit.settings import resolve

    recipes = api.recipes(resolve({"definitions": definitions}))
    if name is not None:
        spec = recipes.get(name)
        print_json(_feature_json(spec)) if json else print_rich(*_render_feature(spec))
        return
    specs = list(_known(recipes))
    print_json([_feature_json(spec, whole=False) for spec in specs]) if json else print_rich(
        _render_features(specs)
    )


def _known(recipes: Recipes) -> Iterator[FeatureSpec]:
    """Yield every recipe, but for those that name what is not on this machine."""
    for name in recipes.names():
        try:
            yield recipes.get(name)
        except (NotFoundError, MissingDependencyError) as error:
            say(f"the recipe {name} is left out: {error}")


def _messages(report: ExtractReport) -> None:
    """Say on stderr what is not quite right."""
    for warning in report.warnings:
        say(warning)
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
        say(
            f"{len(report.absent):,} clips in the store are not in this folder; they are kept "
            "(--prune takes them out)"
        )
    say_failures(report.failed)


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
        "altered": report.altered,
        "left_out": report.left_out,
        "unparsed": [{"path": path, "message": reason} for path, reason in report.unparsed],
        "warnings": report.warnings,
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


def _feature_json(spec: FeatureSpec, *, whole: bool = True) -> dict[str, Any]:
    from serkit.features import EXTRACTORS

    extractor = EXTRACTORS.get(spec.extractor)
    data = {**spec.to_json(), "fingerprint": spec.fingerprint, "licence": extractor.licence}
    if whole:
        data["columns"], data["missing"] = _columns(spec)
    return data


def _columns(spec: FeatureSpec) -> tuple[tuple[Column, ...], str]:
    """Return a feature's columns, or none and what is missing to tell them."""
    from serkit.features import EXTRACTORS

    try:
        return EXTRACTORS.get(spec.extractor).describe(spec.settings), ""
    except MissingDependencyError as error:
        return (), str(error)


def _render_features(specs: list[FeatureSpec]) -> Any:
    from serkit.features import DEFAULT_FEATURES, EXTRACTORS
    from serkit.tables import table

    made = table(
        "features", {"feature": "left", "default": "left", "fingerprint": "left", "what": "left"}
    )
    for spec in specs:
        licence = EXTRACTORS.get(spec.extractor).licence
        made.add_row(
            spec.name,
            "yes" if spec.name in DEFAULT_FEATURES else "",
            spec.fingerprint[:8],
            spec.summary + (f" [{licence.split(':')[0]} licence]" if licence else ""),
        )
    return made


def _render_feature(spec: FeatureSpec) -> list[Any]:
    from serkit.features import EXTRACTORS
    from serkit.tables import table

    extractor = EXTRACTORS.get(spec.extractor)
    made = table(
        f"{spec.name}: {spec.summary}", {"parameter": "left", "value": "left", "meaning": "left"}
    )
    for name, value in spec.settings.items():
        made.add_row(name, str(value), extractor.parameters[name].help)
    parts: list[Any] = [made, f"extractor {spec.extractor} {spec.version}, {spec.fingerprint}"]
    if extractor.licence:
        parts.append(extractor.licence)
    columns, missing = _columns(spec)
    if missing:
        parts.append(missing)
    if columns:
        listed = table(f"{len(columns):,} columns", {"column": "left", "meaning": "left"})
        for column in columns:
            listed.add_row(column.name, column.description)
        parts.append(listed)
    return parts

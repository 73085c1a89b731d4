"""``serkit predict``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serkit.cli import options
from serkit.cli.errors import IN_PART
from serkit.cli.live import live
from serkit.cli.output import print_json, print_rich, progress, say, say_failures
from serkit.errors import UsageError

if TYPE_CHECKING:
    from serkit.api import Predictions, Timelines

STDIN = "-"
"""Means standard input."""


class Format(StrEnum):
    """Output formats."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    AUDACITY = "audacity"
    TEXTGRID = "textgrid"


_OVER_TIME = (Format.AUDACITY, Format.TEXTGRID)


def predict(
    run: options.Run,
    audio: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="AUDIO...",
            help="Audio files of any rate (WAV, FLAC, OGG, Opus, MP3, AIFF), folders of them, and "
            "- for a file on standard input.",
            show_default=False,
        ),
    ] = None,
    microphone: Annotated[
        bool,
        typer.Option("--microphone", help="Predict live what the microphone hears, until Ctrl-C."),
    ] = False,
    fold: Annotated[
        str | None,
        typer.Option(
            help="Use this fold's model; final is the model of all speakers, mean the average of "
            "all folds.  [default: final if it exists, else mean]"
        ),
    ] = None,
    channel: options.Channel = 0,
    window: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Predict long recordings with a sliding window of this length.",
        ),
    ] = None,
    hop: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Seconds from one window to the next.  [default: a third of the window]",
        ),
    ] = None,
    calibrated: Annotated[
        bool,
        typer.Option(
            "--calibrated", help="Calibrate probabilities by temperature scaling on test speakers."
        ),
    ] = False,
    abstain: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Predict sets of emotions that contain the true one for this share of clips, such "
            "as 0.9: one emotion if the model is sure, several if not.",
        ),
    ] = None,
    format_: Annotated[
        Format | None,
        typer.Option("--format", help="Output format.  [default: table]"),
    ] = None,
    runs: options.Runs = None,
    workers: options.Workers = None,
    json: options.Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Write the result as CSV.")] = False,
) -> None:
    """Predict emotions in audio files.

    Computes features as in training. Files that cannot be used are listed with the reason.
    """
    from serkit import api

    form = _format(format_, json, csv)
    if microphone == bool(audio):
        raise UsageError("give either AUDIO or --microphone", hint="see 'serkit predict --help'")
    if microphone:
        if form not in (Format.TABLE, Format.JSONL) or abstain is not None or channel:
            raise UsageError(
                "--microphone gives lines alone", allowed="--format table and jsonl are allowed"
            )
        predictor = api.load(run, fold=fold, calibrated=calibrated, runs=runs)
        seconds = 3.0 if window is None else window
        step = seconds / 3 if hop is None else hop
        live(predictor, window=seconds, hop=step, as_json=form is Format.JSONL)
        return
    if form in _OVER_TIME and window is None:
        raise UsageError(f"--format {form} writes labels over time", hint="add --window 3 --hop 1")
    if window is None and hop is not None:
        raise UsageError("--hop needs --window", hint="add --window 3")
    if window is not None and abstain is not None:
        raise UsageError("--abstain and --window exclude each other", hint="give one of them")
    shared: dict[str, Any] = {"fold": fold, "channel": channel, "calibrated": calibrated}
    found: Predictions | Timelines
    with _files(audio or []) as files, progress("predicting", "files") as update:
        if window is None:
            found = api.predict(
                *(run, files),
                **shared,
                abstain=abstain,
                runs=runs,
                workers=workers,
                progress=update,
            )
        else:
            step = window / 3 if hop is None else hop
            shared |= {"window": window, "hop": step}
            found = api.predict_over_time(run, files, **shared, runs=runs, progress=update)
        found = _named(found, files, audio or [])
    for warning in found.warnings:
        say(warning)
    say_failures(found.failed)
    any_found = len(found.to_json()) > len(found.failed)
    _write(found, form, any_found)
    if found.failed:
        raise typer.Exit(IN_PART if any_found else 1)


def _format(form: Format | None, json: bool, csv: bool) -> Format:
    given = [each for each in (form, json and Format.JSON, csv and Format.CSV) if each]
    if len(given) > 1:
        names = "--json and --csv" if form is None else "--format, --json and --csv"
        raise UsageError(f"{names} exclude each other", hint="give one of them")
    return Format(given[0]) if given else Format.TABLE


@contextmanager
def _files(audio: list[Path]) -> Iterator[list[Path]]:
    """Yield the files, with standard input saved to a temporary file."""
    if Path(STDIN) not in audio:
        yield audio
        return
    if audio.count(Path(STDIN)) > 1:
        raise UsageError("standard input is named twice", hint="name - once")
    from serkit import api

    with api.spooled(sys.stdin.buffer, "stdin.wav") as path:
        yield [path if each == Path(STDIN) else each for each in audio]


def _named(
    found: Predictions | Timelines, files: list[Path], audio: list[Path]
) -> Predictions | Timelines:
    """Call standard input by the name that the user gave it."""
    if Path(STDIN) not in audio:
        return found
    from serkit import api

    return api.renamed(found, {str(files[audio.index(Path(STDIN))]): STDIN})


def _write(found: Predictions | Timelines, form: Format, any_found: bool) -> None:
    from serkit import api

    if form is Format.JSON:
        print_json(found.to_json())
    elif form is not Format.TABLE:
        sys.stdout.write(api.written(found, form))
    elif any_found:
        print_rich(found)

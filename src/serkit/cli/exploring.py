"""``serkit eda`` and ``invert``: explore a corpus before training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serkit.cli import options
from serkit.cli.output import print_json, print_rich, progress, say
from serkit.errors import UsageError

_OUT = Path("eda")


def eda(
    store: options.Store = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for figures and the page index.html.  [default: eda; none with --json]",
        ),
    ] = None,
    form: Annotated[
        options.Form, typer.Option("--format", help="Format of the figures.")
    ] = options.Form.PNG,
    clip: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Clip to show and play.  [default: one of median length]",
        ),
    ] = None,
    workers: options.Workers = None,
    json: options.Json = False,
) -> None:
    """Explore a corpus.

    Lengths, amplitudes, loudness, pitch and more by emotion, speaker and every other column, as
    tables, figures and one page that holds them all.
    """
    from serkit import api

    folder = out or (None if json else _OUT)
    with progress("reading", "clips") as update:
        found = api.eda(
            store, clip=clip, out=folder, form=form.value, workers=workers, progress=update
        )
    if json:
        print_json(found.to_json())
    else:
        print_rich(found)
    if folder is not None:
        say(f"{len(found.figures)} figures and the page {folder / 'index.html'}")


def invert(
    clip: Annotated[
        str | None,
        typer.Argument(
            metavar="CLIP", help="An audio file, or a clip's id in the store.", show_default=False
        ),
    ] = None,
    feature: Annotated[
        str, typer.Option(metavar="NAME", help="A mel recipe, see 'serkit features'.")
    ] = "mel128",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="WAV file; a picture with the same name is written next to it.  "
            "[default: CLIP-FEATURE.wav; none with --json]",
        ),
    ] = None,
    table: Annotated[
        bool,
        typer.Option(
            "--table",
            help="Measure on a sample of the store's clips how much 32 to 256 bands and hops of "
            "128 "
            "to 2,048 lose.",
        ),
    ] = False,
    clips: Annotated[int, typer.Option(min=1, help="Clips in the sample of --table.")] = 8,
    store: options.Store = None,
    definitions: options.Definitions = None,
    workers: options.Workers = None,
    json: options.Json = False,
) -> None:
    """Turn a mel spectrogram back into sound.

    Lets you hear what is lost; prints the log-spectral distance.
    """
    from serkit import api

    if table == (clip is not None):
        raise UsageError("give either a CLIP or --table", hint="see 'serkit invert --help'")
    if table:
        with progress("inverting", "clips") as update:
            lost = api.losses(store, clips=clips, workers=workers, progress=update)
        print_json(lost.to_json()) if json else print_rich(lost)
        return
    found = api.invert(str(clip), feature=feature, store=store, definitions=definitions)
    print_json(found.to_json()) if json else print_rich(found)
    target = out or (None if json else Path(f"{found.clip_id}-{found.feature}.wav"))
    if target is not None:
        for path in found.save_with_picture(target):
            say(f"written: {path}")

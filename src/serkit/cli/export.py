"""``serkit export``: a run's models as a file for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serkit.cli import options
from serkit.cli.output import print_json, print_rich, progress


def export(
    run: options.Run,
    onnx: Annotated[Path, typer.Option(metavar="FILE", help="The ONNX file.", show_default=False)],
    fold: Annotated[
        str | None,
        typer.Option(
            help="Export this fold's model; final is the model of all speakers, mean all folds' "
            "models, averaged.  [default: final where there is one, else mean]"
        ),
    ] = None,
    clips: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="AUDIO",
            help="Compare the file with the models on these audio files or folders. Repeatable.  "
            "[default: 50 of the run's clips]",
        ),
    ] = None,
    runs: options.Runs = None,
    json: options.Json = False,
) -> None:
    """Write a run's models as an ONNX file.

    Mel spectrograms are computed in the graph; of other features the file keeps the recipe. It is
    written only if its probabilities are within 0.0001 of the models' own on 50 clips.
    """
    from serkit import api

    with progress("exporting", "steps") as update:
        found = api.export_onnx(
            run, onnx, fold=fold, clips=clips or None, runs=runs, progress=update
        )
    if json:
        print_json(found.to_json())
    else:
        print_rich(found)

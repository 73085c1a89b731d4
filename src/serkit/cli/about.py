"""``serkit models``, ``protocols``, ``doctor``, ``demo``."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from serkit.cli import options
from serkit.cli.output import print_json, print_rich, progress, say, training
from serkit.errors import MissingDependencyError


def models(
    name: Annotated[str | None, typer.Argument(help="Show everything about this model.")] = None,
    json: options.Json = False,
) -> None:
    """List models, or show one.

    With a name: its presets and parameters.
    """
    from serkit import api

    if name is not None:
        model = api.describe_model(name)
        print_json(model) if json else print_rich(model)
        return
    known = api.list_models()
    print_json(known) if json else print_rich(known)


def protocols(json: options.Json = False) -> None:
    """List the protocols.

    A protocol decides which clips are for training and which for testing.
    """
    from serkit import api

    known = api.list_protocols()
    print_json(known) if json else print_rich(known)


def doctor(json: options.Json = False) -> None:
    """Report what is installed.

    Versions, hardware, and the commands that install missing packages.
    """
    from serkit import api

    report = api.doctor()
    print_json(report.to_json()) if json else print_rich(report)


def demo(
    dest: Annotated[
        Path | None,
        typer.Argument(help="Folder for all files.  [default: a temporary folder]"),
    ] = None,
    actors: Annotated[int, typer.Option(min=3, max=24, help="Synthetic actors.")] = 6,
    workers: options.Workers = None,
    json: options.Json = False,
) -> None:
    """Run the whole pipeline on synthetic speech.

    Makes a corpus, extracts features, trains and compares models, in a minute or two. Shows the
    commands that do the same in the folder.
    """
    from serkit import api

    if dest is None:
        say("everything is in a temporary folder; 'serkit demo DEST' keeps it")
    with _folder(dest) as folder:
        # The commands name no store and no runs: inside the folder theirs are the default ones.
        say("cd " + ("$(mktemp -d)" if dest is None else shlex.quote(str(dest))))
        corpus, store, runs = folder / "corpus", folder / "features" / "store", folder / "runs"
        say(f"serkit synth {corpus.name} --actors {actors}")
        with progress("speaking", "clips") as update:
            api.synth(corpus, actors=actors, workers=workers, progress=update)
        say(f"serkit extract {corpus.name} --features {','.join(_DEMO_FEATURES)}")
        with progress("extracting", "clips") as update:
            api.extract(
                corpus, store=store, features=_DEMO_FEATURES, workers=workers, progress=update
            )
        for model, protocol, preset, values in _DEMO_RUNS:
            given = "" if preset == "best" else f" --preset {preset}"
            given += "".join(f" --set {key}={value}" for key, value in values.items())
            say(f"serkit train {model} --protocol {protocol}{given}")
            try:
                with training(model) as report:
                    api.train(
                        model,
                        store=store,
                        runs=runs,
                        protocol=protocol,
                        preset=preset,
                        values=values,
                        progress=report,
                    )
            except MissingDependencyError as error:  # the others are enough
                say(f"{model} is skipped: {error}")
        say("serkit compare")
        board = api.compare(runs)
        print_json(board.to_json()) if json else print_rich(board)
        if dest is not None:
            say(f"everything is in {folder}")


_DEMO_FEATURES = ("change_deviation", "tracks40", "functionals")
_SMALL_TRANSFORMER = {
    "copies": "",
    "width": "32",
    "blocks": "1",
    "heads": "2",
    "hidden": "64",
    "dropout": "0.2",
    "beside": "functionals",
    "beside_path": "linear",
    "epochs": "4",
    "cycle": "4",
    "batch_size": "16",
    "learning_rate": "0.004",
}
_DEMO_RUNS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("majority", "speaker5", "best", {}),
    ("logreg", "speaker5", "best", {}),
    ("logreg", "random5", "best", {}),
    ("svm", "speaker5", "best", {}),
    ("xgboost", "speaker5", "best", {"rounds": "120", "learning_rate": "0.2"}),
    ("transformer", "speaker5", "tracks", _SMALL_TRANSFORMER),
)


@contextmanager
def _folder(dest: Path | None) -> Iterator[Path]:
    from tempfile import TemporaryDirectory

    if dest is not None:
        yield dest
        return
    with TemporaryDirectory(prefix="serkit-demo-") as name:
        yield Path(name)

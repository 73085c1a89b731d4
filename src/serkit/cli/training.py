"""``serkit train``, ``fit``, ``evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serkit.cli import options
from serkit.cli.errors import INTERRUPTED, leave
from serkit.cli.interrupts import watched
from serkit.cli.output import print_json, print_rich, progress, say
from serkit.errors import TrainingInterrupted, UsageError

_ENSEMBLE = "ensemble"
"""For this model ``--runs`` names the runs to combine, in the default folder of runs."""


def train(
    model: Annotated[
        str | None,
        typer.Argument(metavar="MODEL", help="See 'serkit models'.", show_default=False),
    ] = None,
    extract: Annotated[
        Path | None,
        typer.Option(
            metavar="SRC",
            help="First extract what the model reads from this folder of audio, as 'serkit "
            "extract' does.",
        ),
    ] = None,
    store: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="Feature store's folder. Repeatable: several stores are read as one, with labels "
            "joined by name.  [default: features/store]",
        ),
    ] = None,
    test_store: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Test on this store of another corpus; train on --store."),
    ] = None,
    map_: options.Join = None,
    runs: options.Runs = None,
    protocol: options.Protocol = None,
    preset: options.Preset = None,
    set_: options.Set = None,
    seed: options.Seed = None,
    epochs: Annotated[
        int | None, typer.Option(help="Maximum number of epochs; same as --set epochs=.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Batch size in clips; same as --set batch_size=.")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Learning rate; same as --set learning_rate=.")
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            metavar="NAME_OR_FOLDER",
            help="Pretrained encoder for wav2vec2 or probe; same as --set checkpoint=.",
        ),
    ] = None,
    of: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="For permutation: the model to train on permuted labels; same as --set of=.",
        ),
    ] = None,
    distil: Annotated[
        str | None,
        typer.Option(
            metavar="RUN,RUN",
            help="For nets: learn from what models like those of these runs predict for the "
            "training clips too; same as --set teachers=.",
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="auto, cpu or cuda; same as --set device=.")
    ] = None,
    backend: Annotated[
        str | None, typer.Option(help="tensorflow, jax or torch; same as --set backend=.")
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="float32, bfloat16 or float16; same as --set precision=.")
    ] = None,
    folds: Annotated[
        int | None, typer.Option(min=1, help="Train only the first N folds.  [default: all]")
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="Resume a run that was interrupted or killed: its name, the beginning of it, its "
            "path, or last. MODEL is not needed.",
        ),
    ] = None,
    tensorboard: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Log each epoch for TensorBoard."),
    ] = None,
    mlflow: Annotated[
        str | None,
        typer.Option(metavar="DIR_OR_URI", help="Log each epoch to MLflow."),
    ] = None,
    final: Annotated[
        bool,
        typer.Option("--final", help="Then fit a model on all speakers; see 'serkit fit'."),
    ] = False,
    engine: options.Engine = "local",
    scheduler: options.Scheduler = None,
    definitions: options.Definitions = None,
    json: options.Json = False,
) -> None:
    """Train and test a model.

    Fits and tests the model fold by fold as the protocol says, and stores everything in a run. With
    --test-store it trains on one corpus and tests on another; several --store without --test-store
    test on each corpus in turn. For an ensemble, --runs RUN,RUN names the runs to combine; --set
    how=stacking weights them.
    """
    from serkit import api

    if _helped():
        return
    if model is None and resume is None:
        raise UsageError("missing argument 'MODEL'", hint="see 'serkit train --help'")
    flags = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "checkpoint": checkpoint,
        "of": of,
        "teachers": distil,
        "device": device,
        "backend": backend,
        "precision": precision,
    }
    values = {**options.parameters(set_), **{key: v for key, v in flags.items() if v is not None}}
    if model == _ENSEMBLE and runs is not None:
        values, runs = {"members": str(runs), **values}, None
    if extract is not None:
        _extract(extract, model, store, runs, preset, values, definitions)
    try:
        with watched(model or str(resume)) as report:
            run = api.train(
                model,
                store=store,
                test_store=test_store,
                joined=options.joined(map_),
                runs=runs,
                protocol=protocol,
                preset=preset,
                values=values,
                seed=seed,
                folds=folds,
                definitions=definitions,
                resume=resume,
                tensorboard=tensorboard,
                mlflow=mlflow,
                final=final,
                engine=engine,
                scheduler=scheduler,
                progress=report,
            )
    except TrainingInterrupted as interrupted:  # Typer would take it for any Ctrl-C
        leave(str(interrupted), INTERRUPTED)
    for note in run.record["notes"]:
        say(note)
    print_json(run.to_json()) if json else print_rich(run)


def _extract(
    source: Path,
    model: str | None,
    stores: list[Path] | None,
    runs: Path | None,
    preset: str | None,
    values: dict[str, object],
    definitions: Path | None,
) -> None:
    """Extract what a model reads; clips that fail are left out of the training, and named."""
    from serkit import api

    if model is None or len(stores or ()) > 1:
        raise UsageError(
            "--extract fills one store for one model",
            hint="run 'serkit extract' for each store, or leave out --resume",
        )
    with progress("extracting", "clips") as update:
        report = api.extract_for(
            model,
            source,
            preset=preset,
            values=values,
            store=stores[0] if stores else None,
            runs=runs,
            definitions=definitions,
            progress=update,
            say=say,
        )
    for failure in report.failed:
        say(f"{failure.path} is left out: {failure.message}")


def _helped() -> bool:
    """Serve as a helper process of torchrun, silently; False in every other process."""
    from serkit import api

    try:
        return api.assist()
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None


def fit(
    run: options.Run,
    store: options.Store = None,
    runs: options.Runs = None,
    definitions: options.Definitions = None,
    json: options.Json = False,
) -> None:
    """Refit a run's model on all speakers, for use on new audio.

    'serkit predict' prefers it to the mean of the folds' models. Its expected accuracy on new
    speakers is what the run measured.
    """
    from serkit import api

    with watched(run) as report:
        found = api.fit(run, store=store, runs=runs, definitions=definitions, progress=report)
    expected = found.expected
    if json:
        print_json({"run": found.name, "final": str(found.final), "expected": expected})
        return
    print_rich(
        f"{found.final}: a model of all speakers; for a new one expect a UAR of "
        f"{100 * expected['uar']:.1f} % ({expected['protocol']}, {expected['speakers']} speakers)"
    )


def evaluate(
    run: options.Run,
    store: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Feature store of the clips to test on."),
    ],
    map_: options.Join = None,
    fold: Annotated[
        str | None,
        typer.Option(
            help="Ask this fold's model; final is the model of all speakers, mean all folds' "
            "models.  [default: final where there is one, else mean]"
        ),
    ] = None,
    runs: options.Runs = None,
    json: options.Json = False,
) -> None:
    """Test a run's models on another store.

    The answers are a run of their own in 'serkit compare', stamped with where the models were
    trained. Labels are joined by name; what is not shared is left out and counted.
    """
    from serkit import api

    with progress("evaluating", "models") as update:
        found = api.evaluate(
            run, store=store, joined=options.joined(map_), fold=fold, runs=runs, progress=update
        )
    print_json(found.to_json()) if json else print_rich(found)

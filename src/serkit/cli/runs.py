"""``serkit train``, ``compare``, ``show``."""

from __future__ import annotations

import sys
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serkit.cli import options
from serkit.cli.errors import INTERRUPTED, leave
from serkit.cli.interrupts import stoppable
from serkit.cli.output import print_json, print_rich, progress, say, training
from serkit.errors import TrainingInterrupted, UsageError

if TYPE_CHECKING:
    from serkit.api import Progress


_WIDTH_OF_BOARDS = 100
"""Characters in a line of a leaderboard that is piped: mail and issues have no more room."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(train)
    app.command()(curve)
    app.command()(fit)
    app.command()(compare)
    app.command()(show)


_ENSEMBLE = "ensemble"
"""Of this model ``--runs`` names the runs that it is made of; they lie in the folder of runs."""


def train(
    model: Annotated[
        str | None,
        typer.Argument(metavar="MODEL", help="See 'serkit models'.", show_default=False),
    ] = None,
    store: options.Store = None,
    runs: options.Runs = None,
    protocol: Annotated[
        str | None, typer.Option(help="See 'serkit protocols'.  [default: the corpus's own]")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="See 'serkit models MODEL'.  [default: best]")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Set a parameter. Repeatable."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of all random numbers.  [default: 0]")] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Most passes over the training clips; --set epochs=.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Clips in a step; --set batch_size=.")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Step size; --set learning_rate=.")
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            metavar="NAME_OR_FOLDER",
            help="Pretrained encoder of wav2vec2 or probe; --set checkpoint=.",
        ),
    ] = None,
    of: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL", help="Of permutation: whose training labels to permute; --set of=."
        ),
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda; --set device=.")] = None,
    backend: Annotated[
        str | None, typer.Option(help="tensorflow, jax or torch; --set backend=.")
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="float32, bfloat16 or float16; --set precision=.")
    ] = None,
    folds: Annotated[
        int | None, typer.Option(min=1, help="Only the first so many folds.  [default: all]")
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="Go on with a run that was interrupted or killed: its name, the beginning of it, "
            "its path, or last. MODEL is not needed.",
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
        typer.Option(
            "--final", help="Then fit a model on all speakers, for use; see 'serkit fit'."
        ),
    ] = False,
    definitions: options.Definitions = None,
    json: options.Json = False,
) -> None:
    """Train and test a model.

    Fits it fold by fold as the protocol says, tests it, and keeps everything in a run. Of an
    ensemble, --runs RUN,RUN names the runs whose models answer together.
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
        "device": device,
        "backend": backend,
        "precision": precision,
    }
    values = {**_pairs(set_ or []), **{key: v for key, v in flags.items() if v is not None}}
    if model == _ENSEMBLE and runs is not None:
        values, runs = {"members": str(runs), **values}, None
    try:
        with stoppable() as stop_if_asked, training(model or str(resume)) as report:

            def tell(progress: Progress) -> None:
                stop_if_asked()
                report(progress)

            run = api.train(
                model,
                store=store,
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
                progress=tell,
            )
    except TrainingInterrupted as interrupted:  # Typer would take it for any Ctrl-C
        leave(str(interrupted), INTERRUPTED)
    for note in run.record["notes"]:
        say(note)
    print_json(run.to_json()) if json else print_rich(run)


def _helped() -> bool:
    """Serve as a helper process of torchrun, silently; False in every other process."""
    from serkit import api

    try:
        return api.assist()
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None


def curve(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="See 'serkit models'.")],
    speakers: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...",
            help="How many speakers to fit on, beside the validation speakers.  [default: a "
            "quarter, half, three quarters and all of them]",
        ),
    ] = None,
    store: options.Store = None,
    protocol: Annotated[
        str | None, typer.Option(help="See 'serkit protocols'.  [default: the corpus's own]")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="See 'serkit models MODEL'.  [default: best]")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Set a parameter. Repeatable."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of all random numbers.  [default: 0]")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also write curve.json and curve.png into DIR."),
    ] = None,
    definitions: options.Definitions = None,
    json: options.Json = False,
) -> None:
    """Show what more speakers bring.

    Trains a model on more and more speakers, and says what ten more would bring.
    """
    from serkit import api

    with progress("training", "models") as update:
        found = api.curve(
            model,
            speakers=_whole_numbers("--speakers", speakers),
            store=store,
            protocol=protocol,
            preset=preset,
            values=_pairs(set_ or []),
            seed=seed,
            definitions=definitions,
            out=out,
            progress=update,
        )
    print_json(found.to_json()) if json else print_rich(found)


def fit(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run's name, its beginning, its path, or last.")
    ],
    store: options.Store = None,
    runs: options.Runs = None,
    definitions: options.Definitions = None,
    json: options.Json = False,
) -> None:
    """Fit a run's recipe on all speakers: a model for use.

    'serkit predict' prefers it to the mean of the folds' models. What it can be expected to do
    for a new speaker is what the run measured.
    """
    from serkit import api

    with stoppable() as stop_if_asked, training(run) as report:

        def tell(progress: Progress) -> None:
            stop_if_asked()
            report(progress)

        found = api.fit(run, store=store, runs=runs, definitions=definitions, progress=tell)
    expected = found.expected
    if json:
        print_json({"run": found.name, "final": str(found.final), "expected": expected})
        return
    print_rich(
        f"{found.final}: a model of all speakers; for a new one expect a UAR of "
        f"{100 * expected['uar']:.1f} % ({expected['protocol']}, {expected['speakers']} speakers)"
    )


def compare(
    run_a: Annotated[
        str | None,
        typer.Argument(metavar="RUN_A", help="Compare this run ...", show_default=False),
    ] = None,
    run_b: Annotated[
        str | None,
        typer.Argument(metavar="RUN_B", help="... with this one alone.", show_default=False),
    ] = None,
    runs: options.Runs = None,
    protocol: Annotated[str | None, typer.Option(help="Show this protocol alone.")] = None,
    published: Annotated[
        bool, typer.Option("--published", help="Add published results of the same protocols.")
    ] = False,
    all_seeds: Annotated[
        bool, typer.Option("--all-seeds", help="Give a row to every run, not to every model.")
    ] = False,
    store: options.Store = None,
    json: options.Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Write the result as CSV.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Write the result as Markdown tables.")
    ] = False,
) -> None:
    """Rank the runs, or say where two of them differ.

    Figures are counted again from the predictions, and labels compared with the store's. Like is
    ranked with like, seeds of one model are one row, and what is too close to call is called so.
    Two runs are compared clip by clip (McNemar), by speaker and emotion by emotion.
    """
    from serkit import api

    if run_a is not None:
        if run_b is None:
            raise UsageError("one run alone is named", hint="name two, or none to rank all")
        if protocol or published or csv or markdown:
            raise UsageError("two runs are compared as a table or with --json alone")
        pair = api.compare_pair(run_a, run_b, runs=runs)
        print_json(pair.to_json()) if json else print_rich(pair)
        return
    if json + csv + markdown > 1:
        raise UsageError("--json, --csv and --markdown exclude each other", hint="give one of them")
    board = api.compare(
        runs, protocol=protocol, published=published, all_seeds=all_seeds, store=store
    )
    if json:
        print_json(board.to_json())
    elif csv:
        frame = board.to_pandas()
        for column in ("given", "feature_fingerprints"):
            frame[column] = frame[column].map(dumps)  # not as Python writes it
        frame.to_csv(sys.stdout, index=False)
    elif markdown:
        print(api.to_markdown(board))
    else:
        print_rich(board, piped=_WIDTH_OF_BOARDS)
    if json or csv or markdown:
        for problem in board.problems:
            say(problem)


def show(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run's name, its beginning, its path, or last.")
    ],
    runs: options.Runs = None,
    learning: Annotated[
        bool, typer.Option("--learning", help="Show which emotion was learned in which epoch.")
    ] = False,
    errors: Annotated[
        bool,
        typer.Option(
            "--errors",
            help="Show where it errs: recall by group, calibration, hardest clips, other seeds.",
        ),
    ] = False,
    store: options.Store = None,
    figures: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Also draw it into DIR: confusion matrix, recall by group, calibration, curves "
            "over the epochs, what was learned when.",
        ),
    ] = None,
    form: Annotated[
        options.Form | None, typer.Option("--format", help="Of the figures.  [default: png]")
    ] = None,
    json: options.Json = False,
) -> None:
    """Show a run.

    Its scores, its confusion matrix, its folds, and what it rests on.
    """
    from serkit import api

    if form is not None and figures is None:
        raise UsageError("--format alone draws nothing", hint="add --figures DIR")
    if learning and errors:
        raise UsageError("--learning and --errors exclude each other", hint="give one of them")
    found = api.show(run, runs=runs)
    if figures is not None:
        for path in api.figures(found, figures, form=(form or options.Form.PNG).value):
            say(f"drawn: {path}")
    if errors:
        analysis = api.analyse(found, runs=runs, store=store)
        print_json(analysis.to_json()) if json else print_rich(analysis)
    elif learning:
        epochs = api.learning(found)
        print_json(epochs.to_json()) if json else print_rich(epochs)
    else:
        print_json(found.to_json()) if json else print_rich(found)


def _whole_numbers(option: str, text: str | None) -> list[int]:
    try:
        return [int(part) for part in (text or "").split(",") if part.strip()]
    except ValueError as error:
        raise UsageError(
            f"{option} {text!r} names no whole numbers", allowed="numbers such as 4,8,16 are"
        ) from error


def _pairs(texts: list[str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(f"--set {text!r} is not KEY=VALUE", hint="see 'serkit models MODEL'")
        values[key.strip()] = value.strip()
    return values

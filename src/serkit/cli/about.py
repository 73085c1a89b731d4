"""``serkit models``, ``protocols``, ``doctor``, ``demo``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serkit.cli import options
from serkit.cli.output import print_json, print_rich, progress, say, training
from serkit.errors import MissingDependencyError

if TYPE_CHECKING:
    from serkit.api.catalogue import ModelInfo, ProtocolInfo
    from serkit.api.doctor import DoctorReport
    from serkit.parameters import Scalar


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (models, protocols, doctor, demo):
        app.command()(command)


def models(
    name: Annotated[str | None, typer.Argument(help="Show this model whole.")] = None,
    json: options.Json = False,
) -> None:
    """List models, or show one.

    With a name: its presets and parameters.
    """
    from serkit.api import catalogue

    if name is not None:
        model = catalogue.describe_model(name)
        print_json(model) if json else print_rich(*_render_model(model))
        return
    known = catalogue.list_models()
    print_json(known) if json else print_rich(_render_models(known))


def protocols(json: options.Json = False) -> None:
    """List the protocols.

    A protocol says which clips are trained on and which are tested on.
    """
    from serkit.api import catalogue

    known = catalogue.list_protocols()
    print_json(known) if json else print_rich(_render_protocols(known))


def doctor(json: options.Json = False) -> None:
    """Say what is installed.

    Versions, the machine, and what to install for what is missing.
    """
    from serkit.api.doctor import doctor as look

    report = look()
    print_json(_doctor_json(report)) if json else print_rich(_render_doctor(report))


def demo(
    dest: Annotated[
        Path | None,
        typer.Argument(help="Folder to keep everything in.  [default: a temporary one]"),
    ] = None,
    actors: Annotated[int, typer.Option(min=3, max=24, help="Synthetic actors.")] = 6,
    workers: options.Workers = None,
    json: options.Json = False,
) -> None:
    """Go the whole way on synthetic speech.

    Makes a corpus, extracts, trains and compares, in a minute or two.
    """
    from serkit import api

    with _folder(dest) as folder:
        corpus, store, runs = folder / "corpus", folder / "features" / "store", folder / "runs"
        say(f"serkit synth {corpus} --actors {actors}")
        with progress("speaking", "clips") as update:
            api.synth(corpus, actors=actors, workers=workers, progress=update)
        say(f"serkit extract {corpus} --features {','.join(_DEMO_FEATURES)} --store {store}")
        with progress("extracting", "clips") as update:
            api.extract(
                corpus, store=store, features=_DEMO_FEATURES, workers=workers, progress=update
            )
        for model, protocol, values in _DEMO_RUNS:
            given = "".join(f" --set {key}={value}" for key, value in values.items())
            say(f"serkit train {model} --protocol {protocol}{given} --store {store} --runs {runs}")
            try:
                with training(model) as report:
                    api.train(
                        model,
                        store=store,
                        runs=runs,
                        protocol=protocol,
                        values=values,
                        progress=report,
                    )
            except MissingDependencyError as error:  # the classical models still make a board
                say(f"{model} is left out: {error}")
        say(f"serkit compare --runs {runs}")
        board = api.compare(runs)
        print_json(board.to_json()) if json else print_rich(board)
        if dest is not None:
            say(f"all of it is in {folder}")


_DEMO_FEATURES = ("change_deviation", "mel128", "functionals")
_SMALL_TRANSFORMER = {
    "width": "48",
    "blocks": "1",
    "heads": "2",
    "hidden": "96",
    "stride": "16",
    "tempo": "0",
    "epochs": "8",
    "learning_rate": "0.003",
}
_DEMO_RUNS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("majority", "speaker5", {}),
    ("logreg", "speaker5", {}),
    ("logreg", "random5", {}),
    ("svm", "speaker5", {}),
    ("xgboost", "speaker5", {"rounds": "120", "learning_rate": "0.2"}),
    ("transformer", "speaker5", _SMALL_TRANSFORMER),
)


@contextmanager
def _folder(dest: Path | None) -> Iterator[Path]:
    from tempfile import TemporaryDirectory

    if dest is not None:
        yield dest
        return
    with TemporaryDirectory(prefix="serkit-demo-") as name:
        yield Path(name)


def _render_models(known: Sequence[ModelInfo]) -> Any:
    from serkit.tables import table

    made = table("models", {"model": "left", "presets": "left", "what": "left"})
    for model in known:
        made.add_row(model.model, ", ".join(model.presets), model.summary)
    return made


def _render_model(model: ModelInfo) -> list[Any]:
    from serkit.tables import table

    presets = table(f"{model.model}: {model.summary}", {"preset": "left", "what": "left"})
    for name, summary in model.presets.items():
        presets.add_row(name, summary)
    first, *others = model.presets
    columns = {"key": "left", first: "left", **({"elsewhere": "left"} if others else {})}
    parameters = table("parameters (--set KEY=VALUE)", {**columns, "what": "left"})
    parameters.columns[0].no_wrap = True
    for name, parameter in model.parameters.items():
        values = parameter.presets
        elsewhere = [_elsewhere(values)] if others else []
        parameters.add_row(name, str(values[first]), *elsewhere, parameter.help)
    return [presets, parameters]


def _elsewhere(values: Mapping[str, Scalar]) -> str:
    """Say what the presets after the first have in place of its value: a line a value."""
    (_, usual), *others = values.items()
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in others:
        if value != usual:
            groups[str(value)].append(name)
    return "\n".join(
        f"{value} in {'all others' if len(names) == len(others) > 1 else ', '.join(names)}"
        for value, names in groups.items()
    )


def _render_protocols(known: Sequence[ProtocolInfo]) -> Any:
    from serkit.tables import table

    made = table(
        "protocols",
        {"protocol": "left", "speaker-independent": "left", "what": "left", "source": "left"},
    )
    for each in known:
        independent = "yes" if each.speaker_independent else "NO"
        made.add_row(each.protocol, independent, each.summary, each.source)
    return made


def _doctor_json(report: DoctorReport) -> dict[str, Any]:
    packages = [
        {"package": p.package, "version": p.version, "for": p.purpose, "install": p.install}
        for p in report.packages
    ]
    return {"python": report.python, "hardware": report.hardware, "packages": packages}


def _render_doctor(report: DoctorReport) -> Any:
    from serkit.tables import table

    machine = report.hardware
    memory = machine["memory_bytes"]
    made = table(
        f"Python {report.python}, {machine['cores']} cores, "
        + (f"{memory / 2**30:.0f} GiB, " if memory else "")
        + str(machine["processor"]),
        {"package": "left", "version": "left", "for": "left", "to install": "left"},
    )
    for each in report.packages:
        made.add_row(
            each.package,
            each.version or "missing",
            each.purpose,
            each.install or "",
            style="" if each.version else "yellow",
        )
    return made

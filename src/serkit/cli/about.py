"""``serkit models``, ``protocols``, ``doctor``, ``demo``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serkit.cli import options
from serkit.cli.output import print_json, print_rich, progress, say, training

if TYPE_CHECKING:
    from serkit.trainers import Trainer


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
    from serkit.trainers import TRAINERS

    if name is not None:
        trainer = TRAINERS.get(name)
        print_json(_model_json(trainer)) if json else print_rich(*_render_model(trainer))
        return
    trainers = [TRAINERS.get(each) for each in TRAINERS.names()]
    if json:
        print_json([_model_json(trainer) for trainer in trainers])
        return
    from serkit.tables import table

    made = table("models", {"model": "left", "presets": "left", "what": "left"})
    for trainer in trainers:
        made.add_row(trainer.name, ", ".join(trainer.presets), trainer.summary)
    print_rich(made)


def protocols(json: options.Json = False) -> None:
    """List the protocols.

    A protocol says which clips are trained on and which are tested on.
    """
    from serkit.splits import PROTOCOLS

    known = [PROTOCOLS.get(name) for name in PROTOCOLS.names()]
    if json:
        print_json(
            [
                {
                    "protocol": each.name,
                    "summary": each.summary,
                    "source": each.source,
                    "speaker_independent": each.speaker_independent,
                }
                for each in known
            ]
        )
        return
    from serkit.tables import table

    made = table(
        "protocols",
        {"protocol": "left", "speaker-independent": "left", "what": "left", "source": "left"},
    )
    for each in known:
        independent = "yes" if each.speaker_independent else "NO"
        made.add_row(each.name, independent, each.summary, each.source)
    print_rich(made)


def doctor(json: options.Json = False) -> None:
    """Say what is installed.

    Versions, the machine, and what to install for what is missing.
    """
    from serkit.runs.environment import hardware, versions

    found = versions()
    found["tensorflow"] = found["tensorflow"] or found["tensorflow-cpu"]
    rows = [
        {
            "package": name,
            "version": found.get(name),
            "for": purpose,
            "install": None if found.get(name) else install,
        }
        for name, purpose, install in _PACKAGES
    ]
    machine = hardware()
    if json:
        print_json({"python": found["python"], "hardware": machine, "packages": rows})
        return
    from serkit.tables import table

    memory = machine["memory_bytes"]
    made = table(
        f"Python {found['python']}, {machine['cores']} cores, "
        + (f"{memory / 2**30:.0f} GiB, " if memory else "")
        + str(machine["processor"]),
        {"package": "left", "version": "left", "for": "left", "to install": "left"},
    )
    for row in rows:
        made.add_row(
            row["package"],
            row["version"] or "missing",
            row["for"],
            row["install"] or "",
            style="" if row["version"] else "yellow",
        )
    print_rich(made)


_CORE = "pip install serkit"
_PACKAGES = (
    ("serkit", "everything", _CORE),
    ("numpy", "arrays", _CORE),
    ("scipy", "transforms", _CORE),
    ("pandas", "tables of clips", _CORE),
    ("pyarrow", "Parquet", _CORE),
    ("h5py", "HDF5", _CORE),
    ("soundfile", "reading audio", _CORE),
    ("soxr", "resampling", _CORE),
    ("scikit-learn", "models logreg, svm", _CORE),
    ("skops", "saving them without pickle", _CORE),
    ("xgboost", "model xgboost", _CORE),
    ("torch", "FeatureStore.as_torch", "pip install 'serkit[torch]'"),
    ("transformers", "models wav2vec2, probe; embeddings", "pip install 'serkit[transformers]'"),
    ("accelerate", "model wav2vec2", "pip install 'serkit[transformers]'"),
    ("audiomentations", "changing waveforms in wav2vec2", "pip install 'serkit[augment]'"),
    ("tensorflow", "models ffnn, cnn, lstm, transformer", "pip install 'serkit[tensorflow]'"),
    ("keras", "the same models", "pip install 'serkit[tensorflow]'"),
    ("jax", "the same models with backend=jax", "pip install 'serkit[jax]'"),
    ("datasets", "FeatureStore.as_hf_dataset", "pip install 'serkit[datasets]'"),
    ("opensmile", "features egemaps, compare2016", "pip install 'serkit[opensmile]'"),
)


def demo(
    dest: Annotated[
        Path | None,
        typer.Argument(help="Folder to keep everything in.  [default: a temporary one]"),
    ] = None,
    actors: Annotated[int, typer.Option(min=3, max=24, help="Synthetic actors.")] = 8,
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
            with training(model) as report:
                api.train(
                    model,
                    store=store,
                    runs=runs,
                    protocol=protocol,
                    values=values,
                    progress=report,
                )
        say(f"serkit compare --runs {runs}")
        board = api.compare(runs)
        print_json(board.to_json()) if json else print_rich(board)
        if dest is not None:
            say(f"all of it is in {folder}")


_DEMO_FEATURES = ("change_deviation", "mel128", "functionals")
_DEMO_RUNS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("majority", "speaker5", {}),
    ("logreg", "speaker5", {}),
    ("logreg", "random5", {}),
    ("svm", "speaker5", {}),
    ("xgboost", "speaker5", {"rounds": "120", "learning_rate": "0.2"}),
)


@contextmanager
def _folder(dest: Path | None) -> Iterator[Path]:
    from tempfile import TemporaryDirectory

    if dest is not None:
        yield dest
        return
    with TemporaryDirectory(prefix="serkit-demo-") as name:
        yield Path(name)


def _model_json(trainer: Trainer) -> dict[str, Any]:
    return {
        "model": trainer.name,
        "summary": trainer.summary,
        "presets": {name: preset.summary for name, preset in trainer.presets.items()},
        "parameters": {
            name: {"help": parameter.help, "presets": _values(trainer, name)}
            for name, parameter in trainer.parameters.items()
        },
    }


def _values(trainer: Trainer, name: str) -> dict[str, Any]:
    return {preset: trainer.settle(preset, {})[name] for preset in trainer.presets}


def _render_model(trainer: Trainer) -> list[Any]:
    from serkit.tables import table

    presets = table(f"{trainer.name}: {trainer.summary}", {"preset": "left", "what": "left"})
    for name, preset in trainer.presets.items():
        presets.add_row(name, preset.summary)
    parameters = table(
        "parameters (--set KEY=VALUE)",
        {"key": "left", **dict.fromkeys(trainer.presets, "left"), "what": "left"},
    )
    for name, parameter in trainer.parameters.items():
        values = [str(value) for value in _values(trainer, name).values()]
        parameters.add_row(name, *values, parameter.help)
    return [presets, parameters]

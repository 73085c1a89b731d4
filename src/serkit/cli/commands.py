"""The commands: where each is defined, loaded when it is run.

Declaring an option costs Typer about half a millisecond, and there are a hundred and fifty. So the
help page is written from this table, and a command is imported and built when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

import typer

from serkit.cli.values import PlainCommand


@dataclass(frozen=True)
class Lazy:
    """A command that is not yet imported.

    Attributes:
        target: ``MODULE:NAME`` of a function or a group, in :mod:`serkit.cli`.
        summary: The first line of its help.
    """

    target: str
    summary: str

    @cached_property
    def command(self) -> Any:
        """The command itself, imported and built."""
        module, _, name = self.target.partition(":")
        found = getattr(import_module(f"serkit.cli.{module}"), name)
        if isinstance(found, typer.Typer):
            return typer.main.get_command(found)
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(cls=PlainCommand)(found)
        return typer.main.get_command(alone)


GROUPS = {
    "Data": {
        "download": Lazy("corpus:download", "Download a corpus and unpack it."),
        "synth": Lazy("corpus:synth", "Write a synthetic corpus."),
        "check": Lazy("corpus:check", "Audit a corpus."),
        "eda": Lazy("exploring:eda", "Explore a corpus."),
    },
    "Features": {
        "extract": Lazy("features:extract", "Fill a feature store from a folder of audio."),
        "features": Lazy("features:features", "List features, or show one."),
        "store": Lazy("store:group", "Inspect, verify and repair the feature store."),
        "invert": Lazy("exploring:invert", "Turn a mel spectrogram back into sound."),
    },
    "Models": {
        "train": Lazy("training:train", "Train and test a model."),
        "fit": Lazy("training:fit", "Refit a run's model on all speakers, for use on new audio."),
        "tune": Lazy("tuning:tune", "Search a model's parameters."),
        "evaluate": Lazy("training:evaluate", "Test a run's models on another store."),
        "curve": Lazy("tuning:curve", "Measure UAR against the number of speakers."),
        "human": Lazy("human:human", "Run a listening test: a person labels the clips."),
        "models": Lazy("about:models", "List models, or show one."),
        "protocols": Lazy("about:protocols", "List the protocols."),
    },
    "Results": {
        "compare": Lazy("runs:compare", "Rank the runs, or compare two of them."),
        "show": Lazy("runs:show", "Show a run."),
        "stress": Lazy(
            "stress:stress", "Test a run's models under noise, codecs, reverberation and more."
        ),
        "report": Lazy("reporting:report", "Write one page about runs."),
        "card": Lazy("reporting:card", "Write a run's model card."),
        "predict": Lazy("predict:predict", "Predict emotions in audio files."),
        "serve": Lazy(
            "serve:serve", "Serve a web page that predicts recordings and dropped files."
        ),
        "export": Lazy("export:export", "Write a run's models as an ONNX file."),
    },
    "Help": {
        "demo": Lazy("about:demo", "Run the whole pipeline on synthetic speech."),
        "doctor": Lazy("about:doctor", "Report what is installed."),
    },
}
"""The commands under their headings, in the order in which they are used."""


class Commands(Mapping[str, Any]):
    """Commands by name, each built when it is first looked up.

    Example:
        >>> commands = Commands()
        >>> "train" in commands, commands["train"].name
        (True, 'train')
    """

    def __init__(self) -> None:
        self._lazy = {name: lazy for group in GROUPS.values() for name, lazy in group.items()}

    def __getitem__(self, name: str) -> Any:
        return self._lazy[name].command

    def __iter__(self) -> Iterator[str]:
        return iter(self._lazy)

    def __len__(self) -> int:
        return len(self._lazy)

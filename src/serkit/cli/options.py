"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serkit.errors import UsageError

if TYPE_CHECKING:
    from serkit.api import Labelling


class Form(StrEnum):
    """Formats of figures."""

    PNG = "png"
    SVG = "svg"


Store = Annotated[
    str | None,
    typer.Option(
        metavar="DIR_OR_URL",
        help="Feature store's folder, or a URL such as s3://bucket/store.  "
        "[default: features/store]",
    ),
]
Runs = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of runs.  [default: runs]")]
Run = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's name, its beginning, its path, or last.")
]
Protocol = Annotated[
    str | None, typer.Option(help="See 'serkit protocols'.  [default: the corpus's own]")
]
Preset = Annotated[str | None, typer.Option(help="See 'serkit models MODEL'.  [default: best]")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set a parameter. Repeatable."),
]
Seed = Annotated[int | None, typer.Option(help="Random seed.  [default: 0]")]
Json = Annotated[bool, typer.Option("--json", help="Write the result as JSON.")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Worker processes.  [default: one a core]")
]
Engine = Annotated[
    str, typer.Option(metavar="NAME", help="Where workers run: local, or dask on a cluster.")
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="A dask scheduler, such as tcp://10.0.0.1:8786.  [default: one on this machine]",
    ),
]
Wait = Annotated[
    float | None,
    typer.Option(
        min=0,
        metavar="SECONDS",
        help="Seconds to wait for another writer of the store.  [default: 30]",
    ),
]
Corpus = Annotated[
    str | None, typer.Option(help="The corpus.  [default: recognised by file names]")
]
Include = Annotated[
    list[str] | None,
    typer.Option(help="Include clips excluded by default, such as song. Repeatable."),
]
Metadata = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Table of labels and speakers (CSV, TSV, Parquet).  [default: metadata.csv in SRC]",
    ),
]
Layout = Annotated[
    str | None,
    typer.Option(help="Meaning of folder names: emotion, or speaker/emotion."),
]
Column = Annotated[
    list[str] | None,
    typer.Option(metavar="KIND=NAME", help="Another name of a column: emotion=mood. Repeatable."),
]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="LABEL=LABEL", help="Count a label as another one. Repeatable."),
]
Join = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="LABEL=LABEL",
        help="When joining corpora, count a label as another one, such as calm=neutral. "
        "Repeatable.",
    ),
]
Channel = Annotated[
    int,
    typer.Option(min=0, metavar="N", help="Channel to read from multi-channel files, from 0."),
]
Definitions = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Folder of your own feature recipes.  [default: features/definitions]"
    ),
]


def labelling(
    metadata: Path | None, layout: str | None, column: list[str] | None, joined: list[str] | None
) -> Labelling:
    """Return how to read the labels of the user's own recordings.

    Raises:
        UsageError: A pair is not written ``ONE=OTHER``.
    """
    from serkit import api

    return api.Labelling(metadata, layout, _pairs("column", column), _pairs("map", joined))


def parameters(given: list[str] | None) -> dict[str, object]:
    """Return the values that ``--set KEY=VALUE`` gives.

    Raises:
        UsageError: A text is not written ``KEY=VALUE``.
    """
    values: dict[str, object] = {}
    for text in given or ():
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(f"--set {text!r} is not KEY=VALUE", hint="see 'serkit models MODEL'")
        values[key.strip()] = value.strip()
    return values


def joined(given: list[str] | None) -> dict[str, str]:
    """Return the labels that count as another one.

    Raises:
        UsageError: A pair is not written ``ONE=OTHER``.
    """
    return _pairs("map", given)


def _pairs(option: str, given: list[str] | None) -> dict[str, str]:
    pairs = [text.partition("=") for text in given or ()]
    for left, _, right in pairs:
        if not left.strip() or not right.strip():
            raise UsageError(
                f"--{option} {left!r} is not a pair", allowed=f"--{option} ONE=OTHER is allowed"
            )
    return {left.strip(): right.strip() for left, _, right in pairs}

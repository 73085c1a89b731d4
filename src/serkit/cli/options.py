"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Form(StrEnum):
    """What figures are written as."""

    PNG = "png"
    SVG = "svg"


Store = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Feature store's folder.  [default: features/store]"),
]
Runs = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of runs.  [default: runs]")]
Json = Annotated[bool, typer.Option("--json", help="Write the result as JSON.")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Worker processes.  [default: one a core]")
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
Channel = Annotated[
    int,
    typer.Option(min=0, metavar="N", help="Which channel of files with several is read, from 0."),
]
Definitions = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Folder of your own feature recipes.  [default: features/definitions]"
    ),
]

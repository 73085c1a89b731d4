"""Published results, shown with runs of the same protocol."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from serkit.results.entries import Entry

CORPUS = "ravdess"
"""The corpus that the published results are of."""


@dataclass(frozen=True)
class PublishedResult:
    """One published result on RAVDESS.

    Attributes:
        protocol: The protocol's name.
        system: Name of the system.
        source: Who published it.
        uar: Unweighted average recall, where it was published.
        uar_low: Lower end of its 95 % interval.
        uar_high: Upper end.
        accuracy: Accuracy, where it was published.
        selected_on_test: Whether something was chosen on the test clips.
        transductive: Whether test clips were used, unlabelled, in training.
        note: Caveats.
    """

    protocol: str
    system: str
    source: str
    uar: float | None = None
    uar_low: float | None = None
    uar_high: float | None = None
    accuracy: float | None = None
    selected_on_test: bool = False
    transductive: bool = False
    note: str = ""


@cache
def published_results() -> tuple[PublishedResult, ...]:
    """Return every published result that serkit ships."""
    text = (files("serkit.results") / "data" / "published.toml").read_text(encoding="utf-8")
    return tuple(PublishedResult(**row) for row in tomllib.loads(text)["result"])


def published_rows(protocol: str) -> list[Entry]:
    """Return the published results of a protocol as rows, which are never tested against."""
    return [_row(result) for result in published_results() if result.protocol == protocol]


def _row(result: PublishedResult) -> Entry:
    return Entry(
        protocol=result.protocol,
        corpus=CORPUS,
        run=None,
        model=result.system,
        preset=None,
        seed=None,
        uar=result.uar,
        uar_low=result.uar_low,
        uar_high=result.uar_high,
        accuracy=result.accuracy,
        macro_f1=None,
        parameters=None,
        folds=None,
        actors=None,
        clips=None,
        seconds=None,
        train_seconds=None,
        selected_on_test=result.selected_on_test,
        synthetic=False,
        transductive=result.transductive,
        published=True,
        notes=(result.note,) if result.note else (),
        source=result.source,
    )

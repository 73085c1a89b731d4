"""Published results, to be shown beside runs of the same protocol."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class PublishedResult:
    """One published result on RAVDESS.

    Attributes:
        protocol: The protocol's name.
        system: What was trained.
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

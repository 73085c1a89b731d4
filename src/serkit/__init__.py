"""serkit: from a folder of emotional speech to an honest leaderboard.

    import serkit

    serkit.extract("path/to/ravdess", store="features/store", features=["mel128", "functionals"])
    store = serkit.FeatureStore("features/store")
    batch = store.load("mel128")
    run = serkit.train("logreg", store=store, protocol="luna5")
    board = serkit.compare("runs")

Importing this module imports none of NumPy, pandas or a framework; what a name needs is imported
when the name is first used.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from serkit.api import (
        check,
        compare,
        download,
        estimate,
        export,
        extract,
        gc,
        preview,
        repair,
        show,
        synth,
        train,
        verify,
        why,
    )
    from serkit.clips import EMOTIONS
    from serkit.errors import SerkitError
    from serkit.runs.leaderboard import Board
    from serkit.runs.progress import Progress
    from serkit.runs.run import Run
    from serkit.store.store import Batch, FeatureStore

_WHERE = {
    "check": "serkit.api",
    "compare": "serkit.api",
    "download": "serkit.api",
    "estimate": "serkit.api",
    "export": "serkit.api",
    "extract": "serkit.api",
    "gc": "serkit.api",
    "preview": "serkit.api",
    "repair": "serkit.api",
    "show": "serkit.api",
    "synth": "serkit.api",
    "train": "serkit.api",
    "verify": "serkit.api",
    "why": "serkit.api",
    "EMOTIONS": "serkit.clips",
    "SerkitError": "serkit.errors",
    "Board": "serkit.runs.leaderboard",
    "Progress": "serkit.runs.progress",
    "Run": "serkit.runs.run",
    "Batch": "serkit.store.store",
    "FeatureStore": "serkit.store.store",
}

__all__ = [
    "EMOTIONS",
    "Batch",
    "Board",
    "FeatureStore",
    "Progress",
    "Run",
    "SerkitError",
    "check",
    "compare",
    "download",
    "estimate",
    "export",
    "extract",
    "gc",
    "preview",
    "repair",
    "show",
    "synth",
    "train",
    "verify",
    "why",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _version("serkit")
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'serkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "__version__"])

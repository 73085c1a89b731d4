"""serkit: from a folder of emotional speech to an honest leaderboard.

    import serkit

    serkit.extract("path/to/ravdess", store="features/store", features=["mel128", "functionals"])
    store = serkit.FeatureStore("features/store")
    batch = store.load("mel128")
    run = serkit.train("logreg", store=store, protocol="luna5")
    board = serkit.compare("runs")
    said = serkit.predict(run, "my/recordings")

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
        figures,
        gc,
        ls,
        predict,
        preview,
        repair,
        show,
        synth,
        train,
        verify,
        why,
    )
    from serkit.catalogue import (
        describe_feature,
        describe_model,
        list_features,
        list_models,
        list_protocols,
    )
    from serkit.clips import EMOTIONS
    from serkit.errors import SerkitError
    from serkit.runs.doctor import doctor
    from serkit.runs.leaderboard import Board
    from serkit.runs.predicted import Predictions
    from serkit.runs.progress import Progress
    from serkit.runs.run import Run
    from serkit.store.options import ReadOptions
    from serkit.store.store import Batch, FeatureStore

_WHERE = {
    "check": "serkit.api",
    "compare": "serkit.api",
    "download": "serkit.api",
    "estimate": "serkit.api",
    "export": "serkit.api",
    "extract": "serkit.api",
    "figures": "serkit.api",
    "gc": "serkit.api",
    "ls": "serkit.api",
    "predict": "serkit.api",
    "preview": "serkit.api",
    "repair": "serkit.api",
    "show": "serkit.api",
    "synth": "serkit.api",
    "train": "serkit.api",
    "verify": "serkit.api",
    "why": "serkit.api",
    "describe_feature": "serkit.catalogue",
    "describe_model": "serkit.catalogue",
    "list_features": "serkit.catalogue",
    "list_models": "serkit.catalogue",
    "list_protocols": "serkit.catalogue",
    "doctor": "serkit.runs.doctor",
    "EMOTIONS": "serkit.clips",
    "SerkitError": "serkit.errors",
    "Board": "serkit.runs.leaderboard",
    "Predictions": "serkit.runs.predicted",
    "Progress": "serkit.runs.progress",
    "Run": "serkit.runs.run",
    "ReadOptions": "serkit.store.options",
    "Batch": "serkit.store.store",
    "FeatureStore": "serkit.store.store",
}

__all__ = [
    "EMOTIONS",
    "Batch",
    "Board",
    "FeatureStore",
    "Predictions",
    "Progress",
    "ReadOptions",
    "Run",
    "SerkitError",
    "check",
    "compare",
    "describe_feature",
    "describe_model",
    "doctor",
    "download",
    "estimate",
    "export",
    "extract",
    "figures",
    "gc",
    "list_features",
    "list_models",
    "list_protocols",
    "ls",
    "predict",
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

"""serkit: from a folder of emotional speech to an honest leaderboard.

    import serkit

    serkit.extract("path/to/ravdess", store="features/store", features=["mel128", "functionals"])
    store = serkit.FeatureStore("features/store")
    batch = store.load("mel128")
    run = serkit.train("logreg", store=store, protocol="luna5")
    board = serkit.compare("runs")
    answers = serkit.predict(run, "my/recordings")

``import serkit`` imports neither NumPy, pandas nor a framework: each name is imported on first use.
The names are listed once, in ``__init__.pyi``.
"""

from __future__ import annotations

from typing import Any

import lazy_loader

_public, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # takes as long as all else here

        return version("serkit")
    return _public(name)

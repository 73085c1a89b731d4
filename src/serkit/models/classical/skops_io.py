"""Saved pipelines are read and written by skops, without pickle and without PyTorch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from serkit.errors import RunError

_OWN_STEPS = ("Clip", "TellingColumns", "ShrunkWhitening")
_OWN_TYPES = [f"serkit.models.classical.steps.{name}" for name in _OWN_STEPS]
"""Types allowed in saved models in addition to scikit-learn's."""


def load_skops(content: bytes, path: Path) -> Any:
    """Read a pipeline that skops wrote.

    Args:
        content: The file.
        path: Its path, for the message.

    Raises:
        RunError: It holds types other than scikit-learn's and ours.
    """
    skops = skops_io()
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        return skops.loads(content, trusted=_OWN_TYPES)
    except UntrustedTypesFoundException as error:
        raise RunError(f"{path} is not loaded: {error}") from error


def skops_io() -> Any:
    """Import skops.io without PyTorch.

    skops lists scikit-learn's estimators, for which scikit-learn imports all of its modules, one of
    which wraps PyTorch where that is installed: two seconds, and a framework that no pipeline here
    needs. A module that is None cannot be imported, and scikit-learn passes over what cannot. SciPy
    does not: it takes whatever is there for PyTorch, so it comes first.
    """
    import sklearn.base  # noqa: F401  (with it, all of SciPy that scikit-learn needs)

    hidden = "torch" not in sys.modules
    if hidden:
        sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        import skops.io
    finally:
        if hidden:
            sys.modules.pop("torch", None)
    return skops.io

"""Where torch computes, and that it keeps quiet."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from serkit.errors import MissingDependencyError, UsageError

DEVICES = ("auto", "cpu", "cuda")


def require_transformers(*more: str) -> None:
    """Say what to install where torch or transformers is missing; nothing is imported.

    Raises:
        MissingDependencyError: The hint names the extra that brings it.
    """
    for package in ("torch", "transformers", *more):
        if not _installed(package):
            raise MissingDependencyError(
                f"the package {package} is not installed",
                hint="pip install 'serkit[transformers]'",
            )


def pick_device(device: str) -> str:
    """Return ``cpu`` or ``cuda``.

    Raises:
        UsageError: A GPU is asked for and torch sees none.
    """
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("device = 'cuda', but torch sees no GPU", hint="use --device cpu or auto")
    return device


def has_gpu() -> bool:
    """Tell whether an NVIDIA GPU is to be expected, without loading torch.

    A parent that has torch loaded could not fork its workers any more.
    """
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "all") in ("", "-1")
    return not hidden and Path("/dev/nvidiactl").exists()


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep what transformers tells about loading and training off the terminal.

    Exceptions still come through.
    """
    import transformers

    # It draws bars and tells how it loads, on stderr, where progress and errors belong.
    library = logging.getLogger("transformers")
    before, bars = library.level, transformers.utils.logging.is_progress_bar_enabled()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            library.setLevel(before)
            if bars:
                transformers.utils.logging.enable_progress_bar()


def _installed(package: str) -> bool:
    if package in sys.modules:
        return sys.modules[package] is not None
    return find_spec(package) is not None

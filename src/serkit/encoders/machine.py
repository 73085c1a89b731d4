"""The device that torch computes on, and silence for its messages."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

from serkit.compute.local import worker_number
from serkit.errors import UsageError
from serkit.extras import require

_GPUS = Path("/proc/driver/nvidia/gpus")
_DRIVER = Path("/dev/nvidiactl")


def require_transformers(*more: str) -> None:
    """Raise an error if torch or transformers is missing, without importing them.

    Raises:
        MissingDependencyError: The hint names the extra that brings it.
    """
    require("torch", "transformers", *more, extra="transformers")


def pick_device(device: str) -> str:
    """Return ``cpu`` or ``cuda``.

    Raises:
        UsageError: A GPU is requested but torch finds none.
    """
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("device = 'cuda', but torch sees no GPU", hint="use --device cpu or auto")
    return device


def own_device(device: str) -> str:
    """Return ``cpu`` or a GPU: worker processes take turns over those that there are.

    Raises:
        UsageError: A GPU is requested but torch finds none.
    """
    place = pick_device(device)
    if place == "cpu":
        return place
    import torch

    return f"cuda:{worker_number() % torch.cuda.device_count()}"


def count_gpus() -> int:
    """Return the number of visible NVIDIA GPUs without loading torch.

    A parent that has torch loaded could not fork its workers any more.
    """
    if not _DRIVER.exists():
        return 0
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        # What follows a number that is not there is not seen either: CUDA's rule.
        return len(list(takewhile(lambda each: each.strip() not in ("", "-1"), visible.split(","))))
    try:
        return len(list(_GPUS.iterdir()))
    except OSError:  # in a container, which may not see them
        return 1


def process_count() -> int:
    """Return the number of cooperating processes, from torchrun or accelerate."""
    size = os.environ.get("WORLD_SIZE") or "1"
    if not size.isdecimal() or int(size) < 1:
        raise UsageError(
            f"WORLD_SIZE = {size!r} in the environment", hint="use torchrun, or unset it"
        )
    return int(size)


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep transformers' messages off the terminal.

    Exceptions still come through.
    """
    import transformers

    # it writes bars and loading messages to stderr, which is reserved for progress and errors
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

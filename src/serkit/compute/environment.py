"""The environment of a run: versions, machine, memory."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PACKAGES = (
    "serkit",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "h5py",
    "soundfile",
    "soxr",
    "scikit-learn",
    "skops",
    "xgboost",
    "opensmile",
    "librosa",
    "tensorflow",
    "tensorflow-cpu",
    "keras",
    "jax",
    "torch",
    "transformers",
    "accelerate",
    "audiomentations",
    "datasets",
)
"""Packages whose versions affect results."""


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str | None]:
    """Return each package's version, None where it is not installed; nothing is imported."""
    return {"python": platform.python_version()} | {name: _version(name) for name in packages}


def installed_versions() -> dict[str, str]:
    """Return the installed versions of packages that affect results."""
    return {name: number for name, number in versions().items() if number}


def hardware() -> dict[str, Any]:
    """Return facts about the machine."""
    return {
        "machine": platform.machine(),
        "system": platform.system(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_bytes": _memory(),
    }


def peak_memory_bytes() -> int | None:
    """Return the peak memory of this process, if the system reports it.

    In a process that trains several models, it is the most of all of them so far, and of whatever
    ran before.
    """
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None

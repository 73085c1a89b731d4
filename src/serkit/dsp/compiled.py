"""SciPy's compiled routines, loaded without the packages around them.

``import scipy.fft`` and ``import scipy.sparse`` take 0.3 to 0.5 s: they import NumPy's tests and
Fortran parser and SciPy's special functions, none of which a feature needs. The routines themselves
load in a millisecond. They are the same machine code, so the values are the same to the last bit.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any


@cache
def compiled(name: str) -> Any | None:
    """Return one of SciPy's compiled modules.

    Args:
        name: Its full name, such as ``scipy.sparse._sparsetools``.

    Returns:
        The module. None if it cannot be loaded by itself (another layout of SciPy, or libraries
        that only ``import scipy`` makes known): the caller then uses SciPy's public functions.
    """
    scipy = importlib.util.find_spec("scipy")
    if scipy is None or not scipy.submodule_search_locations:
        return None
    inside = name.split(".")[1:-1]
    folders = [str(Path(root, *inside)) for root in scipy.submodule_search_locations]
    spec = PathFinder.find_spec(name, folders)
    if spec is None or spec.loader is None:
        return None
    try:
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except ImportError:
        return None
    return module

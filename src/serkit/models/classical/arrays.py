"""A model's arrays in one file of NumPy's, without pickle."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from serkit.errors import RunError


def load_arrays(file: Path) -> dict[str, npt.NDArray[Any]]:
    """Read all arrays of a file that :func:`numpy.savez` wrote.

    Raises:
        RunError: The file is missing or damaged.
    """
    try:
        with np.load(file, allow_pickle=False) as saved:
            return {name: saved[name] for name in saved.files}
    except (OSError, ValueError, BadZipFile) as error:
        raise RunError(f"{file} cannot be read: {error}", hint="train the run again") from error

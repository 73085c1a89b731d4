"""A model as NumPy's arrays in one file, without pickle, and its facts as JSON beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from serkit.errors import RunError
from serkit.models.facts import AGAIN, FACTS, Entries, read_facts, write_facts

Array = npt.NDArray[Any]

ARRAYS = "model.npz"


def write_model(folder: Path, arrays: Mapping[str, Array], facts: Mapping[str, Any]) -> None:
    """Write the two files that :func:`read_model` reads."""
    np.savez(folder / ARRAYS, allow_pickle=False, **arrays)
    write_facts(folder / FACTS, facts)


def read_model(folder: Path) -> tuple[Entries[Array], Entries[Any]]:
    """Read a model's arrays and facts.

    Raises:
        RunError: A file is missing or damaged; so does a look-up of what it lacks.
    """
    return load_arrays(folder / ARRAYS), read_facts(folder / FACTS)


def load_arrays(file: Path) -> Entries[Array]:
    """Read all arrays of a file that :func:`numpy.savez` wrote.

    Raises:
        RunError: The file is missing or damaged; so does a look-up of an array that it lacks.
    """
    try:
        with np.load(file, allow_pickle=False) as saved:
            return Entries(file, {name: saved[name] for name in saved.files})
    except FileNotFoundError as error:
        raise RunError(f"{file} is missing", hint=AGAIN) from error
    except (OSError, ValueError, BadZipFile) as error:
        raise RunError(f"{file} cannot be read: {error}", hint=AGAIN) from error

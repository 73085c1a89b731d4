"""Turn frameworks' out-of-memory errors into one clear error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from serkit.errors import TrainingError

_SIGNS = ("resourceexhausted", "resource_exhausted", "out of memory", "outofmemory", "allocator")
"""In a name or message: TensorFlow's, JAX's, torch's on a GPU and on a CPU have no common class."""


@contextmanager
def fitting_in_memory(what: str, hint: str) -> Iterator[None]:
    """Turn a shortage of memory into one error.

    Args:
        what: The model being trained.
        hint: How to fix it.

    Raises:
        TrainingError: The memory does not hold it.
    """
    try:
        yield
    except Exception as error:
        if not _is_shortage(error):
            raise
        raise TrainingError(f"{what} does not fit in memory", hint=hint) from error


def _is_shortage(error: Exception) -> bool:
    said = f"{type(error).__name__} {error}".lower()
    return isinstance(error, MemoryError) or any(sign in said for sign in _SIGNS)

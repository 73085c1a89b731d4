"""BLAS on one thread, for small matrices: quicker, and the same digits on any number of cores.

The matrices of classical models are small: `luna5` by logistic regression takes 15 s on one thread,
25 s on two, and on two more than eight minutes if the cores are busy, because waiting threads do
not release theirs. And on another number of threads BLAS sums in another order.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")


def one_blas_thread() -> AbstractContextManager[object]:
    """Return a context in which NumPy and SciPy compute products on one thread.

    Example:
        >>> import numpy as np
        >>> with one_blas_thread():
        ...     product = np.eye(2) @ np.eye(2)
    """
    limit = _controller("scipy.linalg" in sys.modules).limit(limits=1, user_api="blas")
    context: AbstractContextManager[object] = limit
    return context


def on_one_blas_thread(function: Callable[_Given, _Found]) -> Callable[_Given, _Found]:
    """Make a function that uses scikit-learn compute in :func:`one_blas_thread`."""

    @wraps(function)
    def computing(*args: _Given.args, **kwargs: _Given.kwargs) -> _Found:
        import scipy.linalg  # noqa: F401  # only a library that is loaded can be limited

        with one_blas_thread():
            return function(*args, **kwargs)

    return computing


@lru_cache(maxsize=2)
def _controller(_with_scipy: bool) -> Any:
    """Find the libraries once, as it takes 5 ms; SciPy brings a BLAS of its own."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()

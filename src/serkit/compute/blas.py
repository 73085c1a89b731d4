"""BLAS on one thread, for small matrices: quicker, and the same digits on any number of cores.

The matrices of features and classical models are small: `luna5` by logistic regression takes 15 s
on one thread, 25 s on two, and on two more than eight minutes if the cores are busy, because
waiting threads do not release theirs. And on another number of threads BLAS sums in another order.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, wraps
from threading import Lock
from typing import Any, ParamSpec, TypeVar

_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let NumPy and SciPy compute products on one thread inside the block.

    Threads may be inside at the same time: the limit holds until the last of them leaves.

    Example:
        >>> import numpy as np
        >>> with one_blas_thread():
        ...     product = np.eye(2) @ np.eye(2)
    """
    _shared.enter()
    try:
        yield
    finally:
        _shared.leave()


def on_one_blas_thread(function: Callable[_Given, _Found]) -> Callable[_Given, _Found]:
    """Make a function that uses scikit-learn compute in :func:`one_blas_thread`."""

    @wraps(function)
    def computing(*args: _Given.args, **kwargs: _Given.kwargs) -> _Found:
        import scipy.linalg  # noqa: F401  # only a library that is loaded can be limited

        with one_blas_thread():
            return function(*args, **kwargs)

    return computing


class _SharedLimit:
    """The limit of all threads of this process.

    The number of BLAS threads is one setting of the process. If each block restored what it found,
    a thread that leaves would lift the limit of those still inside.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew, as in a forked child: nobody there would leave, or release the lock."""
        self._lock = Lock()
        self._inside = 0
        self._limits: dict[bool, Any] = {}

    def enter(self) -> None:
        with_scipy = "scipy.linalg" in sys.modules
        with self._lock:
            if with_scipy not in self._limits:
                controller = _controller(with_scipy)
                _take_control(controller)
                self._limits[with_scipy] = controller.limit(limits=1, user_api="blas")
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            while not self._inside and self._limits:
                with_scipy, limit = self._limits.popitem()
                _take_control(_controller(with_scipy))
                limit.restore_original_limits()
                _take_control(_controller(with_scipy))


_shared = _SharedLimit()  # as global as the setting
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_shared.forget)


def _take_control(controller: Any) -> None:
    """Let any thread set the limit of OpenBLAS.

    Newer versions of threadpoolctl let nobody but the first thread do so, and silently ignore the
    others. That is there to keep threads from lifting each other's limit, as :class:`_SharedLimit`
    does.
    """
    for library in controller.lib_controllers:
        clear = getattr(library, "clear_controlling_thread", None)
        if clear is not None:
            clear(force=True)


@lru_cache(maxsize=2)
def _controller(_with_scipy: bool) -> Any:
    """Find the libraries once, as it takes 5 ms; SciPy brings a BLAS of its own."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()

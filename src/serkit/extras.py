"""Packages that are optional, and what to type where one is missing."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from serkit.errors import MissingDependencyError


def installed(package: str) -> bool:
    """Return whether a package can be imported, without importing it.

    Example:
        >>> installed("json"), installed("no_such_package")
        (True, False)
    """
    if package in sys.modules:  # None there forbids the import
        return sys.modules[package] is not None
    return find_spec(package) is not None


def require(*packages: str, extra: str = "") -> None:
    """Refuse to go on without some packages.

    Args:
        packages: The names that they are imported by.
        extra: The extra of serkit that brings them; empty for packages that serkit itself needs.

    Raises:
        MissingDependencyError: One is not installed; the message says what to type.

    Example:
        >>> require("no_such_package", extra="figures")
        Traceback (most recent call last):
        serkit.errors.MissingDependencyError: the package no_such_package is not installed; \
pip install 'serkit[figures]'
    """
    for package in packages:
        if not installed(package):
            wanted = f"'serkit[{extra}]'" if extra else package
            raise MissingDependencyError(
                f"the package {package} is not installed", hint=f"pip install {wanted}"
            )

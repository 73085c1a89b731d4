"""Shared code of all checks."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from serkit.errors import SerkitError
from serkit.parameters import Parameters

T = TypeVar("T")


class ContractError(AssertionError):
    """A plug-in violates its contract; the message says how.

    Example:
        >>> try:
        ...     check_summary("model mine", "short")
        ... except ContractError as error:
        ...     print(error)
        model mine must say in one line of 6 to 79 characters what it is, not 'short'
    """


def check_summary(who: str, summary: str) -> None:
    require(
        5 < len(summary) < 80 and "\n" not in summary,
        f"{who} must say in one line of 6 to 79 characters what it is, not {summary!r}",
    )


def check_parameters(who: str, kind: type[Parameters]) -> None:
    require(
        isinstance(kind, type) and issubclass(kind, Parameters),
        f"{who} has parameters {kind!r}, which is not a subclass of serkit.parameters.Parameters",
    )
    declared = no_error(f"{who}: its parameters are not declared well", kind.declared)
    for name, parameter in declared.items():
        require(bool(parameter.help), f"{who} does not explain its parameter {name!r}")
        no_error(
            f"{who}: the default of {name!r} is not allowed",
            partial(parameter.check, name, parameter.default),
        )
    read_back = no_error(
        f"{who}: its parameters cannot be read from a record",
        lambda: kind.from_json(json.loads(json.dumps(kind().to_json()))),
    )
    require(read_back == kind(), f"{who}: its parameters change on their way through a record")


def require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ContractError(otherwise)


def no_error(otherwise: str, call: Callable[[], T]) -> T:
    try:
        return call()
    except Exception as error:
        raise ContractError(f"{otherwise}: {words(error)}") from error


def words(error: Exception) -> str:
    return str(error) if isinstance(error, SerkitError) else f"{type(error).__name__}: {error}"

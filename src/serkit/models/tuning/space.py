"""What is searched: parameters by name, each with its range."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from serkit.errors import UsageError, unknown_name
from serkit.models.trainer import Trainer
from serkit.parameters import Parameter, Parameters, Scalar
from serkit.ranges import Among, Between, Range

Space = Mapping[str, Range]

_WIDE = 10.0
"""A range given on the command line is searched by its logarithm from this ratio of its ends on."""


def space_of(
    trainer: Trainer[Any], base: Parameters, search: str = "", fixed: Collection[str] = ()
) -> Space:
    """Return what is searched.

    Args:
        trainer: The kind of model.
        base: Values of all that is not searched.
        search: ``KEY``, ``KEY=LOW:HIGH`` or ``KEY=A|B|C``, separated by semicolons; empty searches
            every parameter that declares a range.
        fixed: Parameters that were set by hand, and are not searched.

    Raises:
        UnknownNameError: There is no such parameter.
        UsageError: A range cannot be read or holds a value that is not allowed, a parameter is both
            set and searched, decides what is read, or nothing is left to search.

    Example:
        >>> from serkit.models import TRAINERS
        >>> logreg = TRAINERS.get("logreg")
        >>> space = space_of(logreg, logreg.settle("best", {}), "whiten;C=0.1:10")
        >>> {name: str(each) for name, each in space.items()}
        {'whiten': '0.5 to 0.99', 'C': '0.1 to 10 (log)'}
    """
    declared = trainer.parameters.declared()
    if wanted := [part.strip() for part in search.split(";") if part.strip()]:
        read = [_read(trainer.name, part, declared) for part in wanted]
        space = dict(read)
        if len(space) < len(read):
            names = [name for name, _ in read]
            twice = next(name for name in names if names.count(name) > 1)
            raise UsageError(
                f"{twice} is searched twice", hint=f"name it once, such as --search {twice}"
            )
    else:
        found = {name: each.search for name, each in declared.items() if name not in fixed}
        space = {name: each for name, each in found.items() if each is not None}
    if both := [name for name in space if name in fixed]:
        raise UsageError(
            f"{both[0]} is set and searched",
            hint=f"leave out --set {both[0]} or --search {both[0]}",
        )
    if not space:
        raise UsageError(
            f"{trainer.name} has no parameter left to search",
            hint=f"name one: --search KEY=LOW:HIGH; see 'serkit models {trainer.name}'",
        )
    space = {name: _typed(each, declared[name]) for name, each in space.items()}
    for name, each in space.items():
        for value in each.ends:
            _refuse_other_input(trainer, base, replace(base, **{name: value}), name)
    return space


def _read(owner: str, text: str, declared: Mapping[str, Parameter]) -> tuple[str, Range]:
    """Read one parameter with its range."""
    name, equals, given = (part.strip() for part in text.partition("="))
    if name not in declared:
        raise unknown_name(f"parameter of {owner}", name, declared)
    parameter = declared[name]
    if not equals:
        if parameter.search is None:
            raise UsageError(
                f"{name} declares no range to search",
                hint=f"give one: --search {_example(name, parameter)}",
            )
        return name, parameter.search
    try:
        return name, _range(name, given, parameter)
    except ValueError as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(
            f"{name}={given} cannot be searched: {error}",
            allowed=f"{name}=LOW:HIGH or {name}=A|B|C is allowed",
        ) from error


def _example(name: str, parameter: Parameter) -> str:
    """Return how a parameter without a range of its own is searched."""
    if parameter.choices is not None:
        return f"'{name}={'|'.join(map(str, parameter.choices))}'"
    if type(parameter.default) is bool:
        return f"'{name}=true|false'"
    if type(parameter.default) is str:
        return f"'{name}=A|B'"
    return f"{name}=LOW:HIGH"


def _range(name: str, text: str, parameter: Parameter) -> Range:
    if "|" in text:
        return Among(tuple(parameter.parse(name, part.strip()) for part in text.split("|")))
    low, colon, high = text.partition(":")
    if not colon or type(parameter.default) not in (int, float):
        raise ValueError(f"{text!r} is no range")
    ends = [parameter.parse(name, part.strip()) for part in (low, high)]
    first, last = (float(end) for end in ends)  # type: ignore[arg-type]
    return Between(first, last, log=first > 0 and last / first >= _WIDE)


def _typed(each: Range, parameter: Parameter) -> Range:
    """Return a range whose ends are whole numbers where the parameter is one."""
    if not isinstance(each, Between):
        return each
    kind = int if type(parameter.default) is int else float
    return replace(each, low=kind(each.low), high=kind(each.high))


def _refuse_other_input(
    trainer: Trainer[Any], base: Parameters, other: Parameters, name: str
) -> None:
    """Refuse to search what decides which features are read, and how."""
    for what in (trainer.features, trainer.voices, trainer.true_length, trainer.by_speaker):
        if what(base) != what(other):
            raise UsageError(
                f"{name} decides what is read, and cannot be searched",
                hint=f"train once for each value: --set {name}=VALUE",
            )


def inside(space: Space, values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Return those values that a search could have come upon.

    Args:
        space: What is searched.
        values: Any parameters' values.
    """
    return {name: values[name] for name, each in space.items() if each.holds(values[name])}

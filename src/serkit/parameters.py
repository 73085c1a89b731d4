"""Parameters of models and features: frozen dataclasses whose fields are declared in full.

A plug-in declares its parameters as fields of a subclass of :class:`Parameters`, each by
:func:`parameter`: type, default, one line of help, the values allowed. All else follows from the
declaration: ``--set KEY=VALUE``, recipes, checks and their messages, tables, what a record keeps.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from math import isfinite
from typing import Self, TypeVar

from serkit.errors import UsageError, unknown_name
from serkit.ranges import Range

Scalar = str | int | float | bool | None

_DECLARED = "serkit"
"""Under this key the metadata of a field hold its :class:`Parameter`."""

_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

T = TypeVar("T", bool, int, float, str)
P = TypeVar("P", bound="Parameters")


@dataclass(frozen=True)
class Parameter:
    """The declaration of one parameter.

    Attributes:
        default: Its value where a recipe or a preset is silent; its type is the parameter's type.
        help: Its meaning and unit.
        minimum: The smallest allowed value.
        choices: The only values allowed.
        maximum: The largest allowed value.
        is_identity: Whether the extracted values depend on it. If not, it is an execution option,
            and changing it does not make stored values stale.
        search: The range that ``serkit tune`` searches; None leaves the parameter as it is.

    Example:
        >>> Parameter(2048, "Samples in a frame.", minimum=16).parse("n_fft", "1024")
        1024
    """

    default: Scalar
    help: str
    minimum: float | None = None
    choices: tuple[Scalar, ...] | None = None
    maximum: float | None = None
    is_identity: bool = True
    search: Range | None = None

    def check(self, name: str, value: object) -> Scalar:
        """Return the value in the parameter's own type.

        Raises:
            UsageError: It is of another type or out of range.
        """
        kind = type(self.default)
        if type(value).__module__ == "numpy" and hasattr(value, "item"):  # a number of NumPy's
            value = value.item()
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise UsageError(
                f"{name} = {value!r} has the wrong type",
                allowed=f"a value such as {self.default!r} is allowed",
            )
        if self.choices is not None and value not in self.choices:
            raise UsageError(
                f"{name} = {value!r} is not allowed",
                allowed="one of " + ", ".join(map(repr, self.choices)) + " is",
            )
        if self.minimum is not None and not float(value) >= self.minimum:  # type: ignore[arg-type]
            raise UsageError(
                f"{name} = {value!r} is too small", allowed=f"{self.minimum:g} or more is allowed"
            )
        if self.maximum is not None and not float(value) <= self.maximum:  # type: ignore[arg-type]
            raise UsageError(
                f"{name} = {value!r} is too large", allowed=f"{self.maximum:g} or less is allowed"
            )
        if isinstance(value, float) and not isfinite(value):
            raise UsageError(
                f"{name} = {value!r} is not finite", allowed="a finite number is allowed"
            )
        return value

    def parse(self, name: str, text: str) -> Scalar:
        """Return the value that a ``name=text`` of the command line means.

        Raises:
            UsageError: It is not one of the parameter's type or range.
        """
        kind = type(self.default)
        value: object = text
        try:
            if kind is bool:
                value = _WORDS[text.lower()]
            elif kind in (int, float):
                value = kind(text)
        except (KeyError, ValueError) as error:
            raise UsageError(
                f"{name} = {text!r} has the wrong type",
                allowed=f"a value such as {self.default!r} is allowed",
            ) from error
        return self.check(name, value)


def parameter(
    default: T,
    help: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[T, ...] | None = None,
    is_identity: bool = True,
    search: Range | None = None,
) -> T:
    """Declare a field of a subclass of :class:`Parameters`; see :class:`Parameter`.

    To type checkers it is its default, as for :func:`dataclasses.field`.

    Example:
        >>> @dataclass(frozen=True)
        ... class Smoothing(Parameters):
        ...     width: int = parameter(5, "frames averaged into one", minimum=1)
        >>> Smoothing(width=3).width
        3
    """
    declared = Parameter(default, help, minimum, choices, maximum, is_identity, search)
    return field(default=default, metadata={_DECLARED: declared})


@dataclass(frozen=True)
class Parameters:
    """Every parameter of one model or feature with its value; checked when it is made.

    Subclass it as a frozen dataclass and declare each field by :func:`parameter`. Groups that
    several plug-ins share are subclasses, too, which a plug-in's own inherits.

    Raises:
        UsageError: A value has the wrong type or out of range.
        TypeError: A field is not declared as it should be.

    Example:
        >>> @dataclass(frozen=True)
        ... class Boosting(Parameters):
        ...     rounds: int = parameter(400, "maximum number of boosting rounds", minimum=1)
        ...     learning_rate: float = parameter(0.1, "weight of each tree", minimum=1e-6)
        >>> Boosting(learning_rate=1).to_json()
        {'learning_rate': 1.0, 'rounds': 400}
        >>> Boosting(rounds=0)
        Traceback (most recent call last):
        serkit.errors.UsageError: rounds = 0 is too small; 1 or more is allowed
    """

    def __post_init__(self) -> None:
        for name, each in self.declared().items():
            object.__setattr__(self, name, each.check(name, getattr(self, name)))

    @classmethod
    def declared(cls) -> Mapping[str, Parameter]:
        """Return the declarations of all parameters: a class's own first, then its bases'.

        Raises:
            TypeError: The class is no dataclass, or a field is not declared by :func:`parameter`
                with a default of the field's type.
        """
        # mypy takes the __hash__ of instances for the class's own.
        return _declared(cls)  # type: ignore[arg-type]

    def to_json(self) -> dict[str, Scalar]:
        """Return every value by name, sorted: what records, stores and digests hold."""
        return {name: getattr(self, name) for name in sorted(self.declared())}

    @classmethod
    def from_json(cls, values: Mapping[str, Scalar]) -> Self:
        """Read what :meth:`to_json` gave, also in another version.

        Args:
            values: By name. Unknown names are ignored, and missing ones have their defaults.
        """
        known = cls.declared()
        given = {name: value for name, value in values.items() if name in known}
        return replace(cls(), **given)


def settle(owner: str, start: P, given: Mapping[str, object]) -> P:
    """Return parameters with other values.

    Args:
        owner: Their owner, for messages.
        start: Values of those that are not given.
        given: New values by name.

    Raises:
        UnknownNameError: There is no parameter of that name.
        UsageError: A value has the wrong type or out of range.
    """
    known = start.declared()
    for name in given:
        if name not in known:
            raise unknown_name(f"parameter of {owner}", name, known)
    return replace(start, **given)


def names_in(text: str) -> tuple[str, ...]:
    """Return the names in a text that separates them by commas.

    Example:
        >>> names_in("mel128, tracks40,")
        ('mel128', 'tracks40')
    """
    return tuple(filter(None, (part.strip() for part in text.split(","))))


@cache
def _declared(kind: type[Parameters]) -> Mapping[str, Parameter]:
    if "__dataclass_fields__" not in vars(kind):
        raise TypeError(f"{kind.__name__} is no dataclass: it lacks @dataclass(frozen=True)")
    by_name = {each.name: each for each in fields(kind)}
    found: dict[str, Parameter] = {}
    for base in kind.__mro__:
        for name in inspect.get_annotations(base):
            if name in by_name and name not in found:
                each = by_name[name]
                declared = each.metadata.get(_DECLARED)
                if declared is None:
                    raise TypeError(f"{kind.__name__}.{name} is not declared by parameter(...)")
                _refuse_other_type(f"{kind.__name__}.{name}", each.type, declared.default)
                found[name] = declared
    return found


def _refuse_other_type(who: str, annotated: object, default: Scalar) -> None:
    """Refuse a default of another type than the field's: values are checked against its type."""
    kind = type(default)
    if annotated not in (kind, kind.__name__):
        named = getattr(annotated, "__name__", annotated)
        raise TypeError(
            f"{who} is annotated {named}, and its default {default!r} is of type {kind.__name__}"
        )

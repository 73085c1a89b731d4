"""Named, typed values that recipes and presets set; checked in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from serkit.errors import UsageError, unknown_name

Scalar = str | int | float | bool | None
Parameters = Mapping[str, Scalar]


@dataclass(frozen=True)
class Parameter:
    """One parameter of an extractor.

    Attributes:
        default: Its value where a recipe is silent; its type is the parameter's type.
        help: What it means, with its unit.
        minimum: The least value allowed.
        maximum: The greatest value allowed.
        choices: The only values allowed.
        is_identity: Whether an extractor's numbers depend on it; where they do not, it says where
            or how they are computed, and changing it makes no stored value stale.

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
                f"{name} = {value!r} is of the wrong type",
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
                value = {
                    "true": True,
                    "yes": True,
                    "1": True,
                    "false": False,
                    "no": False,
                    "0": False,
                }[text.lower()]
            elif kind in (int, float):
                value = kind(text)
        except (KeyError, ValueError) as error:
            raise UsageError(
                f"{name} = {text!r} is of the wrong type",
                allowed=f"a value such as {self.default!r} is allowed",
            ) from error
        return self.check(name, value)


def settle(
    owner: str, parameters: Mapping[str, Parameter], given: Mapping[str, object]
) -> dict[str, Scalar]:
    """Check given values and fill in the defaults.

    Args:
        owner: Whose parameters they are, for messages.
        parameters: What may be set.
        given: What is set.

    Returns:
        Every parameter's value, sorted by name.

    Raises:
        UnknownNameError: There is no parameter of that name.
        UsageError: A value is of the wrong type or out of range.
    """
    values = {key: parameter.default for key, parameter in parameters.items()}
    for key, value in given.items():
        if key not in parameters:
            raise unknown_name(f"parameter of {owner}", key, parameters)
        values[key] = parameters[key].check(key, value)
    return dict(sorted(values.items()))


def integer(parameters: Parameters, name: str) -> int:
    """Return a parameter that :meth:`Parameter.check` has made an int."""
    return int(parameters[name])  # type: ignore[arg-type]


def number(parameters: Parameters, name: str) -> float:
    """Return a parameter that :meth:`Parameter.check` has made a float."""
    return float(parameters[name])  # type: ignore[arg-type]


def text(parameters: Parameters, name: str) -> str:
    """Return a parameter that :meth:`Parameter.check` has made a string."""
    return str(parameters[name])

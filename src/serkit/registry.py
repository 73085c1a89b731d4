"""Plug-ins by name: the folder is the table.

A plug-in is one module in one package (``serkit/trainers/logreg.py``) that holds one well-known
attribute (``TRAINER``). Its name is the module's name, with hyphens for underscores. Listing the
names reads the folder and the installed entry points and imports nothing; a plug-in is imported
when somebody asks for it. Modules whose name begins with an underscore are not plug-ins.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Generic, TypeVar, cast

from serkit.errors import SerkitError, unknown_name

T = TypeVar("T")


@dataclass(frozen=True)
class Registry(Generic[T]):
    """The plug-ins of one kind.

    Args:
        kind: The singular noun that messages use, such as ``"model"``.
        package: The package whose modules are plug-ins, and the entry-point group for other
            distributions.
        attribute: The name that each plug-in module binds.
        hint: The command that lists them all.
    """

    kind: str
    package: str
    attribute: str
    hint: str = ""

    def names(self) -> tuple[str, ...]:
        """Return every plug-in's name, sorted; nothing is imported."""
        return tuple(sorted(_targets(self)))

    def __contains__(self, name: str) -> bool:
        """Return whether there is such a plug-in; nothing is imported."""
        wanted = name.replace("_", "-")
        return wanted in _shipped(self) or wanted in _targets(self)

    def get(self, name: str) -> T:
        """Import and return one plug-in.

        Args:
            name: Its name; hyphens and underscores are the same.

        Raises:
            UnknownNameError: There is no such plug-in; the message names the nearest ones.
        """
        wanted = name.replace("_", "-")
        # Those of the package first: reading every distribution's entry points takes 50 ms.
        target = _shipped(self).get(wanted) or _targets(self).get(wanted)
        if target is None:
            raise unknown_name(self.kind, name, _targets(self), hint=self.hint)
        module, _, attribute = target.partition(":")
        return cast(T, getattr(import_module(module), attribute))


@cache
def _shipped(registry: Registry[object]) -> dict[str, str]:
    """Map the name of each plug-in in the package to its ``module:attribute``."""
    package = import_module(registry.package)
    return {
        module.name.replace("_", "-"): f"{registry.package}.{module.name}:{registry.attribute}"
        for module in iter_modules(package.__path__)
        if not module.name.startswith("_")
    }


@cache
def _targets(registry: Registry[object]) -> dict[str, str]:
    """Map each plug-in's name to its ``module:attribute``, with those of other distributions."""
    from importlib.metadata import entry_points

    found = dict(_shipped(registry))
    for entry in entry_points(group=registry.package):
        name = entry.name.replace("_", "-")
        if name in found:
            raise SerkitError(
                f"two {registry.kind}s are named {name!r}: {found[name]} and {entry.value}",
                hint="uninstall or rename one of them",
            )
        found[name] = entry.value
    return found

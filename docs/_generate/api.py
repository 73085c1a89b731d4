"""The page of the site on which mkdocstrings shows every public name."""

from __future__ import annotations

import inspect

import serkit

_HEAD = """# Every public name

Everything that `import serkit` offers, generated from the code when the site is built. In the
repository, read [Library](library.md), which has the same content.
"""


def page() -> str:
    """Return the page: functions, then classes and constants, each a directive of mkdocstrings."""
    functions = [name for name in serkit.__all__ if inspect.isfunction(getattr(serkit, name))]
    others = [name for name in serkit.__all__ if name not in functions]
    parts = [_HEAD, "## Functions", *map(_directive, functions)]
    parts += ["## Classes and constants", *map(_directive, others)]
    return "\n\n".join(parts)


def _directive(name: str) -> str:
    return f"::: serkit.{name}"

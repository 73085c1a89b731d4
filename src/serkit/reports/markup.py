"""HTML that cannot be injected into: text is escaped unless it was built here.

>>> str(tag("p", "a < b ", tag("b", "always"), title='"quoted"'))
'<p title="&quot;quoted&quot;">a &lt; b <b>always</b></p>'
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

_VOID = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "source"})


class Markup(str):
    """Text that is HTML already; every other string is escaped when it becomes a child."""

    __slots__ = ()


Child = str | int | float | None | Iterable["Child"]
"""Content of an element; None is empty, and iterables are flattened."""


def tag(element: str, /, *children: Child, **attributes: str | int | float | bool | None) -> Markup:
    """Build an element.

    Args:
        element: Its name, such as ``"td"``.
        children: Its content; strings that are not :class:`Markup` are escaped.
        attributes: Its attributes. An underscore stands for a hyphen and a trailing one is
            dropped (``class_``, ``aria_label``); True is a bare attribute, None and False are none.
    """
    written = "".join(
        f" {_attribute(name)}" + ("" if value is True else f'="{escape(str(value))}"')
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    if element in _VOID:
        return Markup(f"<{element}{written}>")
    return Markup(f"<{element}{written}>{join(children)}</{element}>")


def join(children: Child) -> Markup:
    """Put children one after the other, escaped where they are plain text."""
    if children is None:
        return Markup()
    if isinstance(children, Markup):
        return children
    if isinstance(children, str | int | float):
        return Markup(escape(str(children)))
    return Markup("".join(map(join, children)))


def _attribute(name: str) -> str:
    return name.rstrip("_").replace("_", "-")

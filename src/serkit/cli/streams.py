"""Make standard streams writable, even if they are closed or not UTF-8."""

from __future__ import annotations

import codecs
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from serkit.cli.output import say

_PLAIN = {"█": "#", "…": "...", "─": "-", "━": "-", "╸": "-", "╺": "-", "–": "-", "×": "x"}
"""Readable replacements for characters that an encoding lacks."""

_HANDLER = "serkit-plain"


def prepare_streams() -> None:
    """Open the standard streams that are closed, and let none fail for a character.

    The next opened file would reuse a closed descriptor's number, and messages would be written
    into that file. File names may contain bytes that are not text, and not every encoding has every
    character.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number, which is this one
    codecs.register_error(_HANDLER, replaced)
    sys.stdout = _writable(sys.stdout)
    sys.stderr = _writable(sys.stderr)


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Print library warnings on one line, without the source line."""
    before = warnings.showwarning
    warnings.showwarning = lambda message, *_where, **_file: say(f"warning: {message}")
    try:
        yield
    finally:
        warnings.showwarning = before


def replaced(error: UnicodeError) -> tuple[str, int]:
    r"""Replace characters that an encoding lacks: by plain ones, by their bytes or their number.

    Example:
        >>> replaced(UnicodeEncodeError("ascii", "█ü", 0, 2, "no such characters"))
        ('#\\xfc', 2)
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte of a file name that is no text
        return f"\\x{ord(character) - 0xDC00:02x}"
    return _PLAIN.get(character) or character.encode("ascii", "backslashreplace").decode()


def _writable(stream: TextIO | None) -> TextIO:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 (it stays open)
    if hasattr(stream, "reconfigure"):  # a test's or a notebook's may not be
        stream.reconfigure(errors=_HANDLER)
    return stream

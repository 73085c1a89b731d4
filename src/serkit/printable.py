"""Text from outside (names of files, titles) as a terminal may show it."""

from __future__ import annotations

import unicodedata


def printable(text: str) -> str:
    r"""Show control characters by their numbers: a file's name may hold a terminal's commands.

    Example:
        >>> printable("red \x1b[31m")
        'red \\x1b[31m'
    """
    if text.isprintable():
        return text
    return "".join(
        each if each == "\n" or unicodedata.category(each) != "Cc" else f"\\x{ord(each):02x}"
        for each in text
    )

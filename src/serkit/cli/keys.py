"""Single keys from a terminal, lines from a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

END = ""
"""Returned at the end of input."""

_END_OF_INPUT = (b"", b"\x00", b"\x04")
"""A closed terminal, and Ctrl-D before and after keys are read singly."""


@contextmanager
def single_keys() -> Iterator[None]:
    """Make a terminal on stdin deliver each key at once, without echo; Ctrl-C still interrupts."""
    if os.name == "nt" or not sys.stdin.isatty():
        yield
        return
    import termios

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        _set_single(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)


def read_key() -> str:
    """Wait for a key or, if stdin is not a terminal, for a line, stripped of spaces.

    Returns:
        The key or line, without empty lines; :data:`END` at the end of input.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    if not sys.stdin.isatty():
        return next((line.strip() for line in sys.stdin if line.strip()), END)
    return _windows_key() if os.name == "nt" else _terminal_key()


def forget_typed() -> None:
    """Discard input typed before a question; it was meant for the previous one."""
    if os.name != "nt" and sys.stdin.isatty():
        import termios

        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def _set_single(descriptor: int) -> None:
    import termios
    import tty

    tty.setcbreak(descriptor, termios.TCSANOW)


def _terminal_key() -> str:
    descriptor = sys.stdin.fileno()
    _set_single(descriptor)  # again: a shell may have changed it while we were suspended
    typed = os.read(descriptor, 32)  # a key that is more than one byte comes whole
    if typed in _END_OF_INPUT:
        return END
    text = typed.decode(errors="replace")
    return text if text.startswith("\x1b") else text[0]


def _windows_key() -> str:
    import msvcrt

    key: str = msvcrt.getwch()  # type: ignore[attr-defined,unused-ignore]
    if key == "\x03":
        raise KeyboardInterrupt
    return END if key in "\x04\x1a" else key

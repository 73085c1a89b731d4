"""Error output: one line, an exit code, no traceback.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done in part, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer

from serkit.cli.output import say
from serkit.errors import SerkitError

IN_PART = 3
"""Some clips failed; each is listed with its reason."""

INTERRUPTED = 130


@contextmanager
def one_line() -> Iterator[None]:
    """Turn errors that users can fix into one line on stderr."""
    try:
        yield
    except SerkitError as error:
        leave(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        leave("interrupted; committed data are kept, run it again to resume", INTERRUPTED)
    except BrokenPipeError:
        # the reader (head, less) has exited
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except OSError as error:
        name = f" {error.filename}" if error.filename else ""
        leave(f"{(error.strerror or str(error)).lower()}:{name or ' (no file named)'}", 1)
    except Exception as error:
        # Click's own refusals: Typer brings its copy of Click or uses the installed one, by
        # version, so they have no class that could be named here.
        if not hasattr(error, "format_message"):
            raise
        _refuse(error)


def _refuse(error: Any) -> None:
    """Report a usage error from Click; a command without arguments shows its help."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        raise SystemExit(error.exit_code)
    said = str(error.format_message()).rstrip(".")
    said = said[:1].lower() + said[1:]
    where = error.ctx.command_path if getattr(error, "ctx", None) else "serkit"
    leave(f"{said}; see '{where} --help'", error.exit_code)


def leave(message: str, code: int) -> NoReturn:
    """Print a message and exit with a code."""
    say(message)
    raise SystemExit(code)

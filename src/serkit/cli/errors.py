"""Errors as the user sees them: one line, an exit code, no traceback.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done in part, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from serkit.errors import SerkitError

IN_PART = 3
"""Some clips failed; each is listed with its reason."""

_INTERRUPTED = 130


@contextmanager
def one_line() -> Iterator[None]:
    """Turn errors that a user can do something about into one line on stderr."""
    try:
        yield
    except SerkitError as error:
        _leave(str(error), error.exit_code)
    except KeyboardInterrupt:
        _leave("interrupted; what was committed stays, run it again to go on", _INTERRUPTED)
    except BrokenPipeError:
        # The reader (head, less) has gone; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except OSError as error:
        name = f" {error.filename}" if error.filename else ""
        _leave(f"{(error.strerror or str(error)).lower()}:{name or ' (no file named)'}", 1)


def _leave(message: str, code: int) -> None:
    print("serkit: " + " ".join(message.split()), file=sys.stderr)
    raise SystemExit(code)

"""The root cause of a chain of errors, in the system's words."""

from __future__ import annotations

TOO_EARLY = "it ended too early"


def cause(error: BaseException) -> str:
    """Return the message of a chain's first error, such as ``No space left on device``.

    Args:
        error: The last one of the chain.
    """
    from http.client import IncompleteRead

    below = error.__cause__ or error.__context__
    if below is not None:
        return cause(below)
    if isinstance(error, IncompleteRead):
        return TOO_EARLY
    if isinstance(error, OSError) and error.strerror:
        return str(error.strerror)
    return str(error) or type(error).__name__

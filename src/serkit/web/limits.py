"""How much a server takes from a stranger."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How much one request may ask of the server.

    Attributes:
        bytes: Most bytes of an upload.
        header_bytes: Most bytes of a request's headers.
        seconds: Longest recording.
        samples: Most samples of all channels of a recording, decoded: a small file may hold many.
        upload_seconds: Maximum duration of an upload.
        at_work: Requests that are computed at a time.
        waiting: Requests that wait for their turn; more are sent away.
    """

    bytes: int = 32 * 2**20
    header_bytes: int = 16 * 2**10
    seconds: float = 1800.0
    samples: int = 100_000_000
    upload_seconds: float = 60.0
    at_work: int = 2
    waiting: int = 100


DEFAULTS = Limits()
"""The limits of ``serkit serve``."""

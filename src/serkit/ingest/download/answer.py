"""Interpret status and headers of an HTTP response."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that another attempt may change."""
WHOLE, PARTIAL, NO_SUCH_RANGE = 200, 206, 416


def described(response: requests.Response) -> str:
    """Describe the status."""
    return f"the server answered {response.status_code} {response.reason}".rstrip()


def first_and_total(response: requests.Response) -> tuple[int, int | None]:
    """Return where in the file the body begins, and the length of the whole file.

    Returns:
        The first byte, -1 if a partial response omits it; the length, None if omitted.
    """
    if response.status_code == PARTIAL:
        return _span(response.headers)
    return 0, _length(response.headers)


def retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds that a server asks to wait; 0 if unspecified."""
    text = headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 0.0


def _span(headers: Mapping[str, str]) -> tuple[int, int | None]:
    match = re.match(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", ""))
    if match is None:
        return -1, None
    return int(match[1]), None if match[2] == "*" else int(match[2])


def _length(headers: Mapping[str, str]) -> int | None:
    text = headers.get("Content-Length", "")
    if headers.get("Content-Encoding", "identity") != "identity" or not text.isdecimal():
        return None
    return int(text)

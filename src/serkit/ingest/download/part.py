"""A partial download, with the validator of the file's version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PartFile:
    """``NAME.part``, and ``NAME.part.json`` beside it.

    Attributes:
        path: The file with the bytes.
    """

    path: Path

    @property
    def note(self) -> Path:
        """Where the bytes are from: the URL, and the server's name for that version."""
        return self.path.with_name(f"{self.path.name}.json")

    def size(self) -> int:
        """Return the number of bytes that are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def forget(self) -> None:
        """Delete both files."""
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def remember(self, url: str, headers: Mapping[str, str]) -> None:
        """Store the validator of this version of the file.

        Args:
            url: Where the bytes come from.
            headers: Headers of the server's response.
        """
        etag = headers.get("ETag", "")
        # RFC 9110, 13.1.5: a weak tag must not be sent in If-Range.
        validator = etag if etag.startswith('"') else headers.get("Last-Modified", "")
        self.note.write_text(json.dumps({"url": url, "validator": validator}))

    def request_headers(self, url: str) -> dict[str, str]:
        """Return the headers that request the missing bytes of the same version.

        Args:
            url: The requested URL. A validator is only valid for the server that issued it.
        """
        # a compressed response would have different byte positions
        headers = {"Accept-Encoding": "identity"}
        if have := self.size():
            headers["Range"] = f"bytes={have}-"
            # without a validator only the checksum shows whether the pieces fit
            if validator := self._validator(url):
                headers["If-Range"] = validator
        return headers

    def _validator(self, url: str) -> str:
        try:
            known = json.loads(self.note.read_text())
            return str(known["validator"]) if known["url"] == url else ""
        except (OSError, ValueError, LookupError, TypeError):
            return ""

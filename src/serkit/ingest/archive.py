"""A downloadable file of a corpus: name, address, size and checksum.

Facts only. :mod:`serkit.ingest.download.corpus` fetches it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from serkit.errors import UsageError

_DIGEST = {"md5": 32, "sha256": 64}
"""Number of hexadecimal digits of the checksums that are understood."""


@dataclass(frozen=True)
class Archive:
    """One published zip file.

    Attributes:
        file_name: The name it is kept under, without a folder.
        url: Where it is published.
        checksum: ``"md5:..."`` or ``"sha256:..."``, in hexadecimal.
        size: In bytes.
        unpacked_size: Approximate size of its audio files, to check disk space before the download;
            0 if unknown.

    Raises:
        UsageError: The checksum, the name or the size cannot be one.
    """

    file_name: str
    url: str
    checksum: str
    size: int
    unpacked_size: int = 0

    def __post_init__(self) -> None:
        digits = _DIGEST.get(self.algorithm)
        if digits is None or not re.fullmatch(rf"[0-9a-f]{{{digits}}}", self.digest):
            raise UsageError(
                f"{self.checksum!r} is not a checksum",
                allowed="md5: with 32 or sha256: with 64 hexadecimal digits is",
            )
        if PurePosixPath(self.file_name).name != self.file_name:
            raise UsageError(f"{self.file_name!r} is not a file name without a folder")
        if self.size <= 0:
            raise UsageError(f"{self.file_name} has {self.size} bytes", allowed="1 or more")

    @property
    def algorithm(self) -> str:
        """``"md5"`` or ``"sha256"``."""
        return self.checksum.partition(":")[0].lower()

    @property
    def digest(self) -> str:
        """The checksum alone: hexadecimal digits, small letters."""
        return self.checksum.partition(":")[2].lower()

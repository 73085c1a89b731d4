"""A file's length and checksum, taken while it is written."""

from __future__ import annotations

import io
from typing import BinaryIO

from xxhash import xxh3_64

from serkit.storage.files import Buffer


class Summed(io.RawIOBase):
    """Writes to another file and sums up what it writes.

    Args:
        file: The file; closing this does not close it.

    Attributes:
        bytes: The bytes written so far.

    Example:
        >>> summed = Summed(io.BytesIO())
        >>> summed.write(b"ab"), summed.bytes, summed.xxh3
        (2, 2, 'a873719c24d5735c')
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sum = xxh3_64()
        self.bytes = 0

    @property
    def xxh3(self) -> str:
        """XXH3 (64 bit) of what was written, in hex."""
        return self._sum.hexdigest()

    def writable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return how much was written."""
        return self.bytes

    def write(self, data: Buffer) -> int:  # type: ignore[override]
        """Write all of some bytes and return how many."""
        self._file.write(data)
        self._sum.update(data)
        size = memoryview(data).nbytes
        self.bytes += size
        return size

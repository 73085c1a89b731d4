"""A file of which some bytes are other than on the disk."""

from __future__ import annotations

import io
from typing import BinaryIO


class Patched(io.RawIOBase):
    """A file open for reading, with some bytes replaced.

    Args:
        raw: The file.
        patches: What stands where, by position.

    Example:
        >>> file = Patched(io.BytesIO(b"0123456789"), {3: b"xyz"})
        >>> _ = file.seek(2)
        >>> file.read(5)
        b'2xyz6'
    """

    def __init__(self, raw: BinaryIO, patches: dict[int, bytes]) -> None:
        super().__init__()
        self._raw, self._patches = raw, patches
        raw.seek(0)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer."""
        begin = self._raw.tell()
        data = bytearray(self._raw.read(len(buffer)))
        for position, patch in self._patches.items():
            first, last = max(position, begin), min(position + len(patch), begin + len(data))
            if first < last:
                data[first - begin : last - begin] = patch[first - position : last - position]
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move."""
        return self._raw.seek(offset, whence)

    def tell(self) -> int:
        """Return where it is."""
        return self._raw.tell()

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be moved in."""
        return True

"""Plain WAV files, 16-bit PCM: their samples are read as they lie in the file.

Most corpora consist of such files, and opening one with libsndfile takes longer than reading it. A
file that is unusual in any way is left to libsndfile: this module reads fewer files, not otherwise.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

_FORMAT = struct.Struct("<HHIIHH")
"""A ``fmt`` chunk: codec, channels, rate, bytes a second, bytes a frame, bits a sample."""

_PCM, _BITS = 1, 16
_MOST_CHANNELS = 8
_MOST_CHUNKS = 64


@dataclass(frozen=True, slots=True)
class PlainWav:
    """A plain WAV file: as much of ``soundfile.SoundFile`` as decoding 16-bit samples needs.

    Attributes:
        samplerate: In Hz.
        channels: How many.
        frames: Samples in each channel.
        raw: The file.
        start: Where its samples begin.
    """

    samplerate: int
    channels: int
    frames: int
    raw: Any
    start: int
    subtype: ClassVar[str] = "PCM_16"

    def __enter__(self) -> PlainWav:
        """Move to the first sample."""
        self.raw.seek(self.start)
        return self

    def __exit__(self, *_error: object) -> None:
        """Do nothing: whoever opened the file closes it."""

    def read(self, frames: int, *, dtype: str, always_2d: bool) -> npt.NDArray[np.int16]:
        """Return the next int16 samples, shape ``(frames, channels)``; fewer at their end."""
        if dtype != "int16" or not always_2d:
            raise ValueError(f"16-bit samples are read as they are, not as {dtype}")
        width = 2 * self.channels
        left = self.frames - (self.raw.tell() - self.start) // width
        block = np.empty((min(frames, left), self.channels), "<i2")
        found = self.raw.readinto(block) if len(block) else 0
        return block[: found // width].astype(np.int16, copy=False)


def plain_wav(raw: Any, size: int) -> PlainWav | None:
    """Return a file as a plain WAV file, or None where it is anything else.

    Its chunks must fill it to the last byte, with one format and one run of samples among them, and
    the format's numbers must agree with each other.

    Args:
        raw: The file, open for reading at any place.
        size: Its size in bytes.
    """
    raw.seek(0)
    head = raw.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return None
    chunks = list(_chunks(raw, size))
    places = {name: (start, length) for name, start, length in chunks}
    if len(places) < len(chunks) or not places.keys() >= {b"fmt ", b"data"}:
        return None
    (start, length), (described_at, described) = places[b"data"], places[b"fmt "]
    if described != _FORMAT.size or described_at > start:
        return None
    raw.seek(described_at)
    codec, channels, rate, per_second, width, bits = _FORMAT.unpack(raw.read(_FORMAT.size))
    if (codec, bits) != (_PCM, _BITS) or not 1 <= channels <= _MOST_CHANNELS:
        return None
    if (width, per_second) != (2 * channels, rate * width) or not length or length % width:
        return None
    return PlainWav(rate, channels, length // width, raw, start)


def _chunks(raw: Any, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield each chunk's name, place and length; nothing where they do not fill the file."""
    position = 12
    found: list[tuple[bytes, int, int]] = []
    while position < size:
        raw.seek(position)
        head = raw.read(8)
        name, length = head[:4], int.from_bytes(head[4:], "little")
        is_name = len(head) == 8 and all(32 <= byte < 127 for byte in name)
        if not is_name or len(found) == _MOST_CHUNKS:
            return
        found.append((name, position + 8, length))
        position += 8 + length
        if position > size:
            return
        position += length % 2  # a last chunk of odd length may go without the byte behind it
    yield from found

"""Audio that comes by a stream, as a file in a temporary folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from serkit.errors import EmptyAudioError, UnreadableAudioError

MOST_BYTES = 2**30
"""Longer streams are refused: an hour of 48 kHz stereo float is 1.4 GB, of 16 bit 0.7."""

_BLOCK = 2**20


@contextmanager
def spooled(stream: BinaryIO, name: str, *, most_bytes: int = MOST_BYTES) -> Iterator[Path]:
    """Write a stream into a temporary folder, which is removed afterwards.

    Args:
        stream: The bytes of an audio file.
        name: The file's name there; messages show it.
        most_bytes: More are refused.

    Raises:
        EmptyAudioError: The stream is empty.
        UnreadableAudioError: It is too long.
    """
    with TemporaryDirectory(prefix="serkit-stream-") as folder:
        path = Path(folder) / name
        size = 0
        with path.open("wb") as file:
            while block := stream.read(_BLOCK):
                size += len(block)
                if size > most_bytes:
                    raise UnreadableAudioError(
                        f"{name} is longer than {most_bytes / 2**20:,.0f} MiB",
                        hint="cut it into parts",
                    )
                file.write(block)
        if not size:
            raise EmptyAudioError(f"{name} is empty", hint="pipe a WAV file into it")
        yield path

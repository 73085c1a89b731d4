"""Sound from a microphone, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.audio.playing import sounddevice
from serkit.clips import SAMPLE_RATE
from serkit.errors import AudioError

Samples = npt.NDArray[np.int16]

BLOCK = SAMPLE_RATE // 10
"""Samples in a block: 0.1 s, so that a level meter moves."""


@contextmanager
def microphone() -> Iterator[Iterator[Samples]]:
    """Yield audio from the system's microphone at 48 kHz until it is unplugged.

    Blocks that arrive while the caller is busy are kept in order.

    Raises:
        MissingDependencyError: sounddevice or PortAudio is not installed.
        AudioError: There is no microphone, or it cannot be opened.
    """
    device = sounddevice()
    blocks: SimpleQueue[Samples | None] = SimpleQueue()

    def take(data: Any, _frames: int, _time: Any, _status: Any) -> None:
        blocks.put(np.array(data[:, 0], np.int16))  # the device reuses its memory

    try:
        stream = device.InputStream(
            samplerate=SAMPLE_RATE,
            channels=1,
            dtype="int16",
            blocksize=BLOCK,
            callback=take,
            finished_callback=lambda: blocks.put(None),
        )
        stream.start()
    except (device.PortAudioError, ValueError) as error:
        raise AudioError(
            f"the microphone cannot be opened ({error})",
            hint="is one connected, and may this program use it? 'python -m sounddevice' lists "
            "devices",
        ) from error
    try:
        yield _until_gone(blocks)
    finally:
        stream.close()


def _until_gone(blocks: SimpleQueue[Samples | None]) -> Iterator[Samples]:
    while (block := blocks.get()) is not None:
        yield block

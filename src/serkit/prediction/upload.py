"""Untrusted audio: decoded within limits, regardless of what the file claims to be."""

from __future__ import annotations

import io
from pathlib import PurePath

from serkit.audio import Audio, read_audio, read_header
from serkit.errors import ClipTooLongError, UnreadableAudioError
from serkit.ingest.unlabelled import DECODED
from serkit.prediction.spool import spooled

MOST_CHANNELS = 32

_KINDS = (
    (b"RIFF", ".wav"),
    (b"RF64", ".wav"),
    (b"fLaC", ".flac"),
    (b"OggS", ".ogg"),
    (b"ID3", ".mp3"),
    (b"\xff\xfb", ".mp3"),
    (b"\xff\xf3", ".mp3"),
    (b"FORM", ".aiff"),
)
"""File signatures with their extensions."""


def decode_upload(
    data: bytes, name: str, *, seconds: float, samples: int, channel: int = 0
) -> Audio:
    """Decode an audio file that came over the net.

    Args:
        data: The file.
        name: Its name, used only in messages, never as a path.
        seconds: The longest recording that is accepted.
        samples: The most samples of all channels together.
        channel: The channel that is read.

    Raises:
        ClipTooLongError: The recording is longer, by its header, than is accepted.
        AudioError: It is no audio that can be decoded.
    """
    suffix = next((kind for start, kind in _KINDS if data.startswith(start)), None)
    shown = PurePath(name.replace("\\", "/")).name[:80] or "upload"
    if suffix is None:
        raise UnreadableAudioError(
            f"{shown} is no audio that can be decoded here",
            allowed=f"files of the kinds {', '.join(sorted(DECODED))} are",
        )
    with spooled(io.BytesIO(data), f"upload{suffix}") as path:
        header = read_header(path)
        if header.channels > MOST_CHANNELS:
            raise UnreadableAudioError(
                f"{shown} has {header.channels:,} channels", allowed=f"up to {MOST_CHANNELS} are"
            )
        length = header.frames / header.sample_rate
        if length > seconds or header.frames * header.channels > samples:
            raise ClipTooLongError(
                f"{shown} holds {length:,.0f} s in {header.channels} channels",
                allowed=f"up to {seconds / 60:g} minutes are accepted",
                hint="cut it into parts",
            )
        return read_audio(path, channel=channel)

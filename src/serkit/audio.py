"""Audio files as int16 samples: the only place that touches soundfile and soxr.

Every signal leaves here the same way: one channel, int16 amplitudes, 48 kHz. What the file held
before that is kept beside it (rate, channels, the SHA-256 of its samples).
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from serkit.clips import SAMPLE_RATE
from serkit.errors import (
    AudioError,
    EmptyAudioError,
    NonFiniteAudioError,
    TruncatedAudioError,
    UnreadableAudioError,
)

SUFFIXES = frozenset({".wav", ".flac"})
"""File name endings, in lower case, of what :func:`read_audio` is given."""

_UNKNOWN_SIZES = frozenset({0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000})
"""Data chunk sizes that programs write when they stream a WAV file and cannot know its length."""

_UNKNOWN_LENGTH = 2**63 - 1
"""Frames that libsndfile reports for a FLAC file whose encoder could not know its length."""

_BLOCK = 1 << 22
"""Frames decoded at a time: a header that claims billions must not claim the memory for them."""

_LOWEST_RATE, _HIGHEST_RATE = 1_000, 1_000_000
"""Rates in Hz that can be a recording's; resampling from others could fill the memory."""


@dataclass(frozen=True, slots=True)
class AudioHeader:
    """What an audio file's header says, without decoding it.

    Attributes:
        sample_rate: In Hz.
        channels: How many.
        frames: Samples in each channel.
    """

    sample_rate: int
    channels: int
    frames: int


@dataclass(frozen=True, slots=True)
class Audio:
    """One decoded audio file.

    Attributes:
        samples: Channel 0, int16 amplitudes at 48 kHz, shape ``(num_frames,)``.
        pcm_sha256: SHA-256 (hex) of the file's own samples before resampling: little-endian
            int16, all channels interleaved.
        channels: Channels in the file.
        resampled_from: The file's rate in Hz where it was not 48 kHz, else None.
    """

    samples: npt.NDArray[np.int16]
    pcm_sha256: str
    channels: int
    resampled_from: int | None

    @property
    def num_frames(self) -> int:
        """Samples at 48 kHz."""
        return len(self.samples)


def read_header(path: Path) -> AudioHeader:
    """Read the header of a WAV or FLAC file.

    Raises:
        AudioError: The file cannot be opened as audio, is empty or is cut off.
    """
    with _opened(path) as file:
        return AudioHeader(file.samplerate, file.channels, file.frames)


def read_audio(path: Path) -> Audio:
    """Decode a WAV or FLAC file of 16, 24 or 32 bit or float samples, of any rate.

    Args:
        path: The file.

    Returns:
        Channel 0 as int16 at 48 kHz. 24 and 32 bit samples keep their upper 16 bits; float
        samples are scaled by 32,768, rounded and clipped; another rate is resampled
        (:func:`resample`).

    Raises:
        EmptyAudioError: No samples.
        TruncatedAudioError: The file ends before its header says it should.
        NonFiniteAudioError: NaN or infinite samples.
        UnreadableAudioError: Not audio, not readable.
    """
    with _opened(path) as file:
        pcm = _decode(file, path)
        rate = int(file.samplerate)
    digest = hashlib.sha256(np.ascontiguousarray(pcm, dtype="<i2").data).hexdigest()
    samples = np.ascontiguousarray(pcm[:, 0])
    if rate == SAMPLE_RATE:
        return Audio(samples, digest, pcm.shape[1], None)
    resampled = resample(samples, rate, SAMPLE_RATE)
    if not len(resampled):
        raise EmptyAudioError(f"{path.name} is too short to resample from {rate} Hz")
    return Audio(resampled, digest, pcm.shape[1], rate)


def resample(samples: npt.NDArray[np.int16], from_rate: int, to_rate: int) -> npt.NDArray[np.int16]:
    """Bring a signal to another rate by soxr (HQ).

    Args:
        samples: int16 amplitudes, shape ``(frames,)``.
        from_rate: Their rate in Hz.
        to_rate: The wanted rate in Hz.

    Returns:
        int16 amplitudes, rounded and clipped, about ``frames * to_rate / from_rate`` of them.
    """
    import soxr

    # In float32: soxr adds dither to integers, and silence would not stay silent.
    exact: npt.NDArray[np.float32] = soxr.resample(
        samples.astype(np.float32), from_rate, to_rate, quality="HQ"
    )
    return np.clip(np.rint(exact), -32768, 32767).astype(np.int16)


def write_wav(path: Path, samples: npt.NDArray[np.int16], sample_rate: int = SAMPLE_RATE) -> None:
    """Write int16 samples, shape ``(frames,)`` or ``(frames, channels)``, as a 16-bit WAV file."""
    import soundfile

    soundfile.write(_named(path), samples, sample_rate, subtype="PCM_16", format="WAV")


def _named(path: Path) -> Path | bytes:
    """Return a path as soundfile takes it, which refuses bytes that are no text in one."""
    return path if os.name == "nt" else os.fsencode(path)


def _opened(path: Path) -> Any:
    """Open a file for decoding after the checks that libsndfile does not make."""
    import soundfile

    try:
        if path.stat().st_size == 0:
            raise EmptyAudioError(f"{path.name} is an empty file")
        if path.suffix.lower() == ".wav":
            with path.open("rb") as raw:
                _check_wav_is_whole(raw, path.stat().st_size, path.name)
        file = soundfile.SoundFile(_named(path))
    except soundfile.LibsndfileError as error:
        raise UnreadableAudioError(
            f"{path.name} cannot be decoded ({error.error_string.rstrip('.')})",
            allowed="WAV and FLAC files can",
        ) from error
    except OSError as error:
        raise UnreadableAudioError(
            f"{path.name} cannot be read ({error.strerror or error})"
        ) from error
    wrong = _wrong_header(file, path.name)
    if wrong:
        file.close()
        raise wrong
    return file


def _wrong_header(file: Any, name: str) -> AudioError | None:
    if file.frames == 0:
        return EmptyAudioError(f"{name} holds no samples")
    if file.frames == _UNKNOWN_LENGTH:  # libsndfile reads such a file, soundfile cannot
        return UnreadableAudioError(
            f"{name} does not say how long it is (it was streamed)", hint="encode it again"
        )
    if not _LOWEST_RATE <= file.samplerate <= _HIGHEST_RATE:
        return UnreadableAudioError(
            f"{name} has a sample rate of {file.samplerate:,} Hz",
            allowed=f"{_LOWEST_RATE:,} to {_HIGHEST_RATE:,} Hz are allowed",
        )
    return None


def _decode(file: Any, path: Path) -> npt.NDArray[np.int16]:
    """Return all samples as int16, shape (frames, channels)."""
    import soundfile

    is_float = file.subtype in ("FLOAT", "DOUBLE")
    try:
        # libsndfile truncates float samples to 0 when asked for int16, so they are scaled here.
        blocks = [_read_block(file, is_float)]
        while len(blocks[-1]) == _BLOCK:
            blocks.append(_read_block(file, is_float))
    except soundfile.LibsndfileError as error:
        raise TruncatedAudioError(
            f"{path.name} breaks off or is damaged ({error.error_string.rstrip('.')})"
        ) from error
    data = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
    if len(data) < file.frames:
        raise TruncatedAudioError(
            f"{path.name} ends after {len(data):,} of the {file.frames:,} frames in its header"
        )
    return _float_to_int16(data, path) if is_float else data


def _read_block(file: Any, is_float: bool) -> npt.NDArray[Any]:
    dtype = "float64" if is_float else "int16"
    block: npt.NDArray[Any] = file.read(_BLOCK, dtype=dtype, always_2d=True)
    return block


def _float_to_int16(data: npt.NDArray[np.float64], path: Path) -> npt.NDArray[np.int16]:
    if not np.isfinite(data).all():
        count = int(np.count_nonzero(~np.isfinite(data)))
        raise NonFiniteAudioError(f"{path.name} holds {count:,} samples that are NaN or infinite")
    return np.clip(np.rint(data * 32768.0), -32768, 32767).astype(np.int16)


def _check_wav_is_whole(raw: BinaryIO, size: int, name: str) -> None:
    """Compare the data chunk's length with the file's: libsndfile shortens without a word."""
    head = raw.read(12)
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return  # RF64, RIFX or not WAV at all: left to libsndfile
    position = 12
    while chunk := raw.read(8):
        if len(chunk) < 8:
            return
        length = int.from_bytes(chunk[4:8], "little")
        position += 8
        if chunk[:4] == b"data":
            if length not in _UNKNOWN_SIZES and position + length > size:
                raise TruncatedAudioError(
                    f"{name} ends {position + length - size:,} bytes before its header says"
                )
            return
        position += length + length % 2
        raw.seek(position)
    raise TruncatedAudioError(f"{name} ends before its first sample")

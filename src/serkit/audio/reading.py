"""Audio files into int16 samples at 48 kHz; every bad file is one error."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, TypeGuard

import numpy as np
import numpy.typing as npt

from serkit.audio.containers import check_size
from serkit.audio.levels import Levels, gain_for, to_int16
from serkit.audio.names import named
from serkit.audio.patched import Patched
from serkit.audio.plain_wav import plain_wav
from serkit.audio.resampling import resample
from serkit.clips import SAMPLE_RATE
from serkit.errors import (
    AudioError,
    EmptyAudioError,
    NonFiniteAudioError,
    TruncatedAudioError,
    UnreadableAudioError,
)

SUFFIXES = frozenset({".wav", ".flac"})
"""File name extensions, in lower case, that :func:`read_audio` reads."""

_UNKNOWN_LENGTH = 2**63 - 1
"""Frames that libsndfile reports for a FLAC file whose encoder could not know its length."""

_BLOCK = 1 << 22
"""Frames decoded at a time: a header that claims billions must not claim the memory for them."""

_LOWEST_RATE, _HIGHEST_RATE = 1_000, 1_000_000
"""Rates in Hz that can be a recording's; resampling from others could fill the memory."""

_FLOATS = {"FLOAT": "", "DOUBLE": "", "VORBIS": "Vorbis", "OPUS": "Opus"}
_FLOATS |= {f"MPEG_LAYER_{number}": "MPEG" for number in ("I", "II", "III")}
"""Kinds of samples that are floats, and the lossy codec of those that come from one."""

_QUIET = 100
"""A channel with a peak lower by this factor (40 dB) than another is probably not the voice."""


@dataclass(frozen=True, slots=True)
class AudioHeader:
    """Facts from an audio file's header, without decoding it.

    Attributes:
        sample_rate: In Hz.
        channels: How many.
        frames: Samples in each channel.
    """

    sample_rate: int
    channels: int
    frames: int


@dataclass(frozen=True, slots=True)
class AudioNote:
    """An unexpected change to a file's samples.

    Attributes:
        path: The file, relative to the folder that was searched.
        clip_id: Its clip.
        text: A clause, such as ``its float samples reach 2 times full scale: ...``.
    """

    path: str
    clip_id: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


@dataclass(frozen=True, slots=True)
class Audio:
    """One decoded audio file.

    Attributes:
        samples: One channel, int16 amplitudes at 48 kHz, shape ``(num_frames,)``.
        pcm_sha256: SHA-256 (hex) of the file's own samples before resampling: little-endian
            int16, all channels interleaved; where another channel than 0 was chosen, of that
            channel alone.
        channels: Channels in the file.
        resampled_from: The file's rate in Hz where it was not 48 kHz, else None.
        notes: What was done to the samples that nobody would expect, a clause each.
    """

    samples: npt.NDArray[np.int16]
    pcm_sha256: str
    channels: int
    resampled_from: int | None
    notes: tuple[str, ...] = ()

    @property
    def num_frames(self) -> int:
        """Samples at 48 kHz."""
        return len(self.samples)


def read_header(path: Path) -> AudioHeader:
    """Read the header of a WAV or FLAC file.

    If the length is not in the header, the file is decoded.

    Raises:
        AudioError: The file cannot be opened as audio, is empty or is cut off.
    """
    with _opened(path) as opened:
        file = opened.file
        frames = file.frames
        if frames == _UNKNOWN_LENGTH:
            frames = sum(len(block) for block in _blocks(file, "int16", path))
        return AudioHeader(file.samplerate, file.channels, frames)


def read_audio(path: Path, *, channel: int = 0) -> Audio:
    """Decode a WAV or FLAC file of 16, 24 or 32 bit or float samples, of any rate.

    Args:
        path: The file.
        channel: Channel to read, from 0; ignored for mono files.

    Returns:
        The channel as int16 at 48 kHz. 24 and 32 bit samples keep their upper 16 bits; float
        samples are scaled by 32,768, rounded and clipped, and where they go beyond full scale
        dealt with by :func:`serkit.audio.levels.gain_for`; another rate is resampled
        (:func:`resample`).

    Raises:
        EmptyAudioError: No samples.
        TruncatedAudioError: The file ends before its header says it should.
        UnfinishedAudioError: The file holds more than its header says.
        NonFiniteAudioError: NaN or infinite samples.
        UnreadableAudioError: Not audio, not readable, or without such a channel.
    """
    with _opened(path) as opened:
        file = opened.file
        rate, channels = int(file.samplerate), int(file.channels)
        if channels == 1:
            channel = 0
        elif not 0 <= channel < channels:
            raise UnreadableAudioError(
                f"{path.name} has no channel {channel}", allowed=f"0 to {channels - 1} are there"
            )
        decoded = _decode(file, path, channel)
    notes = [*_about_size(opened, decoded), *decoded.notes, *_about_channels(decoded)]
    samples, digest = decoded.samples(), decoded.digest.hexdigest()
    if rate == SAMPLE_RATE:
        return Audio(samples, digest, channels, None, tuple(notes))
    resampled = resample(samples, rate, SAMPLE_RATE)
    if not len(resampled):
        raise EmptyAudioError(f"{path.name} is too short to resample from {rate} Hz")
    return Audio(resampled, digest, channels, rate, tuple(notes))


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file open for decoding.

    Attributes:
        file: The decoder.
        sized: Whether its header states the length.
    """

    file: Any
    sized: bool


@contextmanager
def _opened(path: Path) -> Iterator[_Opened]:
    """Open a file for decoding after the checks that libsndfile does not make."""
    try:
        size = path.stat().st_size
        if size == 0:
            raise EmptyAudioError(f"{path.name} is an empty file")
        with path.open("rb") as raw:
            decoder, sized = _decoder(path, raw, size)
            with decoder as file:
                _check_header(file, path.name)
                yield _Opened(file, sized)
    except AudioError:
        raise
    except MemoryError as error:
        raise UnreadableAudioError(
            f"{path.name} does not fit into memory", hint="cut it, or use fewer --workers"
        ) from error
    except OSError as error:
        raise UnreadableAudioError(
            f"{path.name} cannot be read ({error.strerror or error})"
        ) from error
    except Exception as error:
        if not _is_of_libsndfile(error):
            raise
        raise UnreadableAudioError(
            f"{path.name} cannot be decoded ({error.error_string.rstrip('.')})",
            allowed="WAV and FLAC files can",
        ) from error


def _decoder(path: Path, raw: BinaryIO, size: int) -> tuple[Any, bool]:
    """Return a decoder of a file, and whether its header states the length."""
    if plain := plain_wav(raw, size):
        return plain, True
    raw.seek(0)
    unsized = check_size(raw, size, path.name)
    file = _libsndfile(path, raw, unsized.patches if unsized else {})
    return file, unsized is None and file.frames != _UNKNOWN_LENGTH


def _libsndfile(path: Path, raw: BinaryIO, patches: dict[int, bytes]) -> Any:
    """Return libsndfile's view of a file with a corrected header."""
    import soundfile

    file = soundfile.SoundFile(Patched(raw, patches) if patches else named(path))
    if file.frames != _UNKNOWN_LENGTH:
        return file
    file.close()
    return _endless()(named(path))


def _is_of_libsndfile(error: Exception) -> TypeGuard[Any]:
    """Return whether libsndfile raised this, without importing it where no file has needed it."""
    soundfile = sys.modules.get("soundfile")
    return soundfile is not None and isinstance(error, soundfile.LibsndfileError)


@cache
def _endless() -> type[Any]:
    """Return a decoder for a FLAC file of unknown length."""
    import soundfile

    class Endless(soundfile.SoundFile):  # type: ignore[misc]
        """It never seeks: libsndfile cannot where the end is unknown."""

        def seekable(self) -> bool:
            return False

    return Endless


def _check_header(file: Any, name: str) -> None:
    if file.frames == 0:
        raise EmptyAudioError(f"{name} holds no samples")
    if not _LOWEST_RATE <= file.samplerate <= _HIGHEST_RATE:
        raise UnreadableAudioError(
            f"{name} has a sample rate of {file.samplerate:,} Hz",
            allowed=f"{_LOWEST_RATE:,} to {_HIGHEST_RATE:,} Hz are allowed",
        )


@dataclass
class _Decoded:
    """A file's samples, taken block by block.

    Attributes:
        channel: The channel that is kept.
        digest: Of all channels, interleaved, where that is channel 0; else of that channel.
        peaks: The largest magnitude of each channel so far; only where there are several.
        notes: See :attr:`Audio.notes`.
    """

    channel: int
    digest: Any = field(default_factory=hashlib.sha256)
    peaks: npt.NDArray[np.int64] | None = None
    notes: tuple[str, ...] = ()
    _parts: list[npt.NDArray[np.int16]] = field(default_factory=list)

    def add(self, block: npt.NDArray[np.int16]) -> None:
        """Take int16 samples, shape ``(frames, channels)``."""
        kept = np.ascontiguousarray(block[:, self.channel])
        hashed = kept if self.channel else block
        self.digest.update(np.ascontiguousarray(hashed, dtype="<i2").data)
        self._parts.append(kept)
        if block.shape[1] > 1 and len(block):
            wide = np.stack([block.max(axis=0), block.min(axis=0)]).astype(np.int64)
            peaks = np.abs(wide).max(axis=0)
            self.peaks = peaks if self.peaks is None else np.maximum(self.peaks, peaks)

    @property
    def frames(self) -> int:
        """How many there are."""
        return sum(map(len, self._parts))

    def samples(self) -> npt.NDArray[np.int16]:
        """Return the kept channel, shape ``(frames,)``."""
        return self._parts[0] if len(self._parts) == 1 else np.concatenate(self._parts)


def _decode(file: Any, path: Path, channel: int) -> _Decoded:
    decoded = _Decoded(channel)
    if file.subtype in _FLOATS:
        _decode_floats(file, path, decoded)
    else:
        for block in _blocks(file, "int16", path):
            decoded.add(block)
    if not decoded.frames:
        raise EmptyAudioError(f"{path.name} holds no samples")
    if decoded.frames < file.frames != _UNKNOWN_LENGTH:
        raise TruncatedAudioError(
            f"{path.name} ends after {decoded.frames:,} of the {file.frames:,} frames in its header"
        )
    return decoded


def _decode_floats(file: Any, path: Path, decoded: _Decoded) -> None:
    """Decode twice: the conversion depends on all samples."""
    levels, blocks = Levels(), []
    for block in _blocks(file, "float64", path):
        levels.add(block)
        blocks = [block] if levels.blocks == 1 else []
    if levels.bad:
        raise NonFiniteAudioError(
            f"{path.name} holds {levels.bad:,} samples that are NaN or infinite"
        )
    gain = gain_for(levels, _FLOATS[file.subtype])
    if not blocks:
        file.seek(0)
    for block in blocks or _blocks(file, "float64", path):
        decoded.add(to_int16(block, gain.factor))
    decoded.notes = (gain.note,) if gain.note else ()


def _blocks(file: Any, dtype: str, path: Path) -> Iterator[npt.NDArray[Any]]:
    """Yield all samples, shape ``(frames, channels)``.

    libsndfile truncates float samples to 0 when reading int16, so they are read as floats.
    """
    try:
        while True:
            block = file.read(_BLOCK, dtype=dtype, always_2d=True)
            if len(block):
                yield block
            if len(block) < _BLOCK:
                return
    except Exception as error:
        if not _is_of_libsndfile(error):
            raise
        raise TruncatedAudioError(
            f"{path.name} breaks off or is damaged ({error.error_string.rstrip('.')})"
        ) from error


def _about_size(opened: _Opened, decoded: _Decoded) -> Iterator[str]:
    if not opened.sized:
        yield (
            "its header does not say how long it is: all that is there is read, "
            f"{decoded.frames:,} frames"
        )


def _about_channels(decoded: _Decoded) -> Iterator[str]:
    if decoded.peaks is None:
        return
    loudest = int(decoded.peaks.argmax())
    if int(decoded.peaks[decoded.channel]) * _QUIET < int(decoded.peaks[loudest]):
        yield (
            f"channel {decoded.channel}, which is read, is all but silent beside channel {loudest}"
            f" (--channel {loudest} reads that)"
        )

"""Power spectrograms of front-padded signals, computed only where there is signal.

A padded RAVDESS clip is 30 % zeros. Frames that overlap no samples are zero, so they are neither
computed nor stored: a spectrogram here consists of its live frames and the number of zero frames
before them (``lead``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from serkit.dsp import fft
from serkit.dsp.scratch import Scratch
from serkit.errors import ClipTooLongError

_BLOCK = 64
"""Frames transformed at a time: their samples, spectra and powers stay in the L2 cache."""

_LINE = 16
"""Floats in a cache line of 64 bytes."""


@dataclass(frozen=True, slots=True)
class StftSettings:
    """A centred short-time Fourier transform with a periodic Hann window, as librosa's.

    Attributes:
        n_fft: Samples in a frame.
        hop_length: Samples from one frame to the next.
        pad_to: Length to which signals are zero-padded in front; 0 for no padding.

    Example:
        >>> StftSettings(n_fft=2048, hop_length=512, pad_to=0).frames(48_000)
        94
    """

    n_fft: int
    hop_length: int
    pad_to: int

    def frames(self, num_frames: int) -> int:
        """Return the number of frames, including zero frames, for a signal of that many samples."""
        return 1 + (self.pad_to or num_frames) // self.hop_length

    def place(self, num_frames: int) -> Placement:
        """Return the position of a signal among its frames.

        Raises:
            ClipTooLongError: The signal is longer than ``pad_to``.
        """
        lead = self.lead(num_frames)
        # Where the first sample falls in a buffer that begins with the first live frame.
        start = front_padding(num_frames, self.pad_to) + self.n_fft // 2 - lead * self.hop_length
        # hop_length > n_fft leaves gaps between the frames: the signal may begin in one.
        return Placement(lead, self.frames(num_frames) - lead, max(start, 0), max(-start, 0))

    def lead(self, num_frames: int) -> int:
        """Return the number of leading frames that overlap no samples."""
        # Frame t covers [t * hop - n_fft / 2, t * hop + n_fft / 2) of the padded signal.
        padding = front_padding(num_frames, self.pad_to)
        return max(0, (padding - self.n_fft // 2) // self.hop_length + 1) if padding else 0


@dataclass(frozen=True, slots=True)
class Placement:
    """The position of a signal among its frames.

    Attributes:
        lead: Leading frames that overlap no samples.
        live: Frames after them.
        start: Zeros between the beginning of the first live frame and the first sample.
        skipped: Samples before the first live frame.
    """

    lead: int
    live: int
    start: int
    skipped: int


def front_padding(num_frames: int, pad_to: int) -> int:
    """Return the number of zeros before a signal that is padded to ``pad_to`` samples.

    Raises:
        ClipTooLongError: The signal is longer than that.
    """
    if pad_to and num_frames > pad_to:
        raise ClipTooLongError(
            f"the clip has {num_frames:,} samples and the recipe pads to {pad_to:,}",
            hint="use a recipe with a larger pad_to, or with pad_to = 0",
        )
    return pad_to - num_frames if pad_to else 0


def power_spectrogram(
    samples: npt.NDArray[np.float32], settings: StftSettings, scratch: Scratch | None = None
) -> tuple[npt.NDArray[np.float32], int]:
    """Compute the power spectrogram of a front-padded signal.

    Args:
        samples: The signal before padding, shape ``(num_frames,)``.
        settings: The transform.
        scratch: Reusable memory for the result and intermediate arrays; the next call may overwrite
            them. None allocates new memory.

    Returns:
        Squared magnitudes of the live frames, shape ``(1 + n_fft // 2, live)``, float32, and the
        number of zero frames before them.

    Raises:
        ClipTooLongError: The signal is longer than ``settings.pad_to``.
    """
    scratch = scratch or Scratch()
    frames, lead = _framed(samples, settings, scratch)
    return _power(frames, settings, scratch), lead


def power_frames(
    samples: npt.NDArray[np.float32],
    settings: StftSettings,
    *,
    frames: slice | npt.NDArray[np.intp],
    bins: int,
    scale: np.float32,
) -> npt.NDArray[np.float32]:
    """Compute the power spectra of some frames, a frame a row.

    Args:
        samples: See :func:`power_spectrogram`.
        settings: See :func:`power_spectrogram`.
        frames: Which of the live frames.
        bins: How many of the lowest bins.
        scale: All powers are multiplied by it.

    Returns:
        Squared magnitudes times ``scale``, shape ``(frames, bins)``, float32.

    Raises:
        ClipTooLongError: The signal is longer than ``settings.pad_to``.

    Example:
        >>> settings = StftSettings(n_fft=256, hop_length=64, pad_to=0)
        >>> sine = np.sin(np.arange(640, dtype=np.float32))
        >>> some = slice(2, 5)
        >>> found = power_frames(sine, settings, frames=some, bins=100, scale=np.float32(1))
        >>> bool((found.T == power_spectrogram(sine, settings)[0][:100, some]).all())
        True
    """
    scratch = Scratch()
    wanted = _framed(samples, settings, scratch)[0][frames]
    power = np.empty((len(wanted), bins), np.float32)
    for first, rows in _power_rows(wanted, settings, bins, scratch):
        np.multiply(rows, scale, out=power[first : first + len(rows)])
    return power


def power_blocks(
    samples: npt.NDArray[np.float32],
    settings: StftSettings,
    scratch: Scratch | None = None,
    *,
    most_bytes: int,
) -> Iterator[npt.NDArray[np.float32]]:
    """Compute a power spectrogram piece by piece, for signals too long to hold it whole.

    Args:
        samples: See :func:`power_spectrogram`.
        settings: See :func:`power_spectrogram`.
        scratch: See :func:`power_spectrogram`; the next piece overwrites the one before.
        most_bytes: Size that a piece may have; it holds one frame at least.

    Yields:
        Shape ``(1 + n_fft // 2, some)``: all live frames, in order.
    """
    scratch = scratch or Scratch()
    frames, _ = _framed(samples, settings, scratch)
    size = max(1, most_bytes // frame_bytes(settings))
    for first in range(0, len(frames), size):
        yield _power(frames[first : first + size], settings, scratch)


def frame_bytes(settings: StftSettings) -> int:
    """Return the bytes that one frame of a power spectrogram takes."""
    return 4 * (1 + settings.n_fft // 2)


def _framed(
    samples: npt.NDArray[np.float32], settings: StftSettings, scratch: Scratch
) -> tuple[npt.NDArray[np.float32], int]:
    """Return a view of the live frames, shape ``(live, n_fft)``, and how many zero ones precede."""
    n_fft, hop = settings.n_fft, settings.hop_length
    place = settings.place(len(samples))
    samples = samples[place.skipped :]
    end = place.start + len(samples)
    buffer = scratch.array("samples", max(place.live * hop + n_fft, end))
    buffer[: place.start] = 0.0
    buffer[place.start : end] = samples
    buffer[end:] = 0.0
    step = buffer.itemsize
    shape = place.live, n_fft
    return np.ndarray(shape, np.float32, buffer.data, strides=(hop * step, step)), place.lead


def _power(
    frames: npt.NDArray[np.float32], settings: StftSettings, scratch: Scratch
) -> npt.NDArray[np.float32]:
    """Window and transform frames, and return their powers with the frames as columns."""
    bins = 1 + settings.n_fft // 2
    power = scratch.array(("power", settings), bins, len(frames))
    for first, rows in _power_rows(frames, settings, bins, scratch):
        power[:, first : first + len(rows)] = rows.T
    return power


def _power_rows(
    frames: npt.NDArray[np.float32], settings: StftSettings, bins: int, scratch: Scratch
) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
    """Window and transform frames, some at a time.

    Yields:
        The number of the first frame, and the powers of the lowest ``bins`` of it and of those that
        follow, shape ``(some, bins)``; the next ones overwrite them.
    """
    window = hann(settings.n_fft)
    windowed = scratch.array("windowed", _BLOCK, settings.n_fft)
    every = scratch.array("rows", _BLOCK, _width(bins))[:, :bins]
    for first in range(0, len(frames), _BLOCK):
        block = frames[first : first + _BLOCK]
        count = len(block)
        np.multiply(block, window, out=windowed[:count])
        spectra = fft.rfft(windowed[:count], axis=1)
        _square(spectra[:, :bins], out=every[:count])
        yield first, every[:count]


@cache
def hann(n_fft: int) -> npt.NDArray[np.float32]:
    """Return the periodic Hann window of ``n_fft`` samples, read-only."""
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)).astype(np.float32)
    window.flags.writeable = False
    return window


def _square(spectra: npt.NDArray[np.complex64], *, out: npt.NDArray[np.float32]) -> None:
    """Put the squared magnitudes of spectra into ``out``; the spectra are spoilt by it."""
    # abs() would take a square root only for us to square it again. As pairs of floats the
    # spectra are squared in place, in one run through contiguous memory.
    parts = spectra.view(np.float32)
    np.square(parts, out=parts)
    np.add(parts[:, ::2], parts[:, 1::2], out=out)


def _width(bins: int) -> int:
    """Return a row length at which the elements of a column fall into different cache sets.

    1,025 floats are 4 bytes more than 4 KiB: nearly all rows of a block would fall into the same
    cache set, and transposing it would take three times as long.
    """
    lines = -(-bins // _LINE)
    return (lines | 1) * _LINE

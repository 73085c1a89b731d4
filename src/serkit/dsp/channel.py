"""Recording and transmission effects: band limits, companding, codecs, clipping, silence."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from serkit.dsp.noise import Samples, to_int16

_MU = 255.0
"""Of G.711's mu-law."""

_ORDER = 8
"""Of the Butterworth band filters: 48 dB an octave."""


_CODER_FRAME = 1_024
"""Samples of a frame in which weak bands are dropped: 21 ms at 48 kHz, as long as an MP3's."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A lossy format that libsndfile writes.

    Attributes:
        title: Display name, with the measured bit rate for speech at 48 kHz.
        file_format: libsndfile's name of the container.
        subtype: libsndfile's name of the codec.
        compression: Its compression level, 0 (best) to below 1.
        options: Further options of :func:`soundfile.write`.
    """

    title: str
    file_format: str
    subtype: str
    compression: float
    options: tuple[tuple[str, Any], ...] = ()


_CONSTANT = (("bitrate_mode", "CONSTANT"),)

CODECS = {
    "mp3-96": Codec("MP3 96 kbit/s", "MP3", "MPEG_LAYER_III", 0.75, _CONSTANT),
    "mp3-32": Codec("MP3 32 kbit/s", "MP3", "MPEG_LAYER_III", 0.999, _CONSTANT),
    "opus-24": Codec("Opus 24 kbit/s", "OGG", "OPUS", 0.9),
    "opus-12": Codec("Opus 12 kbit/s", "OGG", "OPUS", 0.98),
}
"""Codecs by name, each with about its bit rate in kbit/s."""


def limit_band(samples: Samples, low: float, high: float, sample_rate: int) -> Samples:
    """Remove frequencies outside a band.

    Args:
        samples: Shape ``(samples,)``.
        low: Lower edge in Hz; 0 keeps all that is low.
        high: Upper edge in Hz; 0 keeps all that is high.
        sample_rate: In Hz.
    """
    from scipy.signal import butter, sosfilt

    signal = samples.astype(np.float64)
    if low:
        signal = sosfilt(butter(_ORDER, low, "high", fs=sample_rate, output="sos"), signal)
    if 0 < high < sample_rate / 2:
        signal = sosfilt(butter(_ORDER, high, "low", fs=sample_rate, output="sos"), signal)
    return to_int16(np.asarray(signal))


def through_rate(samples: Samples, rate: int, sample_rate: int) -> Samples:
    """Resample a clip to another rate and back, as if recorded at that rate.

    Args:
        samples: Shape ``(samples,)``.
        rate: In Hz.
        sample_rate: Of the clip, in Hz.

    Returns:
        As many samples as there were.
    """
    import soxr

    there = soxr.resample(samples.astype(np.float32), sample_rate, rate, quality="HQ")
    back = soxr.resample(to_int16(there).astype(np.float32), rate, sample_rate, quality="HQ")
    return _as_long(to_int16(back), len(samples))


def through_mu_law(samples: Samples) -> Samples:
    """Quantise to 8 bits by the mu-law (ITU-T G.711, in its continuous form).

    Example:
        >>> through_mu_law(np.array([0, 100, -30_000], np.int16)).tolist()
        [0, 98, -30017]
    """
    share = samples.astype(np.float64) / 32_768.0
    squeezed = np.sign(share) * np.log1p(_MU * np.abs(share)) / np.log1p(_MU)
    steps = np.rint(squeezed * 127.0) / 127.0
    return to_int16(np.sign(steps) * np.expm1(np.abs(steps) * np.log1p(_MU)) / _MU * 32_768.0)


def through_codec(samples: Samples, codec: str, sample_rate: int) -> Samples:
    """Encode and decode a clip in memory.

    Args:
        samples: Shape ``(samples,)``.
        codec: One of :data:`CODECS`.
        sample_rate: Sample rate in Hz; Opus supports 48,000 and few others.

    Returns:
        As many samples as there were; some codecs delay them by some milliseconds.
    """
    import soundfile

    made, how = BytesIO(), CODECS[codec]
    soundfile.write(
        made,
        samples,
        sample_rate,
        format=how.file_format,
        subtype=how.subtype,
        compression_level=how.compression,
        **dict(how.options),
    )
    made.seek(0)
    decoded, _ = soundfile.read(made, dtype="float64")
    return _as_long(to_int16(decoded * 32_768.0), len(samples))


def overload(samples: Samples, decibels: float) -> Samples:
    """Clip samples above a level relative to the peak.

    Args:
        samples: Shape ``(samples,)``.
        decibels: How far below the peak.

    Example:
        >>> overload(np.array([100, -1_000, 600], np.int16), 6.0206).tolist()
        [100, -500, 500]
    """
    if not len(samples):
        return samples
    most = np.rint(np.abs(samples.astype(np.int32)).max() * 10.0 ** (-decibels / 20.0))
    return to_int16(np.clip(samples.astype(np.float64), -most, most))


def offset(samples: Samples, share: float) -> Samples:
    """Add a constant.

    Args:
        samples: Shape ``(samples,)``.
        share: The constant as a share of full scale, -1 to 1.

    Example:
        >>> offset(np.array([0, 10], np.int16), 0.01).tolist()
        [328, 338]
    """
    return to_int16(samples.astype(np.float64) + 32_768.0 * share)


def remove_constant(samples: Samples) -> Samples:
    """Subtract the mean, to the nearest step.

    Example:
        >>> remove_constant(np.array([328, 338, 327, 327], np.int16)).tolist()
        [-2, 8, -3, -3]
    """
    if not len(samples):
        return samples
    return to_int16(samples - np.rint(np.mean(samples, dtype=np.float64)))


def drop_weak_bands(samples: Samples, decibels: float) -> Samples:
    """Silence, frame by frame, each third of an octave that is weak, as coders short of bits do.

    Args:
        samples: Shape ``(samples,)``.
        decibels: How far below the frame's loudest band those lie that are silenced.

    Returns:
        As many samples as there were.
    """
    from scipy.signal import istft, stft

    shape = {"nperseg": _CODER_FRAME, "noverlap": _CODER_FRAME // 2}
    signal = np.zeros(max(len(samples), _CODER_FRAME), np.float32)
    signal[: len(samples)] = samples
    _, _, spectra = stft(signal, **shape)
    thirds = np.unique(np.rint(2.0 ** (np.arange(3 * np.log2(len(spectra))) / 3.0)).astype(int))
    edges = np.concatenate(([0], thirds))
    power = np.add.reduceat(np.abs(spectra) ** 2, edges, axis=0)
    heard = power >= power.max(axis=0) * 10.0 ** (-decibels / 10.0)
    kept = np.repeat(heard, np.diff(np.concatenate((edges, [len(spectra)]))), axis=0)
    _, coded = istft(spectra * kept, **shape)
    return to_int16(coded[: len(samples)])


def add_silence(samples: Samples, before: float, after: float, sample_rate: int) -> Samples:
    """Put digital silence before and behind a clip, in seconds.

    Example:
        >>> add_silence(np.array([7], np.int16), 0.5, 1.0, 4).tolist()
        [0, 0, 7, 0, 0, 0, 0]
    """
    return np.pad(samples, (round(before * sample_rate), round(after * sample_rate)))


def _as_long(samples: Samples, length: int) -> Samples:
    kept = samples[:length]
    return np.pad(kept, (0, length - len(kept)))

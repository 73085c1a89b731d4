"""Acoustic tracks: measurements every 10 ms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serkit.dsp import shape, voice
from serkit.dsp.cepstrum import cepstrum, decibels, deltas
from serkit.dsp.mel import mel_bank
from serkit.dsp.pitch import yin
from serkit.dsp.segments import segments
from serkit.dsp.shape import Bins
from serkit.dsp.stft import StftSettings, hann, power_spectrogram

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

FULL_RATE = 48_000
"""Rate in Hz that spectra are taken at."""

VOICE_RATE = 16_000
"""Rate in Hz that pitch and harmonics are sought at."""

FRAMES_PER_SECOND = 100

BANDS, COEFFICIENTS = 40, 20
"""Mel bands from 50 Hz to :data:`TOP`, and cepstral coefficients taken from them."""

TOP = 8_000.0
"""Highest frequency in Hz of all that describes a spectrum's form."""

HIGH_BANDS = ((8_000, 10_000), (10_000, 12_500), (12_500, 16_000), (16_000, 20_000))
"""Bands in Hz above :data:`TOP` whose level is measured."""

LOWEST_PITCH, HIGHEST_PITCH = 65.0, 800.0
"""Where a voice's fundamental frequency is sought, in Hz."""

SPEECH_RANGE = 30.0
"""A frame holds speech if its level is at most this many dB below the clip's loudest frame."""

_SEGMENT, _CONTEXT = 6_000, 20
"""Frames measured at a time, and those around them that they depend on (0.2 s; a window for the
pitch is 48 ms long)."""

VOICED_BELOW = 0.3
"""A speech frame is voiced if YIN's normalised difference is below this."""

SHAPE = {
    "centroid": "spectral centroid in Hz",
    "bandwidth": "spectral standard deviation in Hz",
    "spectral_skewness": "spectral skewness (its inverse hyperbolic sine)",
    "spectral_kurtosis": "spectral kurtosis (its inverse hyperbolic sine)",
    **{
        f"rolloff_{round(100 * s)}": f"frequency in Hz below which {s:.0%} of the power lies"
        for s in shape.ROLLOFFS
    },
    "flatness": "spectral flatness in dB",
    **{
        f"slope_{low:.0f}_{high:.0f}": f"spectral slope from {low:.0f} to {high:.0f} Hz in dB a kHz"
        for low, high in shape.SLOPES
    },
    "alpha_ratio": "alpha ratio (1 to 5 kHz over 50 Hz to 1 kHz) in dB",
    "hammarberg": "Hammarberg index (peak below 2 kHz over peak of 2 to 5 kHz) in dB",
    "flux": "change of the spectrum's form since the frame before",
}
"""Tracks of a spectrum's form, and what each is."""

FAMILIES: dict[str, dict[str, str]] = {
    "energy": {"energy": "level in dB relative to full scale, 0 to 8 kHz"},
    "mel": {f"mel_{i:02d}": f"level of mel band {i} of {BANDS} in dB" for i in range(1, BANDS + 1)},
    "mfcc": {
        f"mfcc_{i:02d}": f"mel-frequency cepstral coefficient {i}"
        for i in range(1, COEFFICIENTS + 1)
    },
    "shape": SHAPE,
    "high": {
        f"level_{low}_{high}": f"level from {low} to {high} Hz in dB" for low, high in HIGH_BANDS
    },
    "pitch": {"pitch": "fundamental frequency in semitones above 55 Hz"},
    "voice": {
        "harmonicity": "periodic over other power in dB",
        "cepstral_peak": "prominence of the cepstral peak in dB",
        "h1_h2": "harmonic 1 over harmonic 2 in dB",
        "h1_h3": "harmonic 1 over harmonic 3 in dB",
        "h1_h4": "harmonic 1 over harmonic 4 in dB",
    },
}
"""Families of tracks that are measured together, with names and meanings."""


@dataclass(frozen=True, slots=True)
class Tracks:
    """Tracks from the first to the last speech frame.

    Attributes:
        families: For each of :data:`FAMILIES`, an array of shape (frames, tracks).
        speech: Which frames hold speech, shape (frames,).
        voiced: Which of those are voiced, shape (frames,).
        before: Frames of the clip before the first.
        after: Frames of the clip behind the last.
    """

    families: dict[str, Floats]
    speech: Mask
    voiced: Mask
    before: int
    after: int

    def over(self, family: str, *, change: bool = False) -> Floats:
        """Return a family's tracks, or their :func:`~serkit.dsp.cepstrum.deltas`."""
        tracks = self.families[family]
        return deltas(tracks) if change else tracks


def measure(samples: npt.NDArray[np.int16], sample_rate: int) -> Tracks:
    """Measure all tracks of a clip.

    Args:
        samples: Shape (samples,).
        sample_rate: Samples a second. Other rates than :data:`FULL_RATE` are converted to it;
            below 40 kHz the levels of :data:`HIGH_BANDS` then are those of nothing.
    """
    families, aperiodicity = _measure_frames(samples, sample_rate)
    count = len(aperiodicity)
    level = families["energy"][:count, 0]
    speech = level >= level.max() - SPEECH_RANGE
    first, last = np.flatnonzero(speech)[[0, -1]]
    inside = slice(int(first), int(last) + 1)
    return Tracks(
        families={name: tracks[inside] for name, tracks in families.items()},
        speech=speech[inside],
        voiced=(speech & (aperiodicity < VOICED_BELOW))[inside],
        before=int(first),
        after=count - int(last) - 1,
    )


def _measure_frames(
    samples: npt.NDArray[np.int16], sample_rate: int
) -> tuple[dict[str, Floats], Floats]:
    """Measure all tracks in every frame, and how aperiodic it is.

    Each frame depends on those around it alone, so a long recording is dealt with piece by piece:
    as a whole, half an hour would take 5 GB.
    """
    hop, narrow_hop = FULL_RATE // FRAMES_PER_SECOND, VOICE_RATE // FRAMES_PER_SECOND
    frames = 1 + len(samples) // hop
    if frames <= _SEGMENT or sample_rate != FULL_RATE:
        full = _resample(_as_signal(samples), sample_rate, FULL_RATE)
        return _tracks_of(full, _resample(full, FULL_RATE, VOICE_RATE))
    narrow = _narrowed(samples)
    families, aperiodic = [], []
    for piece in segments(frames, _SEGMENT, _CONTEXT):
        full = _as_signal(samples[piece.begin * hop : piece.end * hop])
        found, aperiodicity = _tracks_of(
            full, narrow[piece.begin * narrow_hop : piece.end * narrow_hop]
        )
        families.append({name: tracks[piece.kept] for name, tracks in found.items()})
        aperiodic.append(aperiodicity[piece.kept])
    joined = {name: np.concatenate([each[name] for each in families]) for name in families[0]}
    return joined, np.concatenate(aperiodic)


def _tracks_of(full: Floats, narrow: Floats) -> tuple[dict[str, Floats], Floats]:
    """Measure all tracks of a signal given at both sample rates."""
    families, aperiodicity = _voice_tracks(narrow)
    families |= _spectral_tracks(full)
    # Two rates may disagree on whether one last frame begins.
    count = min(len(tracks) for tracks in families.values())
    return {name: tracks[:count] for name, tracks in families.items()}, aperiodicity[:count]


def _as_signal(samples: npt.NDArray[np.int16]) -> Floats:
    return samples.astype(np.float32) / np.float32(32_768.0)


def _narrowed(samples: npt.NDArray[np.int16]) -> Floats:
    """Bring a long recording to :data:`VOICE_RATE`, some seconds at a time."""
    import soxr

    stream = soxr.ResampleStream(FULL_RATE, VOICE_RATE, 1, dtype="float32", quality="HQ")
    size = _SEGMENT * FULL_RATE // FRAMES_PER_SECOND
    parts = [
        stream.resample_chunk(
            _as_signal(samples[first : first + size]), last=first + size >= len(samples)
        )
        for first in range(0, len(samples), size)
    ]
    return np.concatenate(parts)


def _resample(signal: Floats, sample_rate: int, wanted: int) -> Floats:
    if sample_rate == wanted:
        return signal
    import soxr

    return np.asarray(soxr.resample(signal, sample_rate, wanted, quality="HQ"), np.float32)


def _spectra(signal: Floats, sample_rate: int, length: int) -> Floats:
    """Return power spectra, shape (frames, bins); a full-scale sine's peak is about 1."""
    settings = StftSettings(length, sample_rate // FRAMES_PER_SECOND, pad_to=0)
    power, _ = power_spectrogram(signal, settings)
    return np.ascontiguousarray(power.T) * np.float32((2.0 / hann(length).sum()) ** 2)


def _spectral_tracks(signal: Floats) -> dict[str, Floats]:
    """Measure tracks that do not need pitch, in windows of 32 ms."""
    length = FULL_RATE * 32 // 1000
    power = _spectra(signal, FULL_RATE, length)
    every = Bins(FULL_RATE, power.shape[1])
    high = [power[:, every.between(*edges)].sum(axis=1) for edges in HIGH_BANDS]
    bins = Bins(int(2 * TOP), 1 + int(TOP * length / FULL_RATE))
    low = np.ascontiguousarray(power[:, : bins.count])
    bank = mel_bank(bins.sample_rate, 2 * (bins.count - 1), BANDS, 50.0)
    # Unit peaks in place of unit areas keep the levels of wide bands away from the floor.
    mel = decibels(low @ (bank / bank.max(axis=1, keepdims=True)).T)
    return {
        "energy": decibels(low.sum(axis=1, keepdims=True)),
        "mel": mel,
        "mfcc": cepstrum(mel, COEFFICIENTS),
        "shape": _shape_tracks(low, bins),
        "high": decibels(np.stack(high, axis=1)),
    }


def _shape_tracks(power: Floats, bins: Bins) -> Floats:
    moments = shape.moments(power, bins)
    # Skewness and kurtosis have tails that would rule every mean.
    moments[:, 2:] = np.arcsinh(moments[:, 2:])
    one = (shape.flatness(power)[:, np.newaxis], shape.slopes(power, bins))
    two = (shape.band_ratios(power, bins), shape.flux(power)[:, np.newaxis])
    return np.concatenate((moments, shape.rolloffs(power, bins), *one, *two), axis=1)


def _voice_tracks(signal: Floats) -> tuple[dict[str, Floats], Floats]:
    """Measure pitch and voice quality, and return with them how aperiodic each frame is."""
    hop = VOICE_RATE // FRAMES_PER_SECOND
    track = yin(signal, VOICE_RATE, hop_length=hop, minimum=LOWEST_PITCH, maximum=HIGHEST_PITCH)
    # 64 ms: long enough to part the harmonics of a low voice.
    power = _spectra(signal, VOICE_RATE, VOICE_RATE * 64 // 1000)
    bins = Bins(VOICE_RATE, power.shape[1])
    quality = (
        voice.harmonicity(track.aperiodicity)[:, np.newaxis],
        voice.cepstral_peak(power, bins, LOWEST_PITCH, 500.0)[:, np.newaxis],
        voice.harmonic_differences(power, track.f0, bins),
    )
    semitones = 12.0 * np.log2(track.f0 / 55.0)
    # A median over 50 ms takes out single octave errors.
    pitch = median_of_five(semitones).astype(np.float32)[:, np.newaxis]
    return {"pitch": pitch, "voice": np.concatenate(quality, axis=1)}, track.aperiodicity


def median_of_five(values: Floats) -> Floats:
    """Return the median of each value and its two neighbours on either side, mirrored at the ends.

    Equal to ``scipy.ndimage.median_filter(values, 5)``, whose import takes longer than processing a
    clip.
    """
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, 2, mode="symmetric"), 5)
    return np.asarray(np.partition(windows, 2, axis=1)[:, 2])

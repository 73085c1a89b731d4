"""Acoustic tracks: measurements every 10 ms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from serkit.dsp import shape, voice
from serkit.dsp.cepstrum import FLOOR, cepstrum, decibels
from serkit.dsp.families import BANDS, COEFFICIENTS, FAMILIES, HIGH_BANDS, TOP
from serkit.dsp.mel import mel_bank
from serkit.dsp.pitch import yin
from serkit.dsp.segments import segments
from serkit.dsp.shape import Bins
from serkit.dsp.stft import StftSettings, hann, power_frames

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Frames = slice | npt.NDArray[np.intp]

FULL_RATE = 48_000
"""Rate in Hz that spectra are taken at."""

VOICE_RATE = 16_000
"""Rate in Hz that pitch and harmonics are sought at."""

FRAMES_PER_SECOND = 100

_HOP, _NARROW_HOP = FULL_RATE // FRAMES_PER_SECOND, VOICE_RATE // FRAMES_PER_SECOND
_WINDOW = FULL_RATE * 32 // 1000
_VOICE_WINDOW = VOICE_RATE * 64 // 1000
"""64 ms: long enough to part the harmonics of a low voice."""

LOWEST_PITCH, HIGHEST_PITCH = 65.0, 800.0
"""Where a voice's fundamental frequency is sought, in Hz."""

_EVERY = Bins(FULL_RATE, 1 + _WINDOW // 2)
_HIGHEST = _EVERY.between(*HIGH_BANDS[-1]).stop
_LOW = Bins(int(2 * TOP), 1 + int(TOP * _WINDOW / FULL_RATE))
_VOICE = Bins(VOICE_RATE, 1 + _VOICE_WINDOW // 2)

SPEECH_RANGE = 30.0
"""A frame holds speech if its level is at most this many dB below the clip's loudest frame."""

_SEGMENT, _CONTEXT = 6_000, 20
"""Frames measured at a time, and those around them that they depend on (0.2 s; a window for the
pitch is 48 ms long)."""

_SIDE_BY_SIDE = 4
"""Matrix products round a frame's values by its place among this many: spans begin and end at
multiples of it, so that a value does not depend on where the speech begins."""

VOICED_BELOW = 0.3
"""A speech frame is voiced if YIN's normalised difference is below this."""


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


def measure(samples: npt.NDArray[np.int16], sample_rate: int, *, only_used: bool = False) -> Tracks:
    """Measure all tracks of a clip.

    Args:
        samples: Shape (samples,).
        sample_rate: Samples a second. Other rates than :data:`FULL_RATE` are converted to it;
            below 40 kHz the levels of :data:`HIGH_BANDS` then are those of nothing.
        only_used: Whether the quality of a voice, other than its harmonicity, may stay 0 in
            frames that are not voiced, which saves time.
    """
    if 1 + len(samples) // _HOP <= _SEGMENT or sample_rate != FULL_RATE:
        full = _resample(_as_signal(samples), sample_rate, FULL_RATE)
        return _measure_clip(full, only_used=only_used)
    return _measure_recording(samples)


def _measure_clip(full: Floats, *, only_used: bool) -> Tracks:
    """Measure a signal that is no longer than a segment: all that costs time in its span alone."""
    narrow = _resample(full, FULL_RATE, VOICE_RATE)
    spectra = _Spectra.of(full, _heard(full))
    # Two rates may disagree on whether one last frame begins.
    count = min(len(spectra.low), 1 + len(narrow) // _NARROW_HOP)
    level = spectra.energy()[:count, 0]
    span = _Span.of(level, count)
    asked = span.speech if only_used else None
    families, aperiodicity = _voice_tracks(narrow, span.frames, asked)
    families |= spectra.tracks(span.frames)
    return span.tracks(families, aperiodicity)


def _measure_recording(samples: npt.NDArray[np.int16]) -> Tracks:
    """Measure a long recording piece by piece: as a whole, half an hour would take 5 GB.

    Each frame depends on those around it alone.
    """
    narrow = _narrowed(samples)
    families, aperiodic = [], []
    for piece in segments(1 + len(samples) // _HOP, _SEGMENT, _CONTEXT):
        full = _as_signal(samples[piece.begin * _HOP : piece.end * _HOP])
        part = narrow[piece.begin * _NARROW_HOP : piece.end * _NARROW_HOP]
        spectra = _Spectra.of(full, slice(0, 1 + len(full) // _HOP))
        # Two rates may disagree on whether one last frame begins.
        every = slice(0, min(len(spectra.low), 1 + len(part) // _NARROW_HOP))
        found, aperiodicity = _voice_tracks(part, every)
        found |= spectra.tracks(every)
        families.append({name: tracks[piece.kept] for name, tracks in found.items()})
        aperiodic.append(aperiodicity[piece.kept])
    joined = {name: np.concatenate([each[name] for each in families]) for name in families[0]}
    count = len(joined["energy"])
    span = _Span.of(joined["energy"][:, 0], count)
    inside = span.frames
    return span.tracks(
        {name: tracks[inside] for name, tracks in joined.items()},
        np.concatenate(aperiodic)[inside],
    )


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a clip's speech begins and ends.

    Attributes:
        first: The first speech frame.
        last: The last.
        count: Frames of the clip.
        speech: Which of those from the first to the last hold speech.
    """

    first: int
    last: int
    count: int
    speech: Mask

    @classmethod
    def of(cls, level: Floats, count: int) -> _Span:
        """Find the speech from each frame's level in dB."""
        speech = level >= level.max() - SPEECH_RANGE
        first, last = (int(place) for place in np.flatnonzero(speech)[[0, -1]])
        return cls(first, last, count, speech[first : last + 1])

    @property
    def frames(self) -> slice:
        """The frames from the first to the last."""
        return slice(self.first, self.last + 1)

    def tracks(self, families: dict[str, Floats], aperiodicity: Floats) -> Tracks:
        """Return the tracks of these frames."""
        return Tracks(
            families=families,
            speech=self.speech,
            voiced=_voiced(self.speech, aperiodicity),
            before=self.first,
            after=self.count - self.last - 1,
        )


def _voiced(speech: Mask, aperiodicity: Floats) -> Mask:
    return speech & (aperiodicity < VOICED_BELOW)


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


def _spectra(signal: Floats, length: int, hop: int, bins: int, frames: Frames) -> Floats:
    """Return power spectra, shape (frames, bins); a full-scale sine's peak is about 1."""
    settings = StftSettings(length, hop, pad_to=0)
    scale = np.float32((2.0 / hann(length).sum()) ** 2)
    return power_frames(signal, settings, frames=frames, bins=bins, scale=scale)


@dataclass(frozen=True, slots=True)
class _Spectra:
    """Power spectra in windows of 32 ms, and the tracks that do not need pitch.

    Attributes:
        first: The first frame that may hold speech, or one shortly before it.
        power: All bins to the highest of :data:`HIGH_BANDS`, from there to the last frame that may
            hold speech or one shortly behind it, shape (some frames, bins).
        low: Those up to :data:`TOP` of every frame, zero in all other frames.
    """

    first: int
    power: Floats
    low: Floats

    @classmethod
    def of(cls, signal: Floats, heard: slice) -> _Spectra:
        """Compute them for a signal at :data:`FULL_RATE`, in frames that may hold speech."""
        # With the frame before the first, for the flux.
        wide = _widened(slice(heard.start - 1, heard.stop))
        power = _spectra(signal, _WINDOW, _HOP, _HIGHEST, wide)
        low = np.zeros((1 + len(signal) // _HOP, _LOW.count), np.float32)
        low[wide] = power[:, : _LOW.count]
        return cls(wide.start, power, low)

    def energy(self) -> Floats:
        """Return every frame's level in dB, shape (frames, 1)."""
        return decibels(self.low.sum(axis=1, keepdims=True))

    def tracks(self, frames: slice) -> dict[str, Floats]:
        """Measure the tracks of some frames."""
        power = self.power[frames.start - self.first : frames.stop - self.first]
        high = [power[:, _EVERY.between(*edges)].sum(axis=1) for edges in HIGH_BANDS]
        # Of all frames: a matrix product rounds by the number of rows.
        mel = decibels((self.low @ _peaked_bank())[frames])
        return {
            "energy": self.energy()[frames],
            "mel": mel,
            "mfcc": cepstrum(mel, COEFFICIENTS),
            "shape": self._shape(frames),
            "high": decibels(np.stack(high, axis=1)),
        }

    def _shape(self, frames: slice) -> Floats:
        # With the frame before the first, for the flux.
        wide = _widened(slice(frames.start - 1, frames.stop))
        found = _shape_tracks(self.low[wide], _LOW)
        return found[frames.start - wide.start : frames.stop - wide.start]


def _heard(signal: Floats) -> slice:
    """Return frames outside which no frame can hold speech.

    A frame's level is at most that of its samples without a window, and the loudest frame's at
    least that of any: most silence is found without a spectrum.
    """
    count = 1 + len(signal) // _HOP
    padded = np.zeros((count + 3) * _HOP, np.float32)
    padded[2 * _HOP :][: len(signal)] = signal
    pieces = padded.reshape(-1, _HOP)
    power = np.einsum("ij,ij->i", pieces, pieces)
    # The four pieces around each frame's centre hold all of its samples.
    most = power[:-3] + power[1:-2] + power[2:-1] + power[3:]
    loud = int(most.argmax())
    some = _spectra(signal, _WINDOW, _HOP, _LOW.count, slice(loud, loud + 1))
    least = float(some.sum()) * 10.0 ** (-SPEECH_RANGE / 10.0)
    if least <= 2.0 * FLOOR:
        return slice(0, count)
    # Room for rounding: the comparison decides what is computed, not what is speech.
    most *= np.float32(1.01 * _WINDOW * (2.0 / hann(_WINDOW).sum()) ** 2)
    first, last = np.flatnonzero(most >= least)[[0, -1]]
    return slice(int(first), int(last) + 1)


def _widened(frames: slice) -> slice:
    """Return these frames and the fewest around them that begin and end as they have to."""
    begin = max(frames.start, 0) // _SIDE_BY_SIDE * _SIDE_BY_SIDE
    return slice(begin, -(-frames.stop // _SIDE_BY_SIDE) * _SIDE_BY_SIDE)


@cache
def _peaked_bank() -> Floats:
    """Return the mel bank, shape (bins, bands).

    Unit peaks in place of unit areas keep the levels of wide bands away from the floor.
    """
    bank = mel_bank(_LOW.sample_rate, 2 * (_LOW.count - 1), BANDS, 50.0)
    return np.asarray((bank / bank.max(axis=1, keepdims=True)).T)


def _shape_tracks(power: Floats, bins: Bins) -> Floats:
    moments = shape.moments(power, bins)
    # Skewness and kurtosis have tails that would rule every mean.
    moments[:, 2:] = np.arcsinh(moments[:, 2:])
    level = decibels(power)
    one = (shape.flatness(power, level)[:, np.newaxis], shape.slopes(power, bins, level))
    two = (shape.band_ratios(power, bins), shape.flux(power)[:, np.newaxis])
    return np.concatenate((moments, shape.rolloffs(power, bins), *one, *two), axis=1)


def _voice_tracks(
    signal: Floats, frames: slice, speech: Mask | None = None
) -> tuple[dict[str, Floats], Floats]:
    """Measure pitch and voice quality, and return with them how aperiodic each frame is.

    Args:
        signal: At :data:`VOICE_RATE`.
        frames: Those to measure.
        speech: Which of them hold speech: the quality is measured where that is voiced. None
            measures it everywhere.
    """
    # With two frames on either side, for the median.
    begin, end = max(frames.start - 2, 0), min(frames.stop + 2, 1 + len(signal) // _NARROW_HOP)
    track = yin(
        signal,
        VOICE_RATE,
        hop_length=_NARROW_HOP,
        minimum=LOWEST_PITCH,
        maximum=HIGHEST_PITCH,
        frames=slice(begin, end),
    )
    inside = slice(frames.start - begin, frames.stop - begin)
    aperiodicity = track.aperiodicity[inside]
    voiced = np.ones(len(aperiodicity), bool) if speech is None else _voiced(speech, aperiodicity)
    chosen = np.flatnonzero(voiced)
    power = _spectra(signal, _VOICE_WINDOW, _NARROW_HOP, _VOICE.count, chosen + frames.start)
    quality = np.zeros((len(aperiodicity), len(FAMILIES["voice"])), np.float32)
    quality[:, 0] = voice.harmonicity(aperiodicity)
    quality[chosen, 1] = voice.cepstral_peak(power, _VOICE, LOWEST_PITCH, 500.0)
    quality[chosen, 2:] = voice.harmonic_differences(power, track.f0[inside][chosen], _VOICE)
    semitones = 12.0 * np.log2(track.f0 / 55.0)
    # A median over 50 ms takes out single octave errors.
    pitch = median_of_five(semitones)[inside].astype(np.float32)[:, np.newaxis]
    return {"pitch": pitch, "voice": quality}, aperiodicity


def median_of_five(values: Floats) -> Floats:
    """Return the median of each value and its two neighbours on either side, mirrored at the ends.

    Equal to ``scipy.ndimage.median_filter(values, 5)``, whose import takes longer than processing a
    clip.
    """
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, 2, mode="symmetric"), 5)
    return np.asarray(np.partition(windows, 2, axis=1)[:, 2])

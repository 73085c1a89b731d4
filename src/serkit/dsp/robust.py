"""Frame tracks that change little with level, band and noise.

They are those of :mod:`serkit.dsp.tracks`, but

- levels are relative to the clip's loud frames;
- each frequency's noise floor, the mean of the quietest frames, is subtracted;
- a floor at a fixed distance below the loud frames is added, with the slope of speech, so that
  whatever lies far below them, be it room tone, hiss or what a codec leaves out, looks the same;
- speech is found, and levels are measured, in the telephone's band alone;
- pitch and periodicity are measured between 70 Hz and 1.2 kHz, where a voice stands out longest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serkit.dsp import shape, voice
from serkit.dsp.cepstrum import cepstrum, decibels
from serkit.dsp.families import SHAPE
from serkit.dsp.mel import mel_bank
from serkit.dsp.pitch import yin
from serkit.dsp.shape import Bins
from serkit.dsp.stft import StftSettings, hann, power_spectrogram
from serkit.dsp.tracks import FRAMES_PER_SECOND, HIGHEST_PITCH, LOWEST_PITCH, Tracks, median_of_five

Floats = npt.NDArray[np.float32]

RATE = 16_000
"""Rate in Hz that all is measured at."""

CORE = (300.0, 3_400.0)
"""The telephone's band in Hz."""

OUTER = ((50.0, 300.0), (3_400.0, 7_500.0))
"""Bands in Hz beside it whose level is measured."""

_WINDOW, _LONG_WINDOW = RATE * 32 // 1000, RATE * 64 // 1000
_PITCH_BAND = (70.0, 1_200.0)
_CEPSTRAL_TOP = 4_000.0

_QUIET_SHARE, _FEWEST_QUIET = 0.1, 5
"""Share of the frames that the noise floor is taken from, and how many there are at least."""

_SILENCE = 1e-9
"""Power below which a frame is digital silence and says nothing of the noise."""

_LOUD_RANGE = 10.0
"""Loud frames are at most this many dB below the loudest."""

_LEAST = 1e-10
_FLATTEST = 100.0
"""Hz below which the added floor is flat."""

FAMILIES_OF_EVERY_RECIPE = {
    "energy": {"energy": "level from 300 to 3,400 Hz in dB over that of the loud frames"},
    "outer": {
        f"level_{low:.0f}_{high:.0f}": f"level from {low:,.0f} to {high:,.0f} Hz, likewise"
        for low, high in OUTER
    },
    "shape": SHAPE,
    "pitch": {"pitch": "fundamental frequency in semitones above 55 Hz"},
    "voice": {
        "harmonicity": "periodic over other power in dB",
        "cepstral_peak": "prominence of the cepstral peak in dB",
    },
}


@dataclass(frozen=True, slots=True)
class Robustness:
    """How far a recipe goes.

    Attributes:
        low: Lowest frequency in Hz that a spectrum's form is taken from.
        top: Highest frequency in Hz.
        bands: Mel bands between them, a multiple of 5.
        coefficients: Cepstral coefficients taken from the bands.
        subtract: How many times the noise floor is subtracted.
        floor: The added floor in dB below the loud frames.
        speech_range: A frame holds speech if its level is at most this many dB below the loudest.
    """

    low: float = 50.0
    top: float = 7_500.0
    bands: int = 40
    coefficients: int = 20
    subtract: float = 2.0
    floor: float = 35.0
    speech_range: float = 25.0

    def families(self) -> dict[str, dict[str, str]]:
        """Return the families of tracks: their names, and what each is."""
        mel = {
            f"mel_{i:02d}": f"level of mel band {i} of {self.bands} in dB over the loud frames"
            for i in range(1, self.bands + 1)
        }
        cepstral = {
            f"mfcc_{i:02d}": f"mel-frequency cepstral coefficient {i}"
            for i in range(1, self.coefficients + 1)
        }
        return {**FAMILIES_OF_EVERY_RECIPE, "mel": mel, "mfcc": cepstral}


def measure_robustly(
    samples: npt.NDArray[np.int16], sample_rate: int, how: Robustness, voiced_below: float = 0.3
) -> Tracks:
    """Measure all tracks of a clip.

    Args:
        samples: Shape (samples,).
        sample_rate: Samples a second.
        how: The recipe.
        voiced_below: A speech frame is voiced if YIN's normalised difference is below this.
    """
    signal = _at_rate(samples, sample_rate)
    hop = RATE // FRAMES_PER_SECOND
    found = yin(
        _pitch_band(signal), RATE, hop_length=hop, minimum=LOWEST_PITCH, maximum=HIGHEST_PITCH
    )
    power, long_power = _spectra(signal, _WINDOW), _spectra(signal, _LONG_WINDOW)
    semitones = median_of_five(12.0 * np.log2(found.f0 / 55.0)).astype(np.float32)
    quality = (voice.harmonicity(found.aperiodicity), _cepstral_peak(long_power, how))
    families = {
        **_spectral_tracks(power, how),
        "pitch": semitones[:, np.newaxis],
        "voice": np.stack(quality, axis=1).astype(np.float32),
    }
    level = families["energy"][:, 0]
    speech = level >= level.max() - how.speech_range
    first, last = (int(place) for place in np.flatnonzero(speech)[[0, -1]])
    inside = slice(first, last + 1)
    return Tracks(
        families={name: tracks[inside] for name, tracks in families.items()},
        speech=speech[inside],
        voiced=(speech & (found.aperiodicity < voiced_below))[inside],
        before=first,
        after=len(level) - last - 1,
    )


def _at_rate(samples: npt.NDArray[np.int16], sample_rate: int) -> Floats:
    import soxr

    signal = samples.astype(np.float32) / np.float32(32_768.0)
    if sample_rate != RATE:
        signal = np.asarray(soxr.resample(signal, sample_rate, RATE, quality="HQ"), np.float32)
    return np.pad(signal, (0, max(0, _WINDOW - len(signal))))


def _pitch_band(signal: Floats) -> Floats:
    from scipy.signal import butter, sosfiltfilt

    band = butter(4, _PITCH_BAND, "band", fs=RATE, output="sos")
    return np.asarray(sosfiltfilt(band, signal, padtype=None), np.float32)


def _spectra(signal: Floats, length: int) -> Floats:
    """Return power spectra, shape (frames, bins); a full-scale sine's peak is about 1."""
    settings = StftSettings(length, RATE // FRAMES_PER_SECOND, pad_to=0)
    power, _ = power_spectrogram(signal, settings)
    return np.ascontiguousarray(power.T) * np.float32((2.0 / hann(length).sum()) ** 2)


@dataclass(frozen=True, slots=True)
class _Cleaned:
    """Spectra without their noise floor.

    Attributes:
        power: Inside the recipe's band, with the added floor; zero outside.
        whole: All frequencies, without it.
        loud: Power of the loud frames in the telephone's band.
        floor: Power of the added floor there.
    """

    power: Floats
    whole: Floats
    loud: float
    floor: float

    def over_loud(self, power: Floats) -> Floats:
        """Return powers in dB over the loud frames."""
        return decibels(power) - np.float32(10.0 * np.log10(self.loud))


def _clean(power: Floats, how: Robustness) -> _Cleaned:
    bins = Bins(RATE, power.shape[1])
    inside, core = bins.between(how.low, how.top), bins.between(*CORE)
    whole = np.maximum(power - np.float32(how.subtract) * _noise(power, core), 0.0)
    level = whole[:, core].sum(axis=1)
    loud = float(level[level >= level.max() * 10.0 ** (-_LOUD_RANGE / 10.0)].mean()) + _LEAST
    floor = loud * 10.0 ** (-how.floor / 10.0)
    slope = 1.0 / np.maximum(bins.frequency, _FLATTEST)
    slope /= slope[core].sum()
    kept = np.zeros_like(power)
    kept[:, inside] = whole[:, inside] + np.float32(floor) * slope[inside]
    return _Cleaned(kept, whole, loud, floor)


def _noise(power: Floats, core: slice) -> Floats:
    """Return the mean spectrum of the quietest frames that are not digital silence."""
    level = power[:, core].sum(axis=1)
    heard = np.flatnonzero(level > _SILENCE)
    if not len(heard):
        return np.zeros(power.shape[1], np.float32)
    count = max(_FEWEST_QUIET, round(_QUIET_SHARE * len(heard)))
    quiet = heard[np.argsort(level[heard], kind="stable")[:count]]
    return np.asarray(power[quiet].mean(axis=0), np.float32)


def _spectral_tracks(power: Floats, how: Robustness) -> dict[str, Floats]:
    cleaned = _clean(power, how)
    bins = Bins(RATE, power.shape[1])
    bank = mel_bank(RATE, 2 * (bins.count - 1), how.bands, how.low, how.top)
    # Unit peaks in place of unit areas keep the levels of wide bands away from the floor.
    mel = cleaned.over_loud(cleaned.power @ (bank / bank.max(axis=1, keepdims=True)).T)
    outer = [cleaned.whole[:, bins.between(*edges)].sum(axis=1) for edges in OUTER]
    energy = cleaned.whole[:, bins.between(*CORE)].sum(axis=1, keepdims=True)
    floor = np.float32(cleaned.floor)
    return {
        "energy": cleaned.over_loud(energy + floor),
        "outer": cleaned.over_loud(np.stack(outer, axis=1) + floor),
        "mel": mel,
        "mfcc": cepstrum(mel, how.coefficients),
        "shape": _shape_tracks(cleaned.power, bins, bins.between(how.low, how.top)),
    }


def _shape_tracks(power: Floats, bins: Bins, inside: slice) -> Floats:
    moments = shape.moments(power, bins)
    # Skewness and kurtosis have tails that would rule every mean.
    moments[:, 2:] = np.arcsinh(moments[:, 2:])
    one = (shape.flatness(power[:, inside])[:, np.newaxis], shape.slopes(power, bins))
    two = (shape.band_ratios(power, bins), shape.flux(power)[:, np.newaxis])
    return np.concatenate((moments, shape.rolloffs(power, bins), *one, *two), axis=1)


def _cepstral_peak(power: Floats, how: Robustness) -> Floats:
    below = Bins(RATE, power.shape[1]).between(0.0, _CEPSTRAL_TOP)
    cleaned = _clean(power, how).power[:, below]
    bins = Bins(round(2 * _CEPSTRAL_TOP), cleaned.shape[1])
    return np.asarray(voice.cepstral_peak(cleaned, bins, LOWEST_PITCH, 500.0), np.float32)

"""Murmur: a babble of synthetic voices, for training copies.

Babble mixed from a corpus belongs to its test speakers too, so copies of training clips must not
hear it. This one needs no recording: pulse trains whose pitch, formants and loudness change from
syllable to syllable.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from serkit.dsp.noise import Samples, mix, seeded

Floats = npt.NDArray[np.float64]

TALKERS, SECONDS = 6, 20

_SEED = 20_261
_SYLLABLE = (0.12, 0.32)
"""Shortest and longest syllable in seconds."""

_PITCH = (80.0, 280.0)
_GLIDE = 0.25
"""Most that a talker's pitch departs from its mean within the murmur, as a share."""

_FORMANTS = ((280.0, 850.0, 90.0), (800.0, 2_300.0, 120.0), (2_300.0, 3_500.0, 200.0))
"""Lowest and highest frequency, and the bandwidth, of each resonance in Hz."""

_PAUSES, _FRICATIVES = 0.2, 0.2
"""Shares of the syllables."""

_FRICTION = (2_500.0, 12_000.0)
_FRICTION_LEVEL = 0.5


def add_murmur(samples: Samples, decibels: float, sample_rate: int) -> Samples:
    """Add a stretch of murmur, another one for each clip.

    Args:
        samples: Shape ``(samples,)``.
        decibels: Level of the murmur in dB below the clip's mean power.
        sample_rate: In Hz.
    """
    murmur = _murmur(sample_rate)
    first = int(seeded(samples).integers(len(murmur)))
    return mix(samples, np.take(murmur, first + np.arange(len(samples)), mode="wrap"), decibels)


@lru_cache(maxsize=1)
def _murmur(sample_rate: int) -> Floats:
    """Return all talkers together; the same in every process."""
    random = np.random.default_rng(_SEED)
    return np.asarray(np.sum([_talker(sample_rate, random) for _ in range(TALKERS)], axis=0))


def _talker(sample_rate: int, random: np.random.Generator) -> Floats:
    pitch = float(np.exp(random.uniform(*np.log(_PITCH))))
    made = np.zeros(SECONDS * sample_rate)
    first = 0
    while first < len(made):
        length = round(random.uniform(*_SYLLABLE) * sample_rate)
        if random.random() >= _PAUSES:
            syllable = _syllable(length, pitch, sample_rate, random)[: len(made) - first]
            made[first : first + len(syllable)] = syllable
        first += length
    return made


def _syllable(length: int, pitch: float, sample_rate: int, random: np.random.Generator) -> Floats:
    from scipy.signal import iirpeak, lfilter

    loudness = np.hanning(length) * random.uniform(0.3, 1.0)
    if random.random() < _FRICATIVES:
        centre = random.uniform(*_FRICTION)
        hiss = lfilter(*iirpeak(centre, 2.0, fs=sample_rate), random.standard_normal(length))
        return np.asarray(_FRICTION_LEVEL * loudness * hiss / (np.std(hiss) + 1e-12))
    first, last = pitch * (1.0 + random.uniform(-_GLIDE, _GLIDE, 2))
    phase = np.cumsum(np.linspace(float(first), float(last), length)) / sample_rate % 1.0
    sound: Floats = np.exp(-12.0 * phase)  # a pulse that decays within its period
    sound = sound - sound.mean()
    voice = np.zeros(length)
    for number, (low, high, bandwidth) in enumerate(_FORMANTS):
        centre = random.uniform(low, high)
        resonance = iirpeak(centre, centre / bandwidth, fs=sample_rate)
        voice += 2.0**-number * lfilter(*resonance, sound)
    return np.asarray(loudness * voice / (np.std(voice) + 1e-12))

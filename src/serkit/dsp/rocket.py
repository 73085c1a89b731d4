"""Random convolutions over a log-mel spectrogram: patterns of sound, counted without training.

Statistics of tracks say how high or loud a voice is on average, and lose how a spectrum moves from
one moment to the next. Here short patterns, drawn once and for all, are laid on every moment of the
speech. For each, two numbers are kept: the share of time in which the speech is like the pattern
(PPV, "proportion of positive values"), and how much it ever is.

Source: Dempster, Petitjean and Webb (2020), "ROCKET: exceptionally fast and accurate time series
classification using random convolutional kernels", Data Mining and Knowledge Discovery 34. There,
thresholds come from training clips. Here they follow from the kernels alone, so that a clip's
values do not depend on other clips.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from serkit.dsp.cepstrum import decibels
from serkit.dsp.kernel import MelBank
from serkit.dsp.signal import Signal
from serkit.dsp.stft import StftSettings

Floats = npt.NDArray[np.float32]

RATE = 48_000
"""Rate in Hz that spectra are taken at."""

FRAMES_PER_SECOND = 80
BANDS, LOWEST, HIGHEST = 96, 50.0, 12_000.0
"""Mel bands, and the frequencies in Hz between which they lie."""

SETTINGS = StftSettings(n_fft=2048, hop_length=RATE // FRAMES_PER_SECOND, pad_to=0)

LENGTH = 9
"""Frames that a kernel sees."""

DILATIONS = (1, 2, 4)
"""How many frames apart those are: kernels span 0.11, 0.21 and 0.41 s."""

STATISTICS = ("ppv", "max")

_BANK = MelBank(BANDS, LOWEST, HIGHEST)
_SPEECH_RANGE = 38.0
"""Speech begins and ends with a frame at most this many dB below the loudest."""

_RANGE = 70.0
"""Values further than this many dB below the clip's highest are raised to there."""

_MOST_BANDS = 16
"""Bands that a kernel sees, at most. Half of the kernels see neighbours, half see any bands."""

_SPREAD = 10.0
"""Standard deviation in dB of a band over time, for the thresholds: less than the 15 of speech
makes more kernels fire now and then, rather than always or never."""

_FRAMES_ALIKE, _BANDS_ALIKE = 6.0, 10.0
"""Frames and bands over which levels of speech remain alike (to 1/e), for the thresholds."""

_BLOCK = 2_000
"""Frames that are looked at together: 7 MB of them as a matrix."""


@dataclass(frozen=True)
class Kernels:
    """Kernels of one dilation.

    Attributes:
        weights: Shape ``(kernels, bands, LENGTH)``. Each row of a band sums to zero over time: a
            constant level, of a clip or of a band, changes nothing.
        thresholds: Responses in dB above which a frame counts, shape ``(kernels,)``.
        dilation: Frames from one weight to the next.
    """

    weights: Floats
    thresholds: Floats
    dilation: int

    @property
    def reach(self) -> int:
        """Frames on either side that a response depends on."""
        return (LENGTH - 1) * self.dilation // 2


@cache
def draw_kernels(count: int) -> tuple[Kernels, ...]:
    """Draw the kernels: as many for each of :data:`DILATIONS`, the same ones every time.

    Args:
        count: Kernels of each dilation.
    """
    # The stream of this old generator is frozen; that of default_rng may change with NumPy.
    random = np.random.RandomState(0)
    return tuple(_draw(random, count, dilation) for dilation in DILATIONS)


def _draw(random: np.random.RandomState, count: int, dilation: int) -> Kernels:
    weights = np.zeros((count, BANDS, LENGTH))
    for kernel in weights:
        some = int(_MOST_BANDS ** random.uniform())
        anywhere = random.uniform() < 0.5
        first = 0 if anywhere else random.randint(0, BANDS - some + 1)
        bands = random.permutation(BANDS)[:some] if anywhere else np.arange(first, first + some)
        drawn = random.standard_normal((some, LENGTH))
        drawn -= drawn.mean(axis=1, keepdims=True)
        kernel[bands] = drawn / np.sqrt((drawn**2).sum())
    shares = random.uniform(0.1, 0.9, count)
    quantiles = np.array([NormalDist().inv_cdf(float(share)) for share in shares])
    thresholds = quantiles * _usual_spread(weights, dilation)
    return Kernels(weights.astype(np.float32), thresholds.astype(np.float32), dilation)


def _usual_spread(weights: npt.NDArray[np.float64], dilation: int) -> npt.NDArray[np.float64]:
    """Return the standard deviation in dB of each kernel's response to speech, roughly.

    Levels of neighbouring bands and frames are alike, by ``exp(-distance / scale)``.
    """
    bands = np.exp(-np.abs(np.subtract.outer(np.arange(BANDS), np.arange(BANDS))) / _BANDS_ALIKE)
    frames = dilation * np.arange(LENGTH)
    times = np.exp(-np.abs(np.subtract.outer(frames, frames)) / _FRAMES_ALIKE)
    alike = np.einsum("kbt,kbt->k", bands @ weights @ times, weights)
    return np.asarray(_SPREAD * np.sqrt(alike))


def rocket(signal: Signal, count: int) -> Floats:
    """Return the statistics of a clip's speech.

    Args:
        signal: The clip; other rates than :data:`RATE` are converted to it.
        count: Kernels of each dilation.

    Returns:
        Shape ``(2 * count * len(DILATIONS),)``: for each dilation the PPV of each kernel, then the
        largest response of each, in dB.

    Example:
        >>> hum = np.sin(np.arange(48_000) / 20) * 8_000
        >>> rocket(Signal(hum.astype(np.int16), 48_000), count=4).shape
        (24,)
    """
    levels = _levels(signal.at(RATE))
    found = [_statistics(levels, kernels) for kernels in draw_kernels(count)]
    return np.concatenate(found).astype(np.float32)


def _levels(signal: Signal) -> Floats:
    """Return the log-mel spectrogram of the speech in dB, shape ``(bands, frames)``."""
    power, _ = signal.mel_spectrogram(SETTINGS, _BANK)
    frames = decibels(power.sum(axis=0))
    first, last = np.flatnonzero(frames >= frames.max() - _SPEECH_RANGE)[[0, -1]]
    levels = decibels(power[:, first : last + 1])
    return np.asarray(np.maximum(levels, levels.max() - np.float32(_RANGE)), np.float32)


def _statistics(levels: Floats, kernels: Kernels) -> npt.NDArray[np.float64]:
    """Return the PPV and then the largest response of each kernel."""
    frames = levels.shape[1]
    weights = kernels.weights.reshape(len(kernels.weights), -1)
    padded = np.pad(levels, ((0, 0), (kernels.reach, kernels.reach)), mode="edge")
    above = np.zeros(len(weights))
    most = np.full(len(weights), -np.inf)
    for begin in range(0, frames, _BLOCK):
        end = min(begin + _BLOCK, frames)
        shifts = [begin + step * kernels.dilation for step in range(LENGTH)]
        seen = np.stack([padded[:, at : at + end - begin] for at in shifts], axis=1)
        responses = weights @ seen.reshape(weights.shape[1], -1)
        above += (responses > kernels.thresholds[:, np.newaxis]).sum(axis=1)
        most = np.maximum(most, responses.max(axis=1))
    return np.concatenate([above / frames, most])

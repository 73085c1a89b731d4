"""Reconstruct sound from a mel spectrogram.

Two things are lost in a mel spectrogram: how power is spread inside each band, and all phases.
The spread is estimated by the multiplicative update of non-negative matrix factorisation for the
Kullback-Leibler divergence (Lee and Seung 2001, "Algorithms for non-negative matrix
factorization"), which meets the bands' power almost exactly; the phases by the fast Griffin-Lim
algorithm (Perraudin, Balazs and Søndergaard 2013, "A fast Griffin-Lim algorithm"), as in librosa.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serkit.dsp import fft
from serkit.dsp.mel import apply_mel_bank, mel_bank
from serkit.dsp.stft import StftSettings, front_padding, hann, power_spectrogram

Floats = npt.NDArray[np.float32]

ITERATIONS = 32
"""Default number of Griffin-Lim steps; twice as many gain about 0.1 dB."""

_SPREAD_STEPS = 30

_MOMENTUM = 0.99

_TINY = 1e-10

RANGE = 80.0
"""Decibels below a clip's maximum at which :func:`log_spectral_distance` stops looking."""


@dataclass(frozen=True, slots=True)
class MelSettings:
    """How a mel spectrogram was made.

    Attributes:
        sample_rate: Of the signal, in Hz.
        stft: Frames and padding.
        n_mels: Number of bands.
        fmin: Lower edge of the lowest band, in Hz.
        fmax: Upper edge of the highest band, in Hz; None is half the sample rate.
    """

    sample_rate: int
    stft: StftSettings
    n_mels: int
    fmin: float = 0.0
    fmax: float | None = None


def mel_power(samples: npt.NDArray[np.int16], settings: MelSettings) -> Floats:
    """Return the mel power of a clip's live frames, shape (n_mels, frames)."""
    power, _ = power_spectrogram(samples.astype(np.float32), settings.stft)
    return apply_mel_bank(
        power,
        sample_rate=settings.sample_rate,
        n_mels=settings.n_mels,
        fmin=settings.fmin,
        fmax=settings.fmax,
    )


def invert_mel(
    mel: Floats,
    num_frames: int,
    settings: MelSettings,
    *,
    iterations: int = ITERATIONS,
    seed: int = 0,
) -> npt.NDArray[np.int16]:
    """Turn the mel power of a clip back into samples of its length and level.

    Args:
        mel: Power of the live frames, shape (n_mels, frames), of int16 amplitudes.
        num_frames: Samples of the clip before padding.
        settings: How ``mel`` was made.
        iterations: Griffin-Lim steps.
        seed: Seed of the first phases.

    Returns:
        int16 amplitudes, shape (num_frames,).

    Raises:
        ClipTooLongError: The clip is longer than the settings pad to.
    """
    stft = settings.stft
    if not mel.shape[1]:  # long hops may leave a very short clip between two frames
        return np.zeros(num_frames, np.int16)
    magnitude = np.sqrt(spread_bands(mel, settings))
    whole = _griffin_lim(magnitude, stft.n_fft, stft.hop_length, iterations, seed)
    # Where the clip's first sample lies behind the beginning of the first live frame.
    lead = stft.lead(num_frames)
    start = front_padding(num_frames, stft.pad_to) + stft.n_fft // 2 - lead * stft.hop_length
    samples = np.zeros(num_frames, np.float32)
    inside = whole[max(start, 0) : max(start, 0) + num_frames - max(-start, 0)]
    samples[max(-start, 0) :][: len(inside)] = inside
    found = mel_power(_to_int16(samples), settings).sum(dtype=np.float64)
    gain = np.sqrt(mel.sum(dtype=np.float64) / found) if found > 0 else 1.0
    return _to_int16(samples * np.float32(gain))


def spread_bands(mel: Floats, settings: MelSettings) -> Floats:
    """Estimate a power spectrogram from mel bands, shape (1 + n_fft // 2, frames).

    Bins that no band covers stay 0.
    """
    from scipy.sparse import csr_array

    bank = mel_bank(
        settings.sample_rate, settings.stft.n_fft, settings.n_mels, settings.fmin, settings.fmax
    )
    forward, backward = csr_array(bank), csr_array(np.ascontiguousarray(bank.T))
    weight = bank.sum(axis=0)[:, None]
    covered = weight > 0
    scale = np.where(covered, 1.0 / np.maximum(weight, _TINY), 0.0).astype(np.float32)
    power = np.asarray(backward @ mel, np.float32) * scale
    for _ in range(_SPREAD_STEPS):
        ratio = mel / np.maximum(forward @ power, _TINY)
        power *= (backward @ ratio) * scale
    return power


def log_spectral_distance(
    original: npt.NDArray[np.int16], other: npt.NDArray[np.int16], *, n_fft: int = 2048
) -> float:
    """Return the log-spectral distance of two signals in dB; 0 means identical.

    The mean over frames of the root mean square over bins of the difference of the log power
    spectra (Gray and Markel 1976, "Distance measures for speech processing"). Levels more than
    :data:`RANGE` dB below the original's maximum are clamped to that level, and frames entirely
    below it are skipped: differences between silences are inaudible.

    Args:
        original: Shape (samples,).
        other: Of the same shape.
        n_fft: Samples in a frame; frames overlap by three quarters.
    """
    settings = StftSettings(n_fft, n_fft // 4, pad_to=0)
    powers = [power_spectrogram(each.astype(np.float32), settings)[0] for each in (original, other)]
    floor = max(float(powers[0].max(initial=0.0)) * 10 ** (-RANGE / 10), _TINY)
    heard = (powers[0] > floor).any(axis=0)
    if not heard.any():
        return 0.0
    one, two = (10.0 * np.log10(np.maximum(power[:, heard], floor)) for power in powers)
    return float(np.sqrt(np.mean((one - two) ** 2, axis=0)).mean())


def _griffin_lim(magnitude: Floats, n_fft: int, hop: int, iterations: int, seed: int) -> Floats:
    """Find a signal whose frames have these magnitudes, shape (hop * (frames - 1) + n_fft,)."""
    random = np.random.default_rng(seed)
    turn = random.random(magnitude.T.shape, np.float32) * np.float32(2 * np.pi)
    target = np.ascontiguousarray(magnitude.T)
    spectra = target * np.exp(1j * turn)
    before = np.zeros_like(spectra)
    pull = np.float32(_MOMENTUM / (1 + _MOMENTUM))
    for _ in range(iterations):
        found = _frames(_overlap_add(spectra, n_fft, hop), len(target), n_fft, hop)
        spectra = found - pull * before
        before = found
        spectra *= target / (np.abs(spectra) + np.float32(_TINY))
    return _overlap_add(spectra, n_fft, hop)


def _frames(signal: Floats, count: int, n_fft: int, hop: int) -> npt.NDArray[np.complex64]:
    framed = np.lib.stride_tricks.sliding_window_view(signal, n_fft)[::hop][:count]
    return np.asarray(fft.rfft(framed * hann(n_fft), axis=1), np.complex64)


def _overlap_add(spectra: npt.NDArray[np.complexfloating], n_fft: int, hop: int) -> Floats:
    """Return the signal whose windowed frames are closest to the spectra, by least squares."""
    window = hann(n_fft)
    frames = fft.irfft(spectra.astype(np.complex64), n_fft, axis=1) * window
    count = len(frames)
    steps = -(-n_fft // hop)
    # Cut into pieces of a hop, so that each diagonal is one sum of whole rows.
    pieces = np.zeros((count, steps * hop), np.float32)
    pieces[:, :n_fft] = frames
    squares = np.zeros(steps * hop, np.float32)
    squares[:n_fft] = window * window
    signal = np.zeros((count + steps - 1, hop), np.float32)
    weight = np.zeros_like(signal)
    for step in range(steps):
        part = slice(step * hop, (step + 1) * hop)
        signal[step : step + count] += pieces[:, part]
        weight[step : step + count] += squares[part]
    # At the edges windows only taper; a share of the usual weight bounds the divisor.
    signal /= np.maximum(weight, np.float32(1e-3) * weight.max(initial=1.0))
    return signal.ravel()[: hop * (count - 1) + n_fft]


def _to_int16(samples: Floats) -> npt.NDArray[np.int16]:
    return np.clip(np.rint(samples), -32_768, 32_767).astype(np.int16)

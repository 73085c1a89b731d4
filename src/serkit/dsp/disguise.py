"""Voice conversion: the same words in a different voice.

Models trained on few speakers overfit to them. A copy of a clip in another voice acts as an
additional training speaker.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from serkit.dsp import fft

Samples = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float32]

_FULL_SCALE = 32_768.0
_WINDOW, _HOP = 2_048, 512
_ENVELOPE_SECONDS = 1 / 500
"""The cepstrum below this describes the vocal tract, above it the pitch of voices below 500 Hz."""

_LARGEST_CHANGE = 3.0
"""Most that one bin's amplitude is raised or lowered by, in nepers (26 dB)."""


def change_speed(samples: Samples, factor: float) -> Samples:
    """Play a clip faster (above 1) or slower: pitch, formants and tempo all change by the factor.

    Args:
        samples: Shape ``(samples,)``.
        factor: Above 0.

    Returns:
        About ``len(samples) / factor`` samples.

    Example:
        >>> len(change_speed(np.zeros(4_800, np.int16), 1.2))
        4000
    """
    import soxr

    exact = soxr.resample(samples.astype(np.float32), factor, 1.0, quality="HQ")
    return _rounded(exact)


def change_gain(samples: Samples, decibels: float) -> Samples:
    """Make a clip louder (above 0) or quieter; what exceeds full scale is clipped.

    Example:
        >>> change_gain(np.array([100, -30_000], np.int16), 20.0).tolist()
        [1000, -32768]
    """
    return _rounded(samples.astype(np.float32) * np.float32(10.0 ** (decibels / 20.0)))


def add_noise(samples: Samples, decibels: float) -> Samples:
    """Add white noise, the same for the same samples.

    Args:
        samples: Shape ``(samples,)``.
        decibels: Level of the noise in dB below the clip's mean power.
    """
    signal = samples.astype(np.float32)
    seed = hashlib.sha256(samples.tobytes()).digest()[:8]
    noise = np.random.default_rng(list(seed)).standard_normal(len(signal), dtype=np.float32)
    level = np.sqrt(np.mean(signal**2)) * 10.0 ** (-decibels / 20.0)
    return _rounded(signal + np.float32(level) * noise)


def change_formants(samples: Samples, factor: float, sample_rate: int) -> Samples:
    """Move the resonances of the vocal tract up (above 1) or down; pitch and tempo stay.

    The smooth envelope of each short spectrum is stretched along the frequency axis.

    Args:
        samples: Shape ``(samples,)``.
        factor: Above 0; 1.1 is a vocal tract a tenth shorter.
        sample_rate: In Hz.
    """
    from scipy.signal import istft, stft

    signal = np.zeros(max(len(samples), _WINDOW), np.float32)
    signal[: len(samples)] = samples
    shape = {"fs": sample_rate, "nperseg": _WINDOW, "noverlap": _WINDOW - _HOP}
    _, _, spectra = stft(signal, **shape)
    envelope = _log_envelope(np.abs(spectra), round(_ENVELOPE_SECONDS * sample_rate))
    bins = np.arange(len(envelope))
    below = np.minimum((bins / factor).astype(np.intp), len(bins) - 1)
    above = np.minimum(below + 1, len(bins) - 1)
    share = np.clip(bins / factor - below, 0.0, 1.0)[:, np.newaxis]
    moved = (1 - share) * envelope[below] + share * envelope[above]
    change = np.exp(np.clip(moved - envelope, -_LARGEST_CHANGE, _LARGEST_CHANGE))
    _, changed = istft(spectra * change, **shape)
    return _rounded(changed[: len(samples)])


def _log_envelope(magnitudes: Floats, order: int) -> npt.NDArray[np.floating]:
    """Smooth log spectra, shape (bins, frames), by cutting their cepstra off at an order."""
    cepstra = fft.irfft(np.log(magnitudes + 1e-3), axis=0)
    cepstra[order : len(cepstra) - order + 1] = 0.0
    return np.asarray(fft.rfft(cepstra, axis=0).real)


def _rounded(signal: npt.NDArray[np.floating]) -> Samples:
    return np.asarray(np.clip(np.rint(signal), -_FULL_SCALE, _FULL_SCALE - 1), np.int16)

"""The families of acoustic tracks: what is measured every 10 ms, under which names."""

from __future__ import annotations

from serkit.dsp import shape

BANDS, COEFFICIENTS = 40, 20
"""Mel bands from 50 Hz to :data:`TOP`, and cepstral coefficients taken from them."""

TOP = 8_000.0
"""Highest frequency in Hz of all that describes a spectrum's form."""

HIGH_BANDS = ((8_000, 10_000), (10_000, 12_500), (12_500, 16_000), (16_000, 20_000))
"""Bands in Hz above :data:`TOP` whose level is measured."""

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

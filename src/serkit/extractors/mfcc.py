"""Mel-frequency cepstral coefficients, equal to librosa's ``feature.mfcc``."""

from __future__ import annotations

import numpy as np

from serkit.dsp.cepstrum import mfcc
from serkit.dsp.mel import apply_mel_bank
from serkit.dsp.signal import Signal
from serkit.dsp.stft import StftSettings
from serkit.errors import UsageError
from serkit.features.extractor import ArrayLayout, Column, Extractor, Values
from serkit.parameters import Parameter, Parameters, integer, number

_TO_UNIT = np.float32(2.0**-30)
"""Turns the power of int16 amplitudes into that of a signal between -1 and 1."""


def _check(parameters: Parameters) -> None:
    n_fft, count = integer(parameters, "n_fft"), integer(parameters, "n_mfcc")
    if n_fft % 2:
        raise UsageError(f"n_fft = {n_fft} is odd", allowed="an even number is allowed")
    if count > integer(parameters, "n_mels"):
        raise UsageError(
            f"n_mfcc = {count} is more than the mel bands",
            allowed=f"up to n_mels = {parameters['n_mels']} are allowed",
        )


def _layout(parameters: Parameters) -> ArrayLayout:
    return ArrayLayout("float32", (integer(parameters, "n_mfcc"),), None, "frames")


def _compute(signal: Signal, parameters: Parameters) -> Values:
    rate = integer(parameters, "sample_rate")
    settings = StftSettings(integer(parameters, "n_fft"), integer(parameters, "hop_length"), 0)
    power, _ = signal.at(rate).power_spectrogram(settings)
    bands = apply_mel_bank(power, sample_rate=rate, n_mels=integer(parameters, "n_mels"))
    count = integer(parameters, "n_mfcc")
    return Values(mfcc(bands * _TO_UNIT, count, lifter=number(parameters, "lifter")))


def _describe(parameters: Parameters) -> tuple[Column, ...]:
    return tuple(
        Column(
            f"mfcc_{i:02d}", f"mel-frequency cepstral coefficient {i}" + ("" if i else ": level")
        )
        for i in range(integer(parameters, "n_mfcc"))
    )


EXTRACTOR = Extractor(
    name="mfcc",
    version=1,
    summary="mel-frequency cepstral coefficients",
    parameters={
        "sample_rate": Parameter(48_000, "rate in Hz that the signal is brought to", minimum=1000),
        "n_fft": Parameter(2048, "samples in a frame (Hann window)", minimum=2),
        "hop_length": Parameter(512, "samples from one frame to the next", minimum=1),
        "n_mels": Parameter(128, "number of mel bands (Slaney scale and norm)", minimum=1),
        "n_mfcc": Parameter(20, "number of coefficients, from 0 on", minimum=1),
        "lifter": Parameter(0.0, "length of the sine that raises high ones; 0 is none", minimum=0),
    },
    check=_check,
    layout=_layout,
    compute=_compute,
    describe=_describe,
    per_clip_ms=3.0,
)

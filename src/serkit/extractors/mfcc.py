"""Mel-frequency cepstral coefficients, equal to librosa's ``feature.mfcc``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serkit.dsp.cepstrum import mfcc
from serkit.dsp.mel import apply_mel_bank
from serkit.dsp.signal import Signal
from serkit.dsp.stft import StftSettings
from serkit.errors import UsageError
from serkit.features.extractor import ArrayLayout, Column, Extractor, Values
from serkit.features.frames import FrameParameters
from serkit.parameters import parameter

_TO_UNIT = np.float32(2.0**-30)
"""Turns the power of int16 amplitudes into that of a signal between -1 and 1."""


@dataclass(frozen=True)
class MfccParameters(FrameParameters):
    """Frames, bands and coefficients."""

    n_mels: int = parameter(128, "number of mel bands (Slaney scale and norm)", minimum=1)
    n_mfcc: int = parameter(20, "number of coefficients, from 0 on", minimum=1)
    lifter: float = parameter(0.0, "length of the sine that raises high ones; 0 is none", minimum=0)


def _check(parameters: MfccParameters) -> None:
    parameters.refuse_odd_frames()
    if parameters.n_mfcc > parameters.n_mels:
        raise UsageError(
            f"n_mfcc = {parameters.n_mfcc} is more than the mel bands",
            allowed=f"up to n_mels = {parameters.n_mels} are allowed",
        )


def _layout(parameters: MfccParameters) -> ArrayLayout:
    return ArrayLayout("float32", (parameters.n_mfcc,), None, "frames")


def _compute(signal: Signal, parameters: MfccParameters) -> Values:
    rate = parameters.sample_rate
    settings = StftSettings(parameters.n_fft, parameters.hop_length, 0)
    power, _ = signal.at(rate).power_spectrogram(settings)
    bands = apply_mel_bank(power, sample_rate=rate, n_mels=parameters.n_mels)
    count = parameters.n_mfcc
    return Values(mfcc(bands * _TO_UNIT, count, lifter=parameters.lifter))


def _describe(parameters: MfccParameters) -> tuple[Column, ...]:
    return tuple(
        Column(
            f"mfcc_{i:02d}", f"mel-frequency cepstral coefficient {i}" + ("" if i else ": level")
        )
        for i in range(parameters.n_mfcc)
    )


EXTRACTOR = Extractor(
    name="mfcc",
    version=1,
    summary="mel-frequency cepstral coefficients",
    parameters=MfccParameters,
    check=_check,
    layout=_layout,
    compute=_compute,
    describe=_describe,
    per_clip_ms=3.0,
)

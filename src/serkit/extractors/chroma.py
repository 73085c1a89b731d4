"""Pitch classes over time, equal to librosa's ``feature.chroma_stft`` with a fixed tuning.

librosa guesses a tuning for each clip where none is given. A voice has none, so it is a parameter.
"""

from __future__ import annotations

from serkit.dsp.chroma import chroma, chroma_bank
from serkit.dsp.signal import Signal
from serkit.dsp.stft import StftSettings
from serkit.errors import UsageError
from serkit.features.extractor import ArrayLayout, Column, Extractor, Values
from serkit.parameters import Parameter, Parameters, integer, number

_CLASSES = (
    "C",
    "C sharp",
    "D",
    "D sharp",
    "E",
    "F",
    "F sharp",
    "G",
    "G sharp",
    "A",
    "A sharp",
    "B",
)


def _check(parameters: Parameters) -> None:
    n_fft = integer(parameters, "n_fft")
    if n_fft % 2:
        raise UsageError(f"n_fft = {n_fft} is odd", allowed="an even number is allowed")


def _layout(_parameters: Parameters) -> ArrayLayout:
    return ArrayLayout("float32", (len(_CLASSES),), None, "frames")


def _compute(signal: Signal, parameters: Parameters) -> Values:
    rate, n_fft = integer(parameters, "sample_rate"), integer(parameters, "n_fft")
    settings = StftSettings(n_fft, integer(parameters, "hop_length"), 0)
    power, _ = signal.at(rate).power_spectrogram(settings)
    return Values(chroma(power, chroma_bank(rate, n_fft, tuning=number(parameters, "tuning"))))


def _describe(_parameters: Parameters) -> tuple[Column, ...]:
    return tuple(
        Column(f"chroma_{i:02d}", f"strength of pitch class {name}, 1 for the strongest")
        for i, name in enumerate(_CLASSES)
    )


EXTRACTOR = Extractor(
    name="chroma",
    version=1,
    summary="strength of the twelve pitch classes",
    parameters={
        "sample_rate": Parameter(48_000, "rate in Hz that the signal is brought to", minimum=1000),
        "n_fft": Parameter(2048, "samples in a frame (Hann window)", minimum=2),
        "hop_length": Parameter(512, "samples from one frame to the next", minimum=1),
        "tuning": Parameter(0.0, "deviation from 440 Hz in semitones", -0.5, maximum=0.5),
    },
    check=_check,
    layout=_layout,
    compute=_compute,
    describe=_describe,
    per_clip_ms=3.0,
)

"""Pitch classes over time, equal to librosa's ``feature.chroma_stft`` with a fixed tuning.

librosa estimates a tuning for each clip by default. Voices have none, so it is a parameter.
"""

from __future__ import annotations

from dataclasses import dataclass

from serkit.dsp.chroma import chroma, chroma_bank
from serkit.dsp.signal import Signal
from serkit.dsp.stft import StftSettings
from serkit.features.extractor import ArrayLayout, Column, Extractor, Values
from serkit.features.frames import FrameParameters
from serkit.parameters import parameter

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


@dataclass(frozen=True)
class ChromaParameters(FrameParameters):
    """Frames and pitch classes."""

    tuning: float = parameter(
        0.0,
        "deviation from 440 Hz in semitones; librosa estimates one for each clip by default",
        minimum=-0.5,
        maximum=0.5,
    )


def _layout(_parameters: ChromaParameters) -> ArrayLayout:
    return ArrayLayout("float32", (len(_CLASSES),), None, "frames")


def _compute(signal: Signal, parameters: ChromaParameters) -> Values:
    rate, n_fft = parameters.sample_rate, parameters.n_fft
    settings = StftSettings(n_fft, parameters.hop_length, 0)
    power, _ = signal.at(rate).power_spectrogram(settings)
    return Values(chroma(power, chroma_bank(rate, n_fft, tuning=parameters.tuning)))


def _describe(_parameters: ChromaParameters) -> tuple[Column, ...]:
    return tuple(
        Column(f"chroma_{i:02d}", f"strength of pitch class {name}, 1 for the strongest")
        for i, name in enumerate(_CLASSES)
    )


EXTRACTOR = Extractor(
    name="chroma",
    version=1,
    summary="strength of the twelve pitch classes",
    parameters=ChromaParameters,
    check=ChromaParameters.refuse_odd_frames,
    layout=_layout,
    compute=_compute,
    describe=_describe,
    per_clip_ms=3.0,
)

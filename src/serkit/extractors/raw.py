"""The signal itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

from serkit.dsp.signal import Signal, samples_at
from serkit.dsp.stft import front_padding
from serkit.features.extractor import ArrayLayout, Extractor, Values
from serkit.parameters import Parameters, parameter


@dataclass(frozen=True)
class RawParameters(Parameters):
    """At which rate, and how far a clip is padded."""

    sample_rate: int = parameter(48_000, "rate in Hz", minimum=1000)
    pad_to: int = parameter(253_125, "length in samples when padded; 0 pads nothing", minimum=0)


def _layout(parameters: RawParameters) -> ArrayLayout:
    return ArrayLayout("int16", (), parameters.pad_to or None, "samples")


def _compute(signal: Signal, parameters: RawParameters) -> Values:
    samples = signal.at(parameters.sample_rate).samples
    return Values(samples, front_padding(len(samples), parameters.pad_to))


def _longer(parameters: RawParameters, num_frames: int) -> RawParameters:
    needed = samples_at(parameters.sample_rate, num_frames)
    return replace(parameters, pad_to=max(parameters.pad_to, needed))


EXTRACTOR = Extractor(
    name="raw",
    version=1,
    summary="int16 amplitudes",
    parameters=RawParameters,
    layout=_layout,
    compute=_compute,
    longer=_longer,
    per_clip_ms=0.5,
)

"""The signal itself."""

from __future__ import annotations

from serkit.dsp.signal import Signal, samples_at
from serkit.dsp.stft import front_padding
from serkit.features.extractor import ArrayLayout, Extractor, Values
from serkit.parameters import Parameter, Parameters, integer


def _layout(parameters: Parameters) -> ArrayLayout:
    return ArrayLayout("int16", (), integer(parameters, "pad_to") or None, "samples")


def _compute(signal: Signal, parameters: Parameters) -> Values:
    samples = signal.at(integer(parameters, "sample_rate")).samples
    return Values(samples, front_padding(len(samples), integer(parameters, "pad_to")))


def _longer(parameters: Parameters, num_frames: int) -> Parameters:
    needed = samples_at(integer(parameters, "sample_rate"), num_frames)
    return {**parameters, "pad_to": max(integer(parameters, "pad_to"), needed)}


EXTRACTOR = Extractor(
    name="raw",
    version=1,
    summary="int16 amplitudes",
    parameters={
        "sample_rate": Parameter(48_000, "rate in Hz", minimum=1000),
        "pad_to": Parameter(253_125, "length in samples when padded; 0 pads nothing", minimum=0),
    },
    layout=_layout,
    compute=_compute,
    longer=_longer,
    per_clip_ms=0.5,
)

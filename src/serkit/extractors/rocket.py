"""How much of a clip is like each of many random patterns of a spectrogram (ROCKET)."""

from __future__ import annotations

from dataclasses import dataclass

from serkit.dsp.rocket import DILATIONS, FRAMES_PER_SECOND, LENGTH, rocket
from serkit.dsp.signal import Signal
from serkit.features.extractor import Column, Extractor, TableLayout, Values
from serkit.parameters import Parameters, parameter


@dataclass(frozen=True)
class RocketParameters(Parameters):
    """How many patterns."""

    kernels: int = parameter(
        500, f"random kernels of each of {len(DILATIONS)} lengths in time", minimum=1
    )


def _describe(parameters: RocketParameters) -> tuple[Column, ...]:
    columns = []
    for dilation in DILATIONS:
        span = f"{(LENGTH - 1) * dilation / FRAMES_PER_SECOND:.1f} s"
        names = [f"{dilation}_{number:03d}" for number in range(1, parameters.kernels + 1)]
        columns += [
            Column(f"ppv_{name}", f"share of time that is like pattern {name} of {span}")
            for name in names
        ]
        columns += [
            Column(f"max_{name}", f"largest response in dB to pattern {name} of {span}")
            for name in names
        ]
    return tuple(columns)


def _layout(parameters: RocketParameters) -> TableLayout:
    return TableLayout("float32", tuple(column.name for column in _describe(parameters)))


def _compute(signal: Signal, parameters: RocketParameters) -> Values:
    return Values(rocket(signal, parameters.kernels))


EXTRACTOR = Extractor(
    name="rocket",
    version=1,
    summary="random convolutions over log-mel (ROCKET)",
    parameters=RocketParameters,
    layout=_layout,
    compute=_compute,
    describe=_describe,
    per_clip_ms=20.0,
)

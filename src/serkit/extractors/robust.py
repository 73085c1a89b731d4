"""One vector of statistics a clip that changes little with level, band and noise."""

from __future__ import annotations

from dataclasses import dataclass

from serkit.dsp.robust import Robustness
from serkit.dsp.robust_functionals import robust_columns, robust_functionals
from serkit.dsp.signal import Signal
from serkit.errors import UsageError
from serkit.features.extractor import Column, Extractor, TableLayout, Values
from serkit.parameters import Parameters, parameter

_USUAL = Robustness()


@dataclass(frozen=True)
class RobustParameters(Parameters):
    """How far the front end goes; see :class:`serkit.dsp.robust.Robustness`."""

    low: float = parameter(
        _USUAL.low, "lowest frequency in Hz of a spectrum's form", minimum=0, maximum=3_000
    )
    top: float = parameter(_USUAL.top, "highest frequency in Hz", minimum=1_000, maximum=8_000)
    bands: int = parameter(_USUAL.bands, "mel bands between them, a multiple of 5", minimum=10)
    coefficients: int = parameter(_USUAL.coefficients, "cepstral coefficients", minimum=6)
    subtract: float = parameter(
        _USUAL.subtract, "how many times the noise floor is subtracted", minimum=0
    )
    floor: float = parameter(_USUAL.floor, "floor added, in dB below the loud frames", minimum=5)
    speech_range: float = parameter(
        _USUAL.speech_range, "speech is at most this many dB below the loudest frame", minimum=5
    )


def _recipe(parameters: RobustParameters) -> Robustness:
    return Robustness(
        low=parameters.low,
        top=parameters.top,
        bands=parameters.bands,
        coefficients=parameters.coefficients,
        subtract=parameters.subtract,
        floor=parameters.floor,
        speech_range=parameters.speech_range,
    )


def _check(parameters: RobustParameters) -> None:
    how = _recipe(parameters)
    if how.low >= how.top:
        raise UsageError(
            f"low = {how.low:g} and top = {how.top:g} leave no band",
            allowed="low must be below top",
        )
    if how.bands % 5:
        raise UsageError(f"bands = {how.bands} is not allowed", allowed="a multiple of 5 is")
    if not 6 <= how.coefficients < how.bands:
        raise UsageError(
            f"coefficients = {how.coefficients} is not allowed with {how.bands} bands",
            allowed=f"6 to {how.bands - 1} are",
        )


def _layout(parameters: RobustParameters) -> TableLayout:
    return TableLayout("float32", tuple(c.name for c in robust_columns(_recipe(parameters))))


def _describe(parameters: RobustParameters) -> tuple[Column, ...]:
    return tuple(Column(c.name, c.description) for c in robust_columns(_recipe(parameters)))


def _compute(signal: Signal, parameters: RobustParameters) -> Values:
    return Values(robust_functionals(signal.samples, signal.sample_rate, _recipe(parameters)))


EXTRACTOR = Extractor(
    name="robust",
    version=1,
    summary="functionals that change little with level, band and noise",
    parameters=RobustParameters,
    check=_check,
    layout=_layout,
    describe=_describe,
    compute=_compute,
    per_clip_ms=17.0,
)

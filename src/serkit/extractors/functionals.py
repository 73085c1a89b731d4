"""One vector of statistics a clip, for classical models."""

from __future__ import annotations

from functools import cache

from serkit.dsp import functionals
from serkit.dsp.signal import Signal
from serkit.features.extractor import Column, Extractor, TableLayout, Values
from serkit.parameters import Parameters


@cache
def _columns() -> TableLayout:
    return TableLayout("float32", tuple(column.name for column in functionals.columns()))


def _layout(_parameters: Parameters) -> TableLayout:
    return _columns()


def _describe(_parameters: Parameters) -> tuple[Column, ...]:
    return tuple(Column(column.name, column.description) for column in functionals.columns())


def _compute(signal: Signal, _parameters: Parameters) -> Values:
    return Values(functionals.functionals(signal.samples, signal.sample_rate))


EXTRACTOR = Extractor(
    name="functionals",
    version=1,
    summary="statistics of pitch, energy, spectrum and voice quality",
    parameters=Parameters,
    layout=_layout,
    compute=_compute,
    describe=_describe,
    per_clip_ms=9.0,
)

"""Recording properties: level, noise, bandwidth and clipping. Not useful for models."""

from __future__ import annotations

import numpy as np

from serkit.dsp.recording import MEASURES, describe_recording
from serkit.dsp.signal import Signal
from serkit.features.extractor import Column, Extractor, TableLayout, Values
from serkit.parameters import Parameters

_COLUMNS = {"num_frames": "samples at 48 kHz", **MEASURES}


def _layout(_parameters: Parameters) -> TableLayout:
    return TableLayout("float32", tuple(_COLUMNS))


def _describe(_parameters: Parameters) -> tuple[Column, ...]:
    return tuple(Column(*item) for item in _COLUMNS.items())


def _compute(signal: Signal, _parameters: Parameters) -> Values:
    described = describe_recording(signal.samples, signal.sample_rate)
    return Values(np.concatenate(([len(signal.samples)], described)).astype(np.float32))


EXTRACTOR = Extractor(
    name="recording",
    version=1,
    summary="length, level, noise, bandwidth and clipping of the recording",
    parameters=Parameters,
    layout=_layout,
    compute=_compute,
    describe=_describe,
    per_clip_ms=5.0,
)

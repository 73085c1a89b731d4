"""openSMILE's standard functionals, by the optional ``opensmile`` package.

openSMILE's licence allows research and private use only (audEERING GmbH); products need a
commercial licence. Therefore it is never a default.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from serkit.dsp.signal import Signal
from serkit.errors import FeatureError, MissingDependencyError
from serkit.extras import installed
from serkit.features.extractor import Column, Extractor, TableLayout, Values
from serkit.parameters import Parameters, parameter

LICENCE = "openSMILE: research and private use only (audEERING); commercial use needs a licence"


@dataclass(frozen=True)
class OpensmileParameters(Parameters):
    """Which of openSMILE's feature sets."""

    feature_set: str = parameter(
        "eGeMAPSv02", "openSMILE feature set", choices=("eGeMAPSv02", "ComParE_2016")
    )


def _require(_parameters: object) -> None:
    if not installed("opensmile"):
        raise MissingDependencyError(
            "the features egemaps and compare2016 need the package opensmile",
            hint="pip install 'serkit[opensmile]' (research-only licence)",
        )


@cache
def _smile(feature_set: str) -> Any:
    if "tensorflow" in sys.modules and "opensmile" not in sys.modules:
        # Its native library, loaded after TensorFlow's, corrupts memory: the process is aborted.
        raise FeatureError(
            "openSMILE cannot be loaded in a process that has loaded TensorFlow",
            hint="extract in a process of its own, or import opensmile first",
        )
    import opensmile

    return opensmile.Smile(
        feature_set=opensmile.FeatureSet[feature_set],
        feature_level=opensmile.FeatureLevel.Functionals,
        num_workers=1,  # openSMILE is not thread-safe; clips run in parallel in processes
    )


def _layout(parameters: OpensmileParameters) -> TableLayout:
    _require(parameters)
    return TableLayout("float32", tuple(_smile(parameters.feature_set).feature_names))


def _describe(parameters: OpensmileParameters) -> tuple[Column, ...]:
    return tuple(
        Column(name, f"openSMILE {parameters.feature_set}: {name}")
        for name in _layout(parameters).columns
    )


def _compute(signal: Signal, parameters: OpensmileParameters) -> Values:
    smile = _smile(parameters.feature_set)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # for clips that are too short, reported below
            frame = smile.process_signal(signal.as_float / np.float32(32768), signal.sample_rate)
    except Exception as error:  # openSMILE raises its own kinds
        raise FeatureError(f"openSMILE failed ({error})") from error
    values = frame.to_numpy(np.float32)[0]
    if not np.isfinite(values).all():
        count = np.count_nonzero(~np.isfinite(values))
        raise FeatureError(
            f"openSMILE leaves {count:,} of {len(values):,} values undefined",
            hint="the clip may be too short",
        )
    return Values(values)


EXTRACTOR = Extractor(
    name="opensmile",
    version=1,
    summary="openSMILE functionals",
    parameters=OpensmileParameters,
    layout=_layout,
    compute=_compute,
    describe=_describe,
    require=_require,
    licence=LICENCE,
    per_clip_ms=120.0,
)

"""Contract of extractors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.dsp.signal import Signal
from serkit.errors import FeatureError
from serkit.features import Extractor, TableLayout, Values
from serkit.features.extractor import check_values
from serkit.parameters import Parameters, settle
from serkit.testing._claims import check_parameters, check_summary, no_error, require
from serkit.testing.examples import example_signal


def check_extractor(
    extractor: Extractor[Any], *, values: Mapping[str, object] | None = None
) -> None:
    """Check an extractor: pure, deterministic, and of the shape that it promises.

    Args:
        extractor: The extractor.
        values: Parameters that differ from the defaults, such as a file that it needs.

    Raises:
        ContractError: It is not so; the message says what was seen.
        MissingDependencyError: It needs a package that is not installed.

    Example:
        >>> from serkit.features import EXTRACTORS
        >>> check_extractor(EXTRACTORS.get("chroma"))
    """
    who = f"extractor {extractor.name}"
    check_summary(who, extractor.summary)
    require(extractor.version >= 1, f"{who} has version {extractor.version}, which is below 1")
    require(extractor.per_clip_ms > 0, f"{who} says that a clip costs nothing")
    check_parameters(who, extractor.parameters)
    settled = settle(extractor.name, extractor.parameters(), values or {})
    extractor.require(settled)
    parameters = extractor.complete(settled)
    no_error(f"{who}: its defaults do not go together", lambda: extractor.check(parameters))
    _check_columns(who, extractor, parameters)
    for frames in (48_000, 177_632):
        _check_result(who, extractor, parameters, example_signal(frames))
    _check_purity(who, extractor, parameters)
    _check_longer(who, extractor, parameters)
    for frames in (1, 2, 100, 1_000, 4_800):  # a typed error will do
        _check_result(who, extractor, parameters, example_signal(frames), may_refuse=True)
        _check_result(who, extractor, parameters, np.zeros(frames, np.int16), may_refuse=True)


def _check_columns(who: str, extractor: Extractor[Any], parameters: Parameters) -> None:
    layout, columns = extractor.layout(parameters), extractor.describe(parameters)
    described = tuple(column.name for column in columns)
    if isinstance(layout, TableLayout):
        wrong = f"{who} describes columns {described[:5]}, not {layout.columns[:5]}"
        require(described == layout.columns, wrong)
    else:  # naming the rows of an array is optional
        rows = 0 if not described else layout.item[0] if len(layout.item) == 1 else -1
        require(len(described) == rows, f"{who} describes {len(described)} rows of {layout.item}")
    require(len(set(described)) == len(described), f"{who} has two columns of one name")
    silent = [column.name for column in columns if not column.description]
    require(not silent, f"{who} does not say what its columns {silent[:5]} measure")


def _check_result(
    who: str,
    extractor: Extractor[Any],
    parameters: Parameters,
    samples: npt.NDArray[np.int16],
    *,
    may_refuse: bool = False,
) -> None:
    try:
        values = extractor.compute(Signal(samples), parameters)
    except FeatureError as error:
        require(may_refuse, f"{who} refuses {len(samples):,} samples: {error}")
        return
    wrong = check_values(values, extractor.layout(parameters))
    require(wrong is None, f"{who}, from {len(samples):,} samples: {wrong}")


def _check_purity(who: str, extractor: Extractor[Any], parameters: Parameters) -> None:
    samples = example_signal(60_000)
    before = samples.copy()
    shared = Signal(samples)
    first = extractor.compute(shared, parameters)
    require(np.array_equal(samples, before), f"{who} changes the signal that it is given")
    again = extractor.compute(shared, parameters)
    fresh = extractor.compute(Signal(before), parameters)
    require(_same(first, again), f"{who} gives other values when the signal was used before")
    require(_same(first, fresh), f"{who} gives other values from the same samples")
    other = extractor.compute(Signal(example_signal(60_000, seed=1)), parameters)
    require(not _same(first, other), f"{who} gives the same values for different clips")


def _check_longer(who: str, extractor: Extractor[Any], parameters: Parameters) -> None:
    if extractor.longer is None:
        return
    long = example_signal(400_000)
    longer = extractor.longer(parameters, len(long))
    _check_result(f"{who} (made longer)", extractor, longer, long)
    for frames in (4_800, 177_632):
        signal = Signal(example_signal(frames))
        usual, other = (extractor.compute(signal, each) for each in (parameters, longer))
        require(
            usual.array.tobytes() == other.array.tobytes(),
            f"{who} (made longer) gives other values from {frames:,} samples",
        )


def _same(one: Values, other: Values) -> bool:
    return one.lead == other.lead and one.array.tobytes() == other.array.tobytes()

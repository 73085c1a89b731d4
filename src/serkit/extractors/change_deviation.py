"""Change between short blocks of the signal: the study's loudness-like scalar.

The front-padded signal is averaged in blocks of 5 samples, the averages are differenced, and the
population standard deviation of the differences is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serkit.dsp.signal import Signal
from serkit.errors import UsageError
from serkit.features.extractor import Column, Extractor, TableLayout, Values
from serkit.parameters import Parameters, parameter

_NAME = "change_deviation"

_EXACT_IN_FLOAT32 = 256
"""Samples whose sum, and the difference of two such sums, is below 2**24 in absolute value."""


@dataclass(frozen=True)
class ChangeDeviationParameters(Parameters):
    """How long the blocks are, and how far a clip is padded."""

    block: int = parameter(5, "samples averaged at a time", minimum=1)
    pad_to: int = parameter(253_125, "length in samples of shorter clips when padded", minimum=0)


def change_deviation(signal: Signal, *, block: int, pad_to: int) -> float:
    """Return the change deviation of a signal, in int16 amplitudes.

    Args:
        signal: The clip.
        block: Samples averaged at a time.
        pad_to: Length to front-pad to, a multiple of ``block``. A longer clip, and every clip
            where it is 0, is padded to the next multiple.
    """
    # Sums of so few int16 are exact in float32, of any number of them in float64.
    samples = signal.as_float if block <= _EXACT_IN_FLOAT32 else signal.samples.astype(np.float64)
    room = pad_to - len(samples)
    padding = room if room >= 0 and pad_to else -len(samples) % block
    # Whole blocks of zeros change nothing, so only the others are summed. A product with ones sums
    # short blocks ten times faster than a reduction.
    first = min(-padding % block, len(samples))  # samples in a block that begins with zeros
    sums = samples[first:].reshape(-1, block) @ np.ones(block, samples.dtype)
    front = ([0.0] if padding >= block else []) + ([samples[:first].sum()] if first else [])
    changes = np.diff(np.concatenate([front, sums]).astype(np.float64))
    count = (padding + len(samples)) // block - 1
    if count < 1:
        return 0.0
    mean = float(changes.sum()) / count
    variance = float(changes @ changes) / count - mean * mean
    return float(np.sqrt(max(variance, 0.0)) / block)


def _check(parameters: ChangeDeviationParameters) -> None:
    block, pad_to = parameters.block, parameters.pad_to
    if pad_to % block:
        raise UsageError(f"pad_to = {pad_to} is not a multiple of block = {block}")


def _compute(signal: Signal, parameters: ChangeDeviationParameters) -> Values:
    value = change_deviation(signal, block=parameters.block, pad_to=parameters.pad_to)
    return Values(np.array([value]))


EXTRACTOR = Extractor(
    name="change-deviation",
    version=1,
    summary="deviation of the change between blocks of samples",
    parameters=ChangeDeviationParameters,
    check=_check,
    layout=lambda _p: TableLayout("float64", (_NAME,)),
    compute=_compute,
    describe=lambda _p: (
        Column(_NAME, "standard deviation of block-to-block changes, int16 amplitudes"),
    ),
    per_clip_ms=1.0,
)

"""Convert float samples to int16, with a note if the level changes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FULL = 32_768.0
"""Scale from int16 amplitudes to the range -1 to 1."""

_BEYOND = 1.0 + 0.5 / FULL
"""Beyond this a sample does not round to full scale."""


_SILENT = 33
"""60 dB below full scale: what never gets louder is no speech."""

_FLAT = 3
"""So many samples at full scale in a row are no peak but one that was cut off."""


def is_silent(samples: npt.NDArray[np.int16]) -> bool:
    """Say whether a clip is never louder than 60 dB below full scale.

    Args:
        samples: int16 amplitudes, shape ``(n,)``.

    Example:
        >>> is_silent(np.zeros(8, np.int16)), is_silent(np.array([0, -500], np.int16))
        (True, False)
    """
    return int(samples.min(initial=0)) > -_SILENT and int(samples.max(initial=0)) < _SILENT


def clipped_samples(samples: npt.NDArray[np.int16]) -> int:
    """Count the samples in runs of three or more at full scale.

    Args:
        samples: int16 amplitudes, shape ``(n,)``.

    Example:
        >>> clipped_samples(np.array([0, 32767, 32767, 32767, 0, -32768, 5], np.int16))
        3
    """
    count = 0
    for full in (samples >= 32767, samples <= -32767):
        if full.any():
            edges = np.flatnonzero(np.diff(np.r_[False, full, False]))
            runs = edges[1::2] - edges[::2]
            count += int(runs[runs >= _FLAT].sum())
    return count


@dataclass
class Levels:
    """Statistics of float samples, block by block.

    Attributes:
        blocks: How many blocks were taken into account.
        peak: The largest magnitude.
        whole: Whether every sample is a whole number.
        beyond: How many are beyond full scale.
        bad: How many are NaN or infinite.
    """

    blocks: int = 0
    peak: float = 0.0
    whole: bool = True
    beyond: int = 0
    bad: int = 0

    def add(self, block: npt.NDArray[np.float64]) -> None:
        """Take a block of samples into account."""
        self.blocks += 1
        if not np.isfinite(block).all():
            self.bad += int(np.count_nonzero(~np.isfinite(block)))
            return
        peak = float(np.abs(block).max(initial=0.0))
        self.peak = max(self.peak, peak)
        if peak > _BEYOND:
            self.beyond += int(np.count_nonzero(np.abs(block) > _BEYOND))
        self.whole = self.whole and bool((block == np.rint(block)).all())


@dataclass(frozen=True)
class Gain:
    """Factor for float samples before rounding and clipping.

    Attributes:
        factor: The number.
        note: What was done and why; empty in the normal case.
    """

    factor: float
    note: str = ""


def gain_for(levels: Levels, codec: str = "") -> Gain:
    """Choose the factor for float samples.

    Within full scale they stay as they are. Whole numbers beyond it are int16 amplitudes that
    somebody stored as floats. What a lossy codec overshoots is clipped, as every player does. All
    else is scaled down so that its peak is full scale.

    Args:
        levels: Of all samples.
        codec: The lossy codec that they come from; empty for none.

    Example:
        >>> gain_for(Levels(peak=0.5, whole=False)).factor
        32768.0
        >>> print(gain_for(Levels(peak=2.0, whole=False, beyond=9)).note)
        its float samples reach 2 times full scale: all are scaled down by 6.0 dB
    """
    if levels.peak <= _BEYOND:
        return Gain(FULL)
    if codec:
        note = f"{levels.beyond:,} samples that {codec} overshoots beyond full scale are clipped"
        return Gain(FULL, note)
    if levels.whole and levels.peak <= FULL:
        note = f"its float samples are whole numbers up to {levels.peak:,.0f}: read as int16"
        return Gain(1.0, note)
    down = 20 * math.log10(levels.peak)
    note = f"its float samples reach {levels.peak:,.3g} times full scale: "
    return Gain((FULL - 1) / levels.peak, f"{note}all are scaled down by {down:.1f} dB")


def to_int16(block: npt.NDArray[np.float64], factor: float) -> npt.NDArray[np.int16]:
    """Return float samples as int16, scaled, rounded and clipped."""
    return np.clip(np.rint(block * factor), -32768, 32767).astype(np.int16)

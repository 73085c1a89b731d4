"""One vector a clip out of :mod:`serkit.dsp.robust`'s tracks, for use outside the studio.

As in :mod:`serkit.dsp.functionals`, without what depends on where a clip was cut: its length and
the silence at its ends.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from serkit.dsp import timing
from serkit.dsp.functionals import BLOCKS, Block, Column, block_values
from serkit.dsp.robust import Robustness, measure_robustly
from serkit.dsp.statistics import DESCRIPTIONS

_CUT_DEPENDENT = 3
"""Lengths of the clip, before and behind the speech: the first of the durations."""

_BLOCKS = (
    *(block for block in BLOCKS if block.family != "high"),
    Block("outer", "speech", tuple(DESCRIPTIONS)),
)


def robust_functionals(
    samples: npt.NDArray[np.int16], sample_rate: int, how: Robustness
) -> npt.NDArray[np.float32]:
    """Compute one clip's vector.

    Args:
        samples: int16 amplitudes, shape (samples,).
        sample_rate: Samples a second.
        how: The recipe.

    Returns:
        The value of each of :func:`robust_columns`, finite, shape (columns,).
    """
    tracks = measure_robustly(samples, sample_rate, how)
    parts = block_values(tracks, _BLOCKS)
    for part, _ in timing.PARTS:
        values = np.asarray(part(tracks), np.float32)
        parts.append(values[_CUT_DEPENDENT:] if part is timing.durations else values)
    return np.concatenate(parts)


@cache
def robust_columns(how: Robustness) -> tuple[Column, ...]:
    """Return what the vector of :func:`robust_functionals` holds; nothing is computed."""
    families = how.families()
    described = [column for block in _BLOCKS for column in block.columns(families)]
    for part, names in timing.PARTS:
        listed = [Column(*item) for item in names.items()]
        described += listed[_CUT_DEPENDENT:] if part is timing.durations else listed
    return tuple(described)

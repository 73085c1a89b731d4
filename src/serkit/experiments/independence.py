"""Does a model answer the same whichever clips it is asked about at once, and in which order?

A model that normalises by the clips of a batch, or that reads the order in which they come, knows
more of a test clip than the clip. That is called transductive, and a run of it is stamped.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from serkit.models import ClipData, Fitted
from serkit.store.source import ClipStore

SAMPLE = 32
"""Test clips of a fold that are asked about a second time, in another order. All of them would
double the time of a net's prediction and show no more."""

ALONE = 4
"""How many of them are asked about one by one."""

TOLERANCE = 0.02
"""A probability may differ by this much: sums are rounded otherwise in a batch of another size,
in bfloat16 by up to 0.004 of their value. A mean taken over a batch moves it much further."""


def dependence_on_company(
    model: Fitted,
    store: ClipStore,
    clip_ids: tuple[str, ...],
    probabilities: npt.NDArray[np.float64],
) -> float:
    """Return by how much a model's probabilities change with the clips asked about beside them.

    Args:
        model: The model.
        store: The store that the clips are of.
        clip_ids: The clips that it was asked about together.
        probabilities: What it answered, shape ``(n, classes)``.

    Returns:
        The largest difference of one probability, 0 to 1, over :data:`SAMPLE` of the clips.
    """
    count = min(SAMPLE, len(clip_ids))
    picked = np.random.default_rng(0).permutation(len(clip_ids))[:count]
    apart = 0.0
    for positions in np.split(picked, range(1, min(ALONE, count - 1) + 1)):
        again = model.predict(ClipData.of(store, (clip_ids[p] for p in positions)))
        apart = max(apart, float(np.abs(again - probabilities[positions]).max()))
    return apart

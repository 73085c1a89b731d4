"""Check that predictions do not depend on the other clips of a batch or on their order.

A model that normalises over a batch, or uses its order, sees more than the single test clip. This
is called transductive, and its runs are stamped.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from serkit.models import ClipData, Fitted
from serkit.store.source import ClipStore

SAMPLE = 32
"""Number of test clips per fold that are predicted again, in another order. More would cost time
without finding more."""

ALONE = 4
"""Number of them predicted one by one."""

TOLERANCE = 0.02
"""Tolerance for probabilities.

Rounding depends on the batch size, in bfloat16 by up to 0.004 of the value. Normalising over a
batch changes them much more."""


def dependence_on_company(
    model: Fitted,
    store: ClipStore,
    clip_ids: tuple[str, ...],
    probabilities: npt.NDArray[np.float64],
) -> float:
    """Return the change of a model's probabilities with the other clips of a batch.

    Args:
        model: The model.
        store: The store that the clips are of.
        clip_ids: The clips that were predicted together.
        probabilities: The predictions, shape ``(n, classes)``.

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

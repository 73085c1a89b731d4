"""The number of processes that compute features, and the number of clips per task."""

from __future__ import annotations

import math
from collections.abc import Sequence

from serkit.compute.cores import available_cores
from serkit.features import EXTRACTORS, Cost, FeatureSpec
from serkit.store.compact import CLIPS_PER_PART

_SECONDS_PER_TASK = 10
"""A kill costs a task of each worker, and a progress bar moves task by task."""


BYTES_A_TASK = 256 * 2**20
"""Audio that one worker holds values of before it writes them; an hour of it is 345 MB."""


def sensible_workers(specs: Sequence[FeatureSpec], wanted: int | None = None) -> int:
    """Return the number of worker processes: as requested, or one per core.

    Some features limit it: each worker loads a large model, or all share one GPU.
    """
    most = [cost.most_workers for cost in _costs(specs) if cost.most_workers]
    return wanted or max(1, min([available_cores(), *most]))


def clips_a_task(specs: Sequence[FeatureSpec]) -> int:
    """Return the maximum number of clips per task."""
    milliseconds = sum(cost.per_clip_ms for cost in _costs(specs))
    return max(1, min(CLIPS_PER_PART, math.ceil(1000 * _SECONDS_PER_TASK / max(milliseconds, 1))))


def jobs_a_task(sizes: Sequence[int], most: int) -> int:
    """Return how many of the next clips make up one task.

    Args:
        sizes: Bytes of their files, in order.
        most: Never more than so many.

    Returns:
        As many as are not too large together, one at least.

    Example:
        >>> jobs_a_task([100, 2**28, 5], most=3)
        1
    """
    total, count = 0, 0
    for size in sizes[:most]:
        total += max(size, 0)
        if count and total > BYTES_A_TASK:
            break
        count += 1
    return count


def _costs(specs: Sequence[FeatureSpec]) -> list[Cost]:
    return [EXTRACTORS.get(spec.extractor).cost(spec.settings) for spec in specs]

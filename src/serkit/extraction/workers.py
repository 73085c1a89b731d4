"""The number of processes that compute features, and the number of clips per task."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from serkit.compute.cores import available_cores
from serkit.features import EXTRACTORS, FeatureSpec
from serkit.features.spec import canonical_json
from serkit.features.voices import voice_ms
from serkit.store.compact import CLIPS_PER_PART

_SECONDS_PER_TASK = 4
"""A kill costs a task of each worker, and a progress bar moves task by task. The costs are those of
a quick idle core: a slow or busy one takes several times as long."""


BYTES_A_TASK = 256 * 2**20
"""Audio that one worker holds values of before it writes them; an hour of it is 345 MB."""


def sensible_workers(specs: Sequence[FeatureSpec], wanted: int | None = None) -> int:
    """Return the number of worker processes: as requested, or one per core.

    Some features limit it: each worker loads a large model, or all share one GPU.
    """
    costs = [EXTRACTORS.get(spec.extractor).cost(spec.settings) for spec in specs]
    most = [cost.most_workers for cost in costs if cost.most_workers]
    return wanted or max(1, min([available_cores(), *most]))


def clips_a_task(specs: Sequence[FeatureSpec]) -> int:
    """Return the maximum number of clips per task."""
    milliseconds = sum(clip_ms(specs))
    return max(1, min(CLIPS_PER_PART, math.ceil(1000 * _SECONDS_PER_TASK / max(milliseconds, 1))))


def clip_ms(specs: Iterable[FeatureSpec]) -> list[float]:
    """Return about how long each feature of a 3.7 s clip takes on one core, in ms.

    Features in one voice share the time of changing it, which the first of them has.

    Example:
        >>> from serkit.features import Recipes
        >>> names = ("robust-centred-scene1", "functionals-centred-scene1")
        >>> clip_ms([Recipes().get(name) for name in names])
        [28.5, 9.0]
    """
    voices: set[str] = set()
    found: list[float] = []
    for spec in specs:
        milliseconds = EXTRACTORS.get(spec.extractor).cost(spec.settings).per_clip_ms
        if (voice := canonical_json(spec.voice)) not in voices:
            voices.add(voice)
            milliseconds += voice_ms(spec.voice)
        found.append(milliseconds)
    return found


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

"""Orders in which clips are read: random, and yet from few parts at a time."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
import numpy.typing as npt

from serkit.errors import UsageError

PARTS_AT_ONCE = 8
"""Parts that a shuffled reader goes through at a time: some 400 clips."""


def order_by_parts(
    parts: Sequence[str], seed: int, *, at_once: int = PARTS_AT_ONCE
) -> npt.NDArray[np.intp]:
    """Return all positions in random order, those of a few parts before those of the next.

    Parts are shuffled, then the clips of each few parts among themselves. A disk or a network
    reads each part once, and no more than ``at_once`` of them have to be at hand.

    Args:
        parts: The part that each clip lies in.
        seed: Of the order.
        at_once: How many parts are mixed with each other.

    Returns:
        Positions, shape ``(n,)``.

    Raises:
        UsageError: ``at_once`` is less than 1.

    Example:
        >>> order = order_by_parts(["a", "a", "b", "b"], 0, at_once=1)
        >>> sorted(order[:2].tolist()) in ([0, 1], [2, 3])
        True
    """
    if at_once < 1:
        raise UsageError(f"{at_once} parts at once", allowed="1 or more is allowed")
    random = np.random.default_rng(seed)
    names, part = np.unique(np.asarray(parts, dtype=object).astype(str), return_inverse=True)
    group = random.permutation(len(names))[part] // at_once
    return np.lexsort((random.permutation(len(part)), group))


def share(order: npt.NDArray[np.intp], rank: int, processes: int) -> npt.NDArray[np.intp]:
    """Return the run of positions that one of several processes reads.

    All get equally many; where the clips cannot be shared out evenly, the first of the order come
    twice, as with torch's ``DistributedSampler``.

    Args:
        order: All positions.
        rank: The process's number, from 0.
        processes: How many there are.

    Raises:
        UsageError: There is no such process.

    Example:
        >>> import numpy as np
        >>> share(np.array([4, 2, 0, 1, 3]), 1, 2).tolist()
        [1, 3, 4]
    """
    if not 0 <= rank < processes:
        raise UsageError(
            f"rank {rank} of {processes} processes", allowed="0 to one less is allowed"
        )
    each = ceil(len(order) / processes)
    return np.resize(order, each * processes)[rank * each : (rank + 1) * each]

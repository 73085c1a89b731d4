"""A few clips of a corpus, as evenly over its labels as can be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from serkit.errors import UsageError
from serkit.store.store import FeatureStore

_LABEL = "emotion"


def sample(store: FeatureStore, count: int, seed: int) -> dict[str, npt.NDArray[np.int16]]:
    """Return the samples of a few clips by id.

    Args:
        store: The store, which holds ``raw``.
        count: How many clips; all where there are fewer.
        seed: Seed of the draw.

    Raises:
        UsageError: Fewer than one clip is requested, or there are none.
        UnknownNameError: The store lacks ``raw``.
    """
    known = store.select("raw")
    if count < 1 or not known:
        raise UsageError(f"a sample of {count} of {len(known):,} clips", allowed="1 or more is")
    random = np.random.default_rng(seed)
    labels = store.clips.loc[known, _LABEL].to_numpy(str)
    shuffled = random.permutation(len(known))
    # The first of each label, then the second of each, and so on.
    seen: dict[str, int] = {}
    turns = []
    for place in shuffled.tolist():
        turns.append(seen.setdefault(labels[place], 0))
        seen[labels[place]] += 1
    chosen = shuffled[np.argsort(turns, kind="stable")[:count]]
    ids = sorted(known[place] for place in chosen)
    values = store.read("raw", ids, padded=False).X
    return {name: np.asarray(own, np.int16) for name, own in zip(ids, values, strict=True)}

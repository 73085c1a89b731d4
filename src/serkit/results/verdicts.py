"""How the models of a group stand against the best of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serkit.compute.blas import one_blas_thread
from serkit.evaluation.metrics import BestComparison, compare_with_best
from serkit.results.seeds import ModelRuns


def stand(models: Sequence[ModelRuns]) -> BestComparison:
    """Compare models with the best; models with identical predictions count as one.

    Args:
        models: The models of a group, best first, at least one.

    Returns:
        A standing for each model, in their order.
    """
    distinct: dict[bytes, int] = {}
    places = [distinct.setdefault(np.round(m.shares, 9).tobytes(), len(distinct)) for m in models]
    rows = [models[places.index(place)].shares for place in range(len(distinct))]
    # The products are small: threads that wait for each other cost more than they do.
    with one_blas_thread():
        found = compare_with_best(np.stack(rows))
    standings = tuple(found.standings[place] for place in places)
    return BestComparison(
        best=places.index(found.best),
        standings=standings,
        speakers=found.speakers,
        detectable=found.detectable,
        floor=found.floor,
        exact=found.exact,
        why_not=found.why_not,
    )

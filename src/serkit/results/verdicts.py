"""Verdicts: the models of a group against the best of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import nan
from typing import Any

import numpy as np

from serkit.compute.blas import one_blas_thread
from serkit.evaluation.metrics import BestComparison, Interval, Standing, compare_with_best
from serkit.results.seeds import ModelRuns

_APART = Standing(difference=nan, interval=Interval(nan, nan), p_value=nan, worse=False)
"""The standing of a model that is not compared."""


def had_help(record: Mapping[str, Any]) -> bool:
    """Return whether a run had more to go by than the clip it answered for: other test clips.

    Example:
        >>> had_help({"selected_on_test": False, "transductive": True})
        True
    """
    return bool(record["selected_on_test"] or record["transductive"])


def stand(models: Sequence[ModelRuns]) -> BestComparison:
    """Compare like with like: models with the best of those that had no help.

    A model that had help is not compared, and no other is held against it. In a group of such
    models alone, they are compared with each other. Models with identical predictions count as one.

    Args:
        models: The models of a group, best first, at least one.

    Returns:
        A standing for each model, in their order.
    """
    alone = [place for place, model in enumerate(models) if not had_help(model.first.record)]
    if not alone:
        return _stand(models)
    found = _stand([models[place] for place in alone])
    compared = dict(zip(alone, found.standings, strict=True))
    standings = tuple(compared.get(place, _APART) for place in range(len(models)))
    return replace(found, best=alone[found.best], standings=standings)


def _stand(models: Sequence[ModelRuns]) -> BestComparison:
    distinct: dict[bytes, int] = {}
    places = [distinct.setdefault(np.round(m.shares, 9).tobytes(), len(distinct)) for m in models]
    rows = [models[places.index(place)].shares for place in range(len(distinct))]
    # The products are small: threads that wait for each other cost more than they do.
    with one_blas_thread():
        found = compare_with_best(np.stack(rows))
    standings = tuple(found.standings[place] for place in places)
    return replace(found, best=places.index(found.best), standings=standings)

"""How much better one run is than another, by a paired bootstrap over actors.

Both runs are scored on the same resampled actors, so what makes an actor hard for both cancels
out: the difference is known better than either score.

With few actors the test finds too many differences. In 3,000 simulated pairs of equally
good runs it gave p < 0.05 in 7 % with 24 actors, 9 % with 12, 11 % with 8 and 18 % with 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serkit.errors import UsageError
from serkit.evaluation.metrics.bootstrap import (
    actor_confusions,
    percentile_interval,
    resampled,
)
from serkit.evaluation.metrics.classification import Floats, Ints, checked_pair, uar_of
from serkit.evaluation.metrics.intervals import Interval

RESAMPLES = 10_000
"""Default number of resamples. The smallest p-value is 2 / (resamples + 1)."""

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """How much better one run is than another, by UAR.

    Attributes:
        difference: UAR of run A less that of run B, over all clips.
        interval: Its 95 % interval; NaN to NaN if there is one actor only.
        p_value: Two-sided p-value of no difference; NaN if there is one actor only.
    """

    difference: float
    interval: Interval
    p_value: float


def paired_difference(
    true: npt.ArrayLike,
    predicted_a: npt.ArrayLike,
    predicted_b: npt.ArrayLike,
    actors: npt.ArrayLike,
    *,
    n_classes: int | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> PairedDifference:
    """Compare the UAR of two runs over the same clips by a paired bootstrap over actors.

    With d the difference on each of B resamples,
    ``p = min(1, 2 (min(#{d <= 0}, #{d >= 0}) + 1) / (B + 1))``. The added ones keep a finite
    number of resamples from claiming p = 0 (Davison and Hinkley 1997, section 4.2).

    Args:
        true: (n,) true labels, integers from 0 to ``n_classes - 1``.
        predicted_a: (n,) labels predicted by run A, for the same clips in the same order.
        predicted_b: (n,) labels predicted by run B, the same.
        actors: (n,) each clip's actor: integers or strings.
        n_classes: Number of classes; by default one more than the largest label.
        resamples: Number of resamples B.
        seed: Seed of the draw.

    Returns:
        The difference A - B, its interval and its p-value.

    Raises:
        UsageError: Labels, actors or numbers are invalid; see
            :func:`~serkit.evaluation.metrics.bootstrap.actor_confusions`.
    """
    size = max(checked_pair(true, answers, n_classes)[2] for answers in (predicted_a, predicted_b))
    a = actor_confusions(true, predicted_a, actors, size)
    b = actor_confusions(true, predicted_b, actors, size)
    first, second, sign = _in_order(a, b)
    draws = resampled(np.stack([first, second], axis=1), resamples=resamples, seed=seed)
    differences = sign * (uar_of(draws[:, 0]) - uar_of(draws[:, 1]))
    return PairedDifference(
        difference=float(uar_of(a.sum(axis=0)) - uar_of(b.sum(axis=0))),
        interval=percentile_interval(differences, len(a)),
        p_value=_two_sided(differences) if len(a) > 1 else float("nan"),
    )


def holm(p_values: npt.ArrayLike) -> Floats:
    """Adjust p-values for their number by Holm's step-down method.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".

    Args:
        p_values: (m,) p-values from 0 to 1. NaN is passed through and not counted in m.

    Returns:
        (m,) adjusted p-values, in the order they came.

    Raises:
        UsageError: They are not one row of numbers from 0 to 1.

    Example:
        >>> holm([0.01, 0.04, 0.03]).tolist()
        [0.03, 0.06, 0.06]
    """
    try:
        raw = np.asarray(p_values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"the p-values are not numbers ({error})") from error
    if raw.ndim != 1 or np.any((raw < 0) | (raw > 1)):
        raise UsageError(
            f"the p-values are {raw.tolist()}", allowed="they must be one row, each from 0 to 1"
        )
    adjusted = np.full(raw.shape, np.nan)
    # argsort puts NaN last, so the first m are the ones that count.
    m = int(np.count_nonzero(~np.isnan(raw)))
    ascending = np.argsort(raw, kind="stable")[:m]
    stepped = np.maximum.accumulate(raw[ascending] * np.arange(m, 0, -1))
    adjusted[ascending] = np.minimum(stepped, 1.0)
    return adjusted


def _in_order(a: Ints, b: Ints) -> tuple[Ints, Ints, float]:
    """Put two runs in an order that their counts decide, not who was called A.

    The resampling depends on the counts of both runs, so without this (A, B) and (B, A) would be
    resampled differently and not give opposite results.
    """
    forward, backward = _sorted_bytes(a, b), _sorted_bytes(b, a)
    return (a, b, 1.0) if forward <= backward else (b, a, -1.0)


def _sorted_bytes(first: Ints, second: Ints) -> bytes:
    rows = np.stack([first, second], axis=1).reshape(len(first), -1)
    return rows[np.lexsort(rows.T)].tobytes()


def _two_sided(differences: Floats) -> float:
    # Equal scores may differ in the last bit, depending on which classes they come from.
    below = int(np.count_nonzero(differences <= _ROUNDING))
    above = int(np.count_nonzero(differences >= -_ROUNDING))
    return min(1.0, 2 * (min(below, above) + 1) / (len(differences) + 1))

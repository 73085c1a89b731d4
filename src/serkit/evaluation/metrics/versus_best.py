"""Which models are worse than the best one? A max-T sign-flip test over speakers.

The best of several equally good models is best by luck, and leads the others by more than a pair
chosen beforehand would differ. So the largest of all pairs' statistics is the yardstick:

1. A pair's statistic T is the mean of the speakers' differences over its standard error. Dividing
   by the error keeps a pair that varies a lot from setting the yardstick for all others.
2. Each speaker gets one sign, the same for all pairs, which keeps the models as correlated as they
   are. The largest T over the pairs is noted for every assignment of signs.
3. A model's p-value is the share of assignments whose largest T reaches its own T against the
   best. Models are taken in descending order of T, and those already tested no longer count among
   the pairs (step-down; Romano and Wolf 2005, "Exact and approximate stepdown methods for multiple
   hypothesis testing"): a poor model on the board does not shield the others.

With two models this is the sign-flip test of :mod:`serkit.evaluation.metrics.signflip`. The
chance that any model which is as good as the best is called worse is at most 5 %;
``benchmarks/verdicts.py`` simulates it.

The intervals of the differences hold all at once: their half-width is the 95 % point of the
largest T over all pairs times the standard error. The interval of a model that is called worse
ends at 0 at the latest, so that it never contradicts the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serkit.errors import UsageError
from serkit.evaluation.metrics.classification import Floats
from serkit.evaluation.metrics.intervals import Interval
from serkit.evaluation.metrics.signflip import EXACT, sign_flips
from serkit.evaluation.metrics.student import t_quantile

ALPHA = 0.05
"""A model is worse than the best if its p-value is at most this."""

LEAST_SPEAKERS = 8
"""With fewer speakers no verdict is given: 7 speakers have 64 sign assignments, too few to separate
several models at 5 %, and their variance is poorly known."""

POWER = 0.80
"""How often a difference of :attr:`BestComparison.detectable` is found."""

_BUDGET = 200_000_000
"""Statistics computed at most, one for each pair and assignment of signs: seconds."""

_COLUMNS = 512
"""Assignments of signs that are computed at a time."""

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Standing:
    """One model compared with the best.

    Attributes:
        difference: Its UAR less the best one's; 0 or negative.
        interval: The simultaneous 95 % interval of the difference; NaN to NaN without verdict.
        p_value: Of being as good as the best, adjusted for the number of models; NaN for the best
            itself and without verdict.
        worse: Whether it is worse than the best beyond chance.
    """

    difference: float
    interval: Interval
    p_value: float
    worse: bool


@dataclass(frozen=True, slots=True)
class BestComparison:
    """Several models against the best of them.

    Attributes:
        best: The best model's number; of equally good ones the first.
        standings: One for each model, the best included.
        speakers: Number of speakers.
        detectable: The difference to the best that is found in 80 % of such comparisons, from the
            median standard error; NaN without verdict.
        floor: The smallest p-value that the test can give; NaN without verdict.
        exact: Whether every assignment of signs was tried.
        why_not: Why there is no verdict; empty where there is one.
    """

    best: int
    standings: tuple[Standing, ...]
    speakers: int
    detectable: float
    floor: float
    exact: bool
    why_not: str = ""


def compare_with_best(
    shares: npt.ArrayLike, *, alpha: float = ALPHA, seed: int = 0
) -> BestComparison:
    """Compare models with the best of them.

    Args:
        shares: (M, A) each model's score split by speaker, as
            :func:`~serkit.evaluation.metrics.speakers.uar_shares` gives it: the mean of a row is
            the model's UAR.
        alpha: Chance that any model as good as the best is called worse.
        seed: Seed of the signs, where there are too many to try all.

    Raises:
        UsageError: The shares are not a finite table, or ``alpha`` is not between 0 and 1.

    Example:
        >>> strong, weak = [0.7, 0.8, 0.6, 0.9] * 3, [0.5, 0.6, 0.5, 0.6] * 3
        >>> found = compare_with_best([weak, strong])
        >>> found.best, found.standings[0].worse, found.standings[0].p_value
        (1, True, 0.00048828125)
    """
    table = _checked(shares, alpha)
    models, speakers = table.shape
    means = table.mean(axis=1)
    best = int(np.argmax(means >= means.max() - _ROUNDING))
    differences = table - table[best]
    if models < 2 or speakers < LEAST_SPEAKERS:
        return _without_verdict(best, differences)
    flips = sign_flips(speakers, at_most=min(EXACT, _affordable(models)), seed=seed)
    p_values, yardstick = _step_down(table, best, flips.signs)
    critical = _critical_t(yardstick, alpha, speakers)
    errors = np.std(differences, axis=1, ddof=1) / np.sqrt(speakers)
    others = np.arange(models) != best
    reach = critical + t_quantile(speakers - 1, POWER)
    return BestComparison(
        best=best,
        standings=tuple(
            _standing(float(row.mean()), _half_width(critical, error), p, p <= alpha)
            for row, error, p in zip(differences, errors.tolist(), p_values, strict=True)
        ),
        speakers=speakers,
        detectable=min(1.0, reach * float(np.median(errors[others]))),
        floor=flips.floor,
        exact=flips.exact,
    )


def _checked(shares: npt.ArrayLike, alpha: float) -> Floats:
    if not 0 < alpha < 1:
        raise UsageError(f"alpha is {alpha}", allowed="it must lie between 0 and 1")
    table = np.asarray(shares, dtype=np.float64)
    if table.ndim != 2 or not table.size or not np.isfinite(table).all():
        raise UsageError(
            f"the shares have the shape {table.shape} or are not finite",
            allowed="they must be a table of finite numbers, (models, speakers)",
        )
    return table


def _without_verdict(best: int, differences: Floats) -> BestComparison:
    models, speakers = differences.shape
    nothing = float("nan")
    why_not = ""
    if models > 1:
        why_not = (
            f"no verdicts: {speakers} test speaker{'s' * (speakers != 1)} cannot tell models "
            f"apart at the 5 % level, {LEAST_SPEAKERS} or more can"
        )
    standings = tuple(
        Standing(float(row.mean()), Interval(nothing, nothing), nothing, worse=False)
        for row in differences
    )
    return BestComparison(best, standings, speakers, nothing, nothing, False, why_not)


def _affordable(models: int) -> int:
    """Return the number of sign assignments that is affordable for this many models."""
    return _BUDGET // (models * (models - 1) // 2)


def _step_down(table: Floats, best: int, signs: Floats) -> tuple[list[float], Floats]:
    """Return every model's p-value and, for each assignment of signs, the largest statistic.

    The statistic is abs(sum d) / sqrt(sum d^2) over the speakers' differences d. T grows with it,
    and its denominator is the same for all signs.
    """
    observed = np.abs(_units(table - table[best]).sum(axis=1))
    others = [model for model in np.argsort(observed, kind="stable").tolist() if model != best]
    p_values = [float("nan")] * len(table)
    largest = np.zeros(len(signs))
    pool = [best]
    for model in others:  # the one that is nearest to the best first, with the fewest pairs
        _raise(largest, _units(table[model] - table[pool]), signs.T)
        p_values[model] = float(np.mean(largest >= observed[model] - _ROUNDING))
        pool.append(model)
    _never_below_the_step_before(p_values, others[::-1])
    return p_values, largest


def _raise(largest: Floats, rows: Floats, signs: Floats) -> None:
    """Raise ``largest``, (B,), to the largest absolute value of ``rows @ signs`` in place.

    A few columns at a time: the product of them all would leave the processor's cache, which
    costs five times as long.
    """
    for start in range(0, len(largest), _COLUMNS):
        columns = slice(start, start + _COLUMNS)
        product = rows @ signs[:, columns]
        np.maximum(largest[columns], product.max(axis=0), out=largest[columns])
        np.maximum(largest[columns], -product.min(axis=0), out=largest[columns])


def _units(differences: Floats) -> Floats:
    """Scale each row to length 1; a row of zeros stays."""
    lengths = np.sqrt((differences**2).sum(axis=1, keepdims=True))
    lengths[lengths == 0] = 1.0
    return np.asarray(differences / lengths)


def _never_below_the_step_before(p_values: list[float], order: Sequence[int]) -> None:
    highest = 0.0
    for model in order:
        highest = p_values[model] = max(highest, p_values[model])


def _critical_t(largest: Floats, alpha: float, speakers: int) -> float:
    """Return the T above which a p-value is at most ``alpha``; infinite if no T is."""
    allowed = int(alpha * len(largest))
    share = np.sort(largest)[::-1][allowed] / np.sqrt(speakers)
    if share >= 1 - _ROUNDING:
        return float("inf")
    return float(share * np.sqrt((speakers - 1) / (1 - share**2)))


def _half_width(critical: float, error: float) -> float:
    return 2.0 if np.isinf(critical) else critical * error


def _standing(difference: float, half_width: float, p_value: float, worse: bool) -> Standing:
    low, high = max(-1.0, difference - half_width), min(1.0, difference + half_width)
    if np.isnan(p_value):  # the best against itself
        low = high = difference
    return Standing(difference, Interval(low, min(high, 0.0) if worse else high), p_value, worse)

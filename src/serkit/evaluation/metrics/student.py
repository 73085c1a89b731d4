"""Quantiles of Student's t.

Written here because every leaderboard needs a few of them and ``import scipy.special`` takes
0.25 s. Tests compare them with SciPy's.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, lgamma, log, log1p, pi, sqrt
from statistics import NormalDist

from serkit.errors import UsageError

_ENOUGH = 1e-15
"""Relative change at which the continued fraction has converged."""

_TINY = 1e-300
"""Stands for a zero in a denominator."""


@lru_cache(maxsize=1024)
def t_quantile(freedom: float, level: float) -> float:
    """Return a quantile of Student's t distribution.

    Args:
        freedom: Degrees of freedom, above 0; need not be whole.
        level: The probability of a smaller value, between 0 and 1.

    Raises:
        UsageError: An argument is out of range.

    Example:
        >>> round(t_quantile(10, 0.975), 6), round(t_quantile(1, 0.25), 6)
        (2.228139, -1.0)
    """
    if not (freedom > 0 and 0 < level < 1):
        raise UsageError(
            f"got {freedom} degrees of freedom and the level {level}",
            allowed="freedom must be above 0, and the level between 0 and 1",
        )
    if level < 0.5:
        return -t_quantile(freedom, 1 - level)
    # The tail is convex and longer than the normal one: Newton's method starts below the quantile,
    # and every step stays below it.
    value = NormalDist().inv_cdf(level)
    while True:
        step = (_tail(value, freedom) - (1 - level)) / _density(value, freedom)
        if step <= 1e-15 * value:
            return value
        value += step


def _density(value: float, freedom: float) -> float:
    scale = lgamma((freedom + 1) / 2) - lgamma(freedom / 2)
    return exp(scale - (freedom + 1) / 2 * log1p(value**2 / freedom)) / sqrt(freedom * pi)


def _tail(value: float, freedom: float) -> float:
    """Return the probability of a greater value, half of I_x(freedom / 2, 1 / 2).

    Args:
        value: At least 0.
        freedom: Degrees of freedom.
    """
    a, b = freedom / 2, 0.5
    x, rest = freedom / (freedom + value**2), value**2 / (freedom + value**2)
    if rest == 0:
        return 0.5
    scale = lgamma(a + b) - lgamma(a) - lgamma(b) - a * log1p(value**2 / freedom) + b * log(rest)
    if x > (a + 1) / (a + b + 2):  # there the fraction of the complement converges faster
        return 0.5 - exp(scale) / (2 * b * _fraction(rest, b, a))
    return exp(scale) / (2 * a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of the incomplete beta function, by Lentz's method.

    Source: DLMF 8.17.22, https://dlmf.nist.gov/8.17#v
    """
    value, top, bottom = 1.0, 1.0, 0.0
    for n in range(1, 10_000):
        m = n // 2
        if n % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        bottom = 1 / (1 + term * bottom or _TINY)
        top = 1 + term / top or _TINY
        value *= top * bottom
        if abs(top * bottom - 1) < _ENOUGH:
            break
    return value

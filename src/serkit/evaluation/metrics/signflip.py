"""A sign-flip test over speakers: is the mean of paired differences zero?

If two models are equally good, each speaker's difference is as likely to be d as -d. The test
compares the mean that was seen with the means under every assignment of signs (Fisher 1935,
"The design of experiments", section 21): its level is exact for any number of speakers. A sign
counts a whole speaker, so it does not matter how alike a speaker's clips are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serkit.errors import UsageError
from serkit.evaluation.metrics.classification import Floats

EXACT = 2**15
"""Up to this number (16 speakers), all sign assignments are enumerated.

The first sign is fixed: flipping all signs does not change a two-sided test."""

DRAWS = 9_999
"""Assignments of signs drawn at random where there are more."""

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class SignFlips:
    """Assignments of signs to speakers, the observed one (all +1) first.

    Attributes:
        signs: (B, A) of +1 and -1.
        exact: Whether these are all there are (up to a change of all signs).
    """

    signs: Floats
    exact: bool

    @property
    def floor(self) -> float:
        """The smallest p-value that these signs can give."""
        return 1 / len(self.signs)


def sign_flips(n_speakers: int, *, at_most: int = EXACT, seed: int = 0) -> SignFlips:
    """Return every assignment of signs, or a random sample of them.

    Args:
        n_speakers: Number of speakers A, 1 or more.
        at_most: If there are more assignments than this, so many of them are drawn at random,
            though no more than :data:`DRAWS` besides the observed one.
        seed: Seed of the sample.

    Raises:
        UsageError: There is no speaker, or no assignment is asked for.

    Example:
        >>> sign_flips(3).signs.tolist()
        [[1.0, 1.0, 1.0], [1.0, -1.0, 1.0], [1.0, 1.0, -1.0], [1.0, -1.0, -1.0]]
        >>> sign_flips(24).exact, sign_flips(24).floor
        (False, 0.0001)
    """
    if n_speakers < 1 or at_most < 1:
        raise UsageError(
            f"got {n_speakers} speakers and {at_most} assignments of signs",
            allowed="there must be at least 1 of each",
        )
    if 2 ** (n_speakers - 1) <= at_most:
        bits = np.arange(2 ** (n_speakers - 1))[:, None] >> np.arange(n_speakers - 1) & 1
        rest = 1.0 - 2.0 * bits
        return SignFlips(np.hstack([np.ones((len(rest), 1)), rest]), exact=True)
    size = (min(at_most, DRAWS + 1), n_speakers)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=size)
    signs[0] = 1.0  # the observed one counts: a finite sample never claims p = 0
    return SignFlips(signs, exact=False)


def sign_flip_p_value(differences: npt.ArrayLike, *, seed: int = 0) -> float:
    """Return the two-sided p-value of paired differences having a mean of zero.

    The p-value is the share of assignments whose absolute mean is at least the observed one. It
    is exact for up to 16 speakers; above, it comes from :data:`DRAWS` random assignments and the
    observed one, so it is never below 1 / (DRAWS + 1) = 0.0001.

    Args:
        differences: (A,) one difference for each speaker.
        seed: Seed of the random assignments.

    Raises:
        UsageError: They are not one row of finite numbers.

    Example:
        >>> sign_flip_p_value([1.0, 2.0, 3.0, 4.0, 5.0])
        0.0625
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise UsageError(
            f"the differences have the shape {values.shape} or are not finite",
            allowed="they must be one row of finite numbers, one for each speaker",
        )
    sums = np.abs(sign_flips(len(values), seed=seed).signs @ values)
    tolerance = _ROUNDING * float(np.abs(values).sum())
    return float(np.mean(sums >= sums[0] - tolerance))

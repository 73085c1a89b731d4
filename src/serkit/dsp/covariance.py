"""How measurements of a clip move together: the logarithm of their covariance.

Means tell how somebody's voice is; covariances tell what it does, whoever speaks. Covariances lie
in a curved space, where sums and differences, and so linear models, make little sense. Their matrix
logarithms lie in a flat one.

Source: Arsigny et al. (2006), "Log-Euclidean metrics for fast and simple calculus on diffusion
tensors", Magnetic Resonance in Medicine 56(2).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.floating]

SHRINKAGE = 0.1
"""Share of the mean variance in the covariance, which short clips leave singular."""

LIMIT = 4.0
"""Typical deviations from the clip's mean that count, at most."""

_LEAST_VARIANCE = 0.05
"""Mean variance, in typical ones, that a clip in which nothing moves is taken to have."""


def pairs(tracks: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the pairs of tracks in the order of :func:`log_covariance`, each with itself as well.

    Example:
        >>> [list(map(int, each)) for each in pairs(2)]
        [[0, 0, 1], [0, 1, 1]]
    """
    return np.triu_indices(tracks)


def log_covariance(frames: Values, typical: Values) -> npt.NDArray[np.float32]:
    """Return the logarithm of the covariance of some tracks, each pair once.

    Pairs of two tracks count times the square root of 2, so that distances are those of the
    matrices.

    Args:
        frames: Shape ``(frames, tracks)``, in any units.
        typical: About the standard deviation of each track, in its unit: all that a covariance
            depends on but the clip.

    Returns:
        Shape ``(tracks * (tracks + 1) / 2,)``, in the order of :func:`pairs`.

    Example:
        Two tracks that move together, and two that do not:

        >>> together = np.array([[1.0, 1.0], [-1.0, -1.0]] * 20)
        >>> apart = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]] * 10)
        >>> log_covariance(together, np.ones(2)).astype(float).round(1).tolist()
        [-0.8, 2.1, -0.8]
        >>> abs(log_covariance(apart, np.ones(2)).astype(float).round(1)).tolist()
        [0.7, 0.0, 0.7]
    """
    scaled = np.asarray(frames, np.float64) / typical
    scaled = np.clip(scaled - scaled.mean(axis=0), -LIMIT, LIMIT)
    scaled -= scaled.mean(axis=0)
    covariance = scaled.T @ scaled / max(len(scaled) - 1, 1)
    count = len(covariance)
    mean = max(float(np.trace(covariance)) / count, _LEAST_VARIANCE)
    covariance *= 1 - SHRINKAGE
    covariance[np.diag_indices(count)] += SHRINKAGE * mean
    variances, axes = np.linalg.eigh(covariance)
    logarithm = (axes * np.log(variances)) @ axes.T
    first, second = pairs(count)
    twice = np.where(first == second, 1.0, np.sqrt(2.0))
    return np.asarray(logarithm[first, second] * twice, np.float32)

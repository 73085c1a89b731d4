"""Logistic regression in which every speaker has weights of their own, close to those of all.

Source: Evgeniou and Pontil (2004), "Regularized multi-task learning", KDD: with a task's weights
``shared + own``, both penalised, the fit is that of one linear model whose products of rows count
``1 + own`` times where both rows are of the same task.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[Any]
Numbers = npt.NDArray[np.int64]

_SMALL = 1e-6
"""Of the mean squared length of rows, added to each product of a row with itself, so that rows
that depend on others can be factorised."""


@dataclass(frozen=True)
class PooledWeights:
    """Weights of every speaker.

    Attributes:
        weights: Shape ``(speakers, axes, classes)``, speakers in ascending order.
        intercept: Shape ``(classes,)``, that of all of them.
        trained: Numbers of the classes, in order.
    """

    weights: npt.NDArray[np.float64]
    intercept: npt.NDArray[np.float64]
    trained: npt.NDArray[np.int64]


def all_classes(model: Any) -> tuple[Matrix, Matrix]:
    """Return the weights ``(columns, classes)`` and intercepts of scikit-learn's linear model.

    Of two classes scikit-learn keeps one row: here half of it counts for one class, and half
    against the other.
    """
    weights, intercept = model.coef_.T, model.intercept_
    if len(model.classes_) == 2:
        weights = np.concatenate([-weights / 2, weights / 2], axis=1)
        intercept = np.concatenate([-intercept / 2, intercept / 2])
    return weights, intercept


def fit_pooled(
    rows: Matrix,
    labels: Numbers,
    speakers: Numbers,
    row_weights: npt.NDArray[np.float64],
    *,
    own: float,
    C: float,
    max_iter: int,
) -> PooledWeights:
    """Fit the weights of all speakers at once.

    It needs ``16 n**2`` bytes, and time that grows with the cube of ``n``.

    Args:
        rows: Shape ``(n, axes)``, with a mean of about 0.
        labels: Numbers of classes, shape ``(n,)``, two or more of them.
        speakers: Numbers of speakers, same shape.
        row_weights: How much each row counts, same shape.
        own: How freely a speaker's weights depart from the shared ones; 0 shares all.
        C: Inverse strength of the penalty.
        max_iter: Most iterations of the solver.

    Example:
        Two speakers who show an emotion by the same sign, and one by the opposite:

        >>> rows, labels = np.array([[1.0], [-1.0]] * 3), np.array([0, 1] * 3)
        >>> rows[4:] *= -1
        >>> found = fit_pooled(rows, labels, np.array([0, 0, 1, 1, 2, 2]), np.ones(6),
        ...                    own=4.0, C=10.0, max_iter=100)
        >>> (found.weights[:, 0, 0] > 0).tolist()
        [True, True, False]
    """
    from scipy.linalg import solve_triangular
    from sklearn.linear_model import LogisticRegression

    products = rows @ rows.T
    products *= 1 + own * (speakers[:, np.newaxis] == speakers)
    products[np.diag_indices_from(products)] += _SMALL * np.trace(products) / len(products)
    root = np.linalg.cholesky(products)
    del products
    model = LogisticRegression(C=C, max_iter=max_iter).fit(root, labels, row_weights)
    in_root, intercept = all_classes(model)
    shares = solve_triangular(root.T, in_root, lower=False)
    del root
    shared = rows.T @ shares
    known = np.unique(speakers)
    weights = np.empty((len(known), *shared.shape))
    for position, each in enumerate(known):
        mine = speakers == each
        weights[position] = shared + own * rows[mine].T @ shares[mine]
    return PooledWeights(weights, intercept, np.asarray(model.classes_, np.int64))

"""From decision values of scikit-learn classifiers to probabilities of all emotions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.models.probabilities import best_temperature

Matrix = npt.NDArray[Any]


def decisions(estimator: Any, matrix: Matrix) -> Matrix:
    """Return decision values with one column for each class, even where there are two."""
    values = np.asarray(estimator.decision_function(matrix))
    return np.stack([-values, values], axis=1) if values.ndim == 1 else values


def fit_temperature(
    values: Matrix,
    labels: npt.NDArray[np.int64],
    classes: npt.NDArray[np.int64] | None = None,
) -> float:
    """Return the temperature at which a softmax of decision values has the least log loss.

    Args:
        values: Shape ``(n, classes trained on)``.
        labels: Numbers of the true classes, shape ``(n,)``.
        classes: Numbers of the columns' classes in ascending order; None where each of them is
            some row's.
    """
    columns = np.searchsorted(np.unique(labels) if classes is None else classes, labels)
    finite = np.where(np.isfinite(values), values, -1e6)
    return best_temperature(finite, columns, log_bound=5.0, least=1e-12)


def widen(
    probabilities: Matrix, trained: npt.NDArray[Any], classes: int
) -> npt.NDArray[np.float64]:
    """Spread probabilities of the classes trained on over all of them.

    Args:
        probabilities: Shape ``(n, classes trained on)``.
        trained: The numbers of those.
        classes: How many there are.
    """
    out = np.zeros((len(probabilities), classes))
    out[:, np.asarray(trained, np.int64)] = probabilities
    return np.asarray(out / out.sum(axis=1, keepdims=True))

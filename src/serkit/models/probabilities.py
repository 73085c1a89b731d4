"""The softmax of logits, and the temperature that calibrates it.

These few lines are not SciPy's: ``serkit predict`` with a linear model does without SciPy, whose
import takes longer than the prediction.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[Any]


def softmax(logits: Matrix) -> npt.NDArray[np.float64]:
    """Return the softmax over the last axis.

    Example:
        >>> softmax(np.log([[1.0, 3.0], [2.0, 2.0]])).round(3).tolist()
        [[0.25, 0.75], [0.5, 0.5]]
    """
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), np.float64)


def best_temperature(
    logits: Matrix, truth: npt.NDArray[np.integer], *, log_bound: float, least: float
) -> float:
    """Return the temperature at which the softmax of logits has the least log loss.

    Args:
        logits: Shape ``(n, classes)``.
        truth: The column of the true class of each row, shape ``(n,)``.
        log_bound: Largest absolute logarithm of the temperature.
        least: Probabilities below it count as this much, so that one mistake cannot decide.
    """
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        picked = softmax(logits / np.exp(log_temperature))[rows, truth]
        return float(-np.log(np.maximum(picked, least)).mean())

    bounds = (-log_bound, log_bound)
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))

"""Preprocessing steps of the scikit-learn trainers that scikit-learn does not have.

This module imports scikit-learn, so it is imported inside functions only.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from serkit.errors import UsageError
from serkit.models.whitening import eigen_axes, fit_whitening

Matrix = npt.NDArray[Any]


class Clip(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Bring values beyond a limit to the limit, so that one odd number cannot decide.

    Args:
        limit: Largest absolute value let through.
    """

    def __init__(self, limit: float = 4.0) -> None:
        self.limit = limit

    def fit(self, X: Matrix, y: object = None) -> Self:
        """Learn nothing but the number of columns."""
        del y
        validate_data(self, X)
        return self

    def transform(self, X: Matrix) -> Matrix:
        """Return the values clipped, same shape."""
        check_is_fitted(self)
        return np.asarray(np.clip(validate_data(self, X, reset=False), -self.limit, self.limit))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_features_in_")


class TellingColumns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Keep the columns in which the classes differ most, by the F statistic of each.

    Args:
        count: How many columns are kept.

    Attributes:
        columns_: Their places, in order, shape ``(count,)``.
    """

    def __init__(self, count: int = 100) -> None:
        self.count = count

    def fit(self, X: Matrix, y: npt.ArrayLike) -> Self:
        """Learn which columns to keep.

        Raises:
            UsageError: There are fewer columns than are to be kept.
        """
        X, y = validate_data(self, X, y)
        if self.count > X.shape[1]:
            raise UsageError(
                f"select = {self.count}, and clips have {X.shape[1]:,} columns",
                allowed=f"1 to {X.shape[1]:,} can be selected, and 0 keeps all",
            )
        strongest = np.argsort(-f_statistic(X, np.asarray(y)), kind="stable")[: self.count]
        self.columns_ = np.sort(strongest)
        return self

    def transform(self, X: Matrix) -> Matrix:
        """Return the columns that are kept, shape ``(n, count)``."""
        check_is_fitted(self)
        return np.asarray(validate_data(self, X, reset=False)[:, self.columns_])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def f_statistic(values: Matrix, classes: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the variance between classes over that within them, for each column.

    Args:
        values: Shape ``(n, columns)``.
        classes: A class for each row, shape ``(n,)``.

    Returns:
        Shape ``(columns,)``; 0 for a column that is constant, infinite for one that is constant
        within every class.

    Example:
        >>> f_statistic(np.array([[0.0, 5.0], [2.0, 5.0], [4.0, 5.0], [6.0, 5.0]]), [0, 0, 1, 1])
        array([8., 0.])
    """
    values = np.asarray(values, np.float64)
    names, places, counts = np.unique(classes, return_inverse=True, return_counts=True)
    means = np.stack([values[places == each].mean(axis=0) for each in range(len(names))])
    between = counts @ (means - values.mean(axis=0)) ** 2 / max(1, len(names) - 1)
    within = ((values - means[places]) ** 2).sum(axis=0) / max(1, len(values) - len(names))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(between > 0, between / within, 0.0)


class ShrunkWhitening(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Rotate onto the principal axes and divide by the root of their shrunk variance.

    With variances ``v`` and their mean over all columns ``m``, an axis is divided by
    ``sqrt((1 - shrinkage) * v + shrinkage * m)``: Ledoit and Wolf's form of shrinkage, with a
    fixed amount. 0 is plain whitening (which blows up noise), 1 is a plain rotation. What comes
    out is scaled to a mean squared length of 1, so ``C`` and ``gamma`` mean the same for every
    number of columns.

    Args:
        shrinkage: 0 to 1.

    Attributes:
        mean_: The columns' means, shape ``(columns,)``.
        components_: The scaled axes, shape ``(axes, columns)``, float32.
    """

    def __init__(self, shrinkage: float = 0.9) -> None:
        self.shrinkage = shrinkage

    def fit(self, X: Matrix, y: object = None) -> Self:
        """Learn the axes and their variances."""
        del y
        X = validate_data(self, X, dtype=np.float64)
        self.mean_, scaled = fit_whitening(X, self.shrinkage, eigen_axes)
        # Saved with every fold's model: single precision halves that and changes no label.
        self.components_ = scaled.astype(np.float32)
        return self

    def transform(self, X: Matrix) -> Matrix:
        """Return the rotated and scaled values, shape ``(n, axes)``."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray((X - self.mean_) @ self.components_.T)

"""Several features side by side, each whitened by itself.

Whitened together, a feature of many columns crowds out one of few. On inner folds of RAVDESS,
functionals and random patterns have about a point more if each keeps a share of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[Any]


def whitening_of(blocks: Sequence[slice], shrinkage: float, shares: Sequence[float]) -> Any:
    """Make an unfitted step that whitens blocks of columns apart.

    Args:
        blocks: The columns of each; all columns together, in order.
        shrinkage: See :class:`serkit.models.classical.steps.ShrunkWhitening`.
        shares: Mean squared length of each block.
    """
    from sklearn.compose import ColumnTransformer

    from serkit.models.classical.steps import ShrunkWhitening

    names = [str(number) for number in range(len(blocks))]
    return ColumnTransformer(
        [
            (name, ShrunkWhitening(shrinkage), block)
            for name, block in zip(names, blocks, strict=True)
        ],
        transformer_weights=dict(zip(names, np.sqrt(shares), strict=True)),
    )


def mean_and_axes(whitening: Any) -> tuple[Matrix, Matrix]:
    """Return what a fitted step of :func:`whitening_of` does to columns, as one product.

    Returns:
        The mean of all columns, and the axes that what is left is multiplied with, shape
        ``(columns, axes)``.
    """
    from scipy.linalg import block_diag

    weights = whitening.transformer_weights
    parts = [(step, weights[name]) for name, step, _ in whitening.transformers_ if name in weights]
    axes = block_diag(*(weight * part.components_ for part, weight in parts))
    return np.concatenate([part.mean_ for part, _ in parts]), axes.T

"""Tables whitened while a net is trained: a linear layer learns from them as logistic regression.

Whitening is linear, so after training it is multiplied into the layer: a fitted net reads its
tables standardised, and nothing more is saved or exported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.models.keras.beside import LINEAR, Rows

SHRINKAGE = 0.9
"""Of the variances of the axes; see :class:`serkit.models.classical.steps.ShrunkWhitening`."""

LENGTH = 10.0
"""Root mean square length of a whitened row: with it, Adam's steps suit the layer."""


@dataclass(frozen=True)
class Whitening:
    """A linear map of rows whose axes have similar variances afterwards.

    Attributes:
        mean: Shape ``(columns,)``.
        axes: Shape ``(columns, columns)``; columns beyond the rank of the training clips are 0.
    """

    mean: npt.NDArray[np.float32]
    axes: npt.NDArray[np.float32]

    @classmethod
    def fit(cls, rows: Rows) -> Whitening:
        """Learn the axes.

        Args:
            rows: Standardised rows of the training clips, shape ``(clips, columns)``.
        """
        from serkit.models.classical.steps import ShrunkWhitening

        fitted = ShrunkWhitening(SHRINKAGE).fit(rows)
        axes = np.zeros((rows.shape[1], rows.shape[1]), np.float32)
        axes[:, : len(fitted.components_)] = LENGTH * fitted.components_.T
        return cls(fitted.mean_.astype(np.float32), axes)

    def __call__(self, rows: Rows) -> Rows:
        """Return rows whitened, same shape."""
        return np.asarray((rows - self.mean) @ self.axes, np.float32)

    def merge_into(self, model: Any) -> None:
        """Make a net that was trained on whitened rows read standardised ones."""
        layer = model.get_layer(LINEAR)
        kernel, bias = layer.get_weights()
        merged = self.axes @ kernel
        layer.set_weights([merged, bias - self.mean @ merged])

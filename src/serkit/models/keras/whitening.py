"""Tables whitened while a net is trained: a linear layer learns from them as logistic regression.

Whitening is linear, so after training it is multiplied into the layers that read the tables: a
fitted net reads them standardised, and nothing more is saved or exported.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.models.keras.beside import Rows
from serkit.models.whitening import fit_whitening, singular_axes

SHRINKAGE = 0.9
"""Of the variances of the axes; see :class:`serkit.models.classical.steps.ShrunkWhitening`."""

LENGTH = 10.0
"""Root mean square length of a whitened row: with it, Adam's steps suit the layer."""


@dataclass(frozen=True)
class FrameWhitening:
    """How tables are whitened that a linear layer reads as a net's frames.

    Attributes:
        invariance: See :meth:`Whitening.fit`.
    """

    invariance: float = 0.0


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
    def fit(cls, rows: Rows, clips: int = 0, invariance: float = 0.0) -> Whitening:
        """Learn the axes.

        Args:
            rows: Standardised rows of the training clips, shape ``(clips, columns)``: all as
                recorded, then all in one voice after another.
            clips: How many clips there are as recorded, where there are copies.
            invariance: How much directions are shortened in which copies differ from their clips;
                see :meth:`invariant`.
        """
        # Not eigen_axes: where it turned an axis round, a layer would begin from other weights.
        mean, scaled = fit_whitening(rows.astype(np.float64), SHRINKAGE, singular_axes)
        axes = np.zeros((rows.shape[1], rows.shape[1]), np.float32)
        axes[:, : len(scaled)] = LENGTH * scaled.astype(np.float32).T
        found = cls(mean.astype(np.float32), axes)
        return found.invariant(rows, clips, invariance) if invariance else found

    def invariant(self, rows: Rows, clips: int, invariance: float) -> Whitening:
        """Shorten the directions in which the copies of a clip differ from it.

        With ``N`` for the second moments of these differences, over the mean variance of an axis,
        whitened rows are multiplied by ``(I + invariance N) ** -0.5``: weights that rely on what a
        room, a noise or a codec changes are penalised more. Compare within-class covariance
        normalisation (Hatch et al. 2006, Interspeech).

        Args:
            rows: As for :meth:`fit`.
            clips: As for :meth:`fit`.
            invariance: As for :meth:`fit`.
        """
        white = self(rows)
        changes = (white.reshape(-1, clips, white.shape[1])[1:] - white[:clips]).reshape(
            -1, white.shape[1]
        )
        if not len(changes):
            return self
        moments = changes.T @ changes / (len(changes) * white.var(axis=0).mean())
        values, vectors = np.linalg.eigh(moments)
        shorter = (vectors / np.sqrt(1 + invariance * values.clip(0))) @ vectors.T
        shorter *= LENGTH / np.sqrt(((white @ shorter) ** 2).sum(axis=1).mean())
        return replace(self, axes=(self.axes @ shorter).astype(np.float32))

    def __call__(self, rows: Rows) -> Rows:
        """Return rows whitened, same shape ``(..., columns)``."""
        return np.asarray((rows - self.mean) @ self.axes, np.float32)

    def merge_into(self, model: Any, layers: Iterable[str]) -> None:
        """Make a net that was trained on whitened rows read standardised ones.

        Args:
            model: The Keras model.
            layers: Names of the dense layers that read the rows.
        """
        for layer in map(model.get_layer, layers):
            kernel, bias = layer.get_weights()
            merged = self.axes @ kernel
            layer.set_weights([merged, bias - self.mean @ merged])

"""Metrics during training. Imports Keras, so import it only inside functions."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class Confusion(keras.metrics.Metric):  # type: ignore[misc]
    """Counts of true emotion by predicted one since the last reset; its value is the accuracy.

    A mixed clip counts as the emotion that most of it has.

    Attributes:
        counts: The counts, shape ``(classes, classes)``; rows are true emotions.
    """

    def __init__(self, classes: int, name: str = "confusion") -> None:
        super().__init__(name=name)
        self.classes = classes
        size = (classes, classes)
        self.counts = self.add_variable(shape=size, initializer="zeros", name="counts")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch, ignoring weights."""
        del sample_weight
        true = ops.one_hot(ops.argmax(y_true, axis=-1), self.classes)
        predicted = ops.one_hot(ops.argmax(y_pred, axis=-1), self.classes)
        self.counts.assign_add(ops.matmul(ops.transpose(true), predicted))

    def result(self) -> Any:
        """Return the share on the diagonal."""
        return ops.trace(self.counts) / ops.maximum(ops.sum(self.counts), 1.0)

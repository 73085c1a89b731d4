"""The exponential average of a net's weights over its training, which varies less than they do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Weights = list[npt.NDArray[Any]]
"""A net's weights, as Keras lists them."""

EVERY = 4
"""Steps from one reading of the weights to the next: each reading takes a millisecond."""


@dataclass
class Average:
    """The average of a net's weights, moving statistics of batch norms included.

    Attributes:
        momentum: What remains of the average after a step; smaller in the first steps. 0 averages
            nothing.
        weights: The average; empty before the first reading.
        steps: How many steps were taken.
    """

    momentum: float
    weights: Weights = field(default_factory=list)
    steps: int = 0

    def note(self, model: Any) -> None:
        """Take another step into account."""
        if not self.momentum:
            return
        self.steps += 1
        if not self.weights:
            self.weights = [each.copy() for each in model.get_weights()]
        elif self.steps % EVERY == 0:
            momentum = min(self.momentum, (self.steps + 1) / (self.steps + 10))
            share = np.float32(1 - momentum**EVERY)
            for average, now in zip(self.weights, model.get_weights(), strict=True):
                average += share * (now - average)

    @contextmanager
    def applied(self, model: Any) -> Iterator[None]:
        """Lend a net its average instead of its weights."""
        if not self.weights:
            yield
            return
        own = model.get_weights()
        model.set_weights(self.weights)
        try:
            yield
        finally:
            model.set_weights(own)

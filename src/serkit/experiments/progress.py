"""Progress of a training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes:
        fold: The fold's name.
        number: Which one it is, from 1.
        folds: How many there are.
        done: Steps done in it: epochs, where the model is trained in epochs.
        total: Steps in all.
        what: What is going on, with the figures that are known.
        batch: Batches done of an epoch.
        batches: Batches of an epoch; 0 where what is told is not of an epoch.

    Example:
        >>> steps = []
        >>> run = serkit.train(
        ...     "majority", protocol="luna5", runs="trials", seed=2, progress=steps.append
        ... )
        >>> steps[0].fold, steps[0].number, steps[0].folds
        ('1', 1, 3)
    """

    fold: str
    number: int
    folds: int
    done: int
    total: int
    what: str
    batch: int = 0
    batches: int = 0


Tell = Callable[[Progress], None]
"""Called with the progress of a training."""

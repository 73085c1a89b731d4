"""Progress of a training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """The progress of a training.

    Attributes:
        fold: The fold's name.
        number: The fold's number, from 1.
        folds: Number of folds.
        done: Steps completed in the fold: epochs, if the model is trained in epochs.
        total: Total number of steps.
        what: The current activity, with the latest figures.
        batch: Batches completed in the epoch.
        batches: Batches per epoch; 0 for other activities.

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


TrainingCallback = Callable[[Progress], None]
"""Called with the progress of a training."""

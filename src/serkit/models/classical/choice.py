"""Hyperparameters chosen on inner folds by speaker."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.errors import TrainingError
from serkit.models.classical.decisions import decisions
from serkit.models.clips import TrainingClips
from serkit.models.copies import with_copies
from serkit.parameters import Scalar
from serkit.progress import ProgressCallback

Matrix = npt.NDArray[Any]
Labels = npt.NDArray[np.int64]

INNER_FOLDS = 4
"""Inner folds by speaker for choosing C and other hyperparameters."""


@dataclass(frozen=True)
class Choice:
    """A setting chosen on inner folds.

    Attributes:
        values: The setting.
        uar: Its UAR over the inner folds' validation clips.
        decisions: Its decision values on them, shape ``(n, classes)``.
    """

    values: Mapping[str, Scalar]
    uar: float
    decisions: Matrix


def choose(
    grid: Sequence[Mapping[str, Scalar]],
    prepare: Callable[[], Any],
    build: Callable[[Mapping[str, Scalar]], Any],
    data: TrainingClips,
    matrix: Matrix,
    step: ProgressCallback,
) -> Choice:
    """Choose a setting by UAR on held-out speakers.

    Args:
        grid: Settings; of equal ones the first is taken, so the plainest should come first.
        prepare: Makes the unfitted preprocessing; fitted once an inner fold, for all settings.
        build: From a setting to an unfitted classifier with ``decision_function``.
        data: The whole training side.
        matrix: What is read of it, shape ``(n, columns)``, or more rows with copies: see
            :meth:`Inputs.training_matrix`. A copy is on its clip's side, and never judged on.
        step: Called as ``progress(done, total)``, in fits.

    Raises:
        TrainingError: Fewer than two speakers to choose on.
    """
    from serkit.evaluation.metrics import uar  # here, as predicting imports this module too

    labels, speakers = data.labels, data.speakers
    if len(np.unique(speakers)) < 2:
        raise TrainingError(
            "one speaker cannot be divided into inner folds",
            hint="train on more speakers, or set every parameter by --set",
        )
    folds = list(inner_folds(labels, speakers))
    classes = np.unique(labels)
    found = [np.full((len(labels), len(classes)), -np.inf) for _ in grid]
    for index, (train, validation) in enumerate(folds):
        rows = with_copies(train, len(labels), len(matrix))
        targets = labels[rows % len(labels)]
        steps = prepare().fit(matrix[rows], targets)
        fitted, held_out = steps.transform(matrix[rows]), steps.transform(matrix[validation])
        for position, values in enumerate(grid):
            model = build(values).fit(fitted, targets)
            columns = np.searchsorted(classes, model.classes_)
            found[position][np.ix_(validation, columns)] = decisions(model, held_out)
            step(index * len(grid) + position + 1, len(grid) * len(folds))
    scores = [
        uar(labels, classes[each.argmax(axis=1)], n_classes=len(data.label_set)) for each in found
    ]
    best = int(np.argmax(scores))
    return Choice(grid[best], scores[best], found[best])


def inner_folds(
    labels: Labels, speakers: npt.NDArray[np.int64], count: int = INNER_FOLDS
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Divide a training side by speaker, emotions balanced; the division is always the same."""
    from sklearn.model_selection import StratifiedGroupKFold

    count = min(count, len(np.unique(speakers)))
    folds = StratifiedGroupKFold(count, shuffle=True, random_state=0)
    with warnings.catch_warnings():  # of emotions that are missing from some of the folds
        warnings.filterwarnings("ignore", message="The least populated class")
        divided = list(folds.split(labels, labels, speakers))
    for train, validation in divided:
        if len(train) and len(validation):
            yield train, validation


@contextmanager
def unconverged() -> Iterator[list[str]]:
    """Collect scikit-learn's warnings about solvers that stopped early, instead of printing them.

    Yields:
        A list that holds them once the block is done; other warnings pass through.
    """
    from sklearn.exceptions import ConvergenceWarning

    found: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        yield found
    for each in caught:
        if issubclass(each.category, ConvergenceWarning):
            found.append(str(each.message))
        else:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)

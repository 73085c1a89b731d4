"""Scores of probabilities: log loss and calibration."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from serkit.errors import UsageError
from serkit.evaluation.metrics.classification import Floats, Ints, check_lengths, checked_labels

LOG_LOSS_FLOOR = float(np.finfo(np.float64).eps)
"""The log loss clips probabilities to this, 2.2e-16: one clip costs at most 36.04 nats."""

SUM_TOLERANCE = 1e-3
"""How far the probabilities of one clip may be from summing to 1."""


def log_loss(true: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Return the mean negative log probability of the true class, in nats.

    Probabilities below :data:`LOG_LOSS_FLOOR` count as that floor (a model that rules out the
    truth would otherwise cost infinity), and those above 1 within the tolerance as 1.

    Args:
        true: (n,) true labels, integers from 0 to C - 1.
        probabilities: (n, C) probabilities; each row sums to 1 within :data:`SUM_TOLERANCE`.

    Returns:
        0 at best; ln C (2.08 for 8 classes) for a model that gives every class the same.

    Raises:
        UsageError: See :func:`checked_probabilities` and
            :func:`~serkit.evaluation.metrics.classification.checked_labels`.

    Example:
        >>> round(log_loss([0, 1], [[0.5, 0.5], [0.5, 0.5]]), 6)
        0.693147
    """
    return log_loss_of(*_checked(true, probabilities))


def log_loss_of(labels: Ints, table: Floats) -> float:
    """Return the log loss of arguments that are checked; see :func:`log_loss`."""
    of_truth = table[np.arange(len(labels)), labels]
    # Minus zero would be printed as -0.0 for a perfect model.
    return float(np.mean(-np.log(np.clip(of_truth, LOG_LOSS_FLOOR, 1.0)))) + 0.0


def brier(true: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Return the Brier score in Brier's own form: squared error summed over classes.

    Args:
        true: (n,) true labels, integers from 0 to C - 1.
        probabilities: (n, C) probabilities; each row sums to 1 within :data:`SUM_TOLERANCE`.

    Returns:
        0 at best, 2 at worst; (C - 1) / C for a model that gives every class the same.

    Raises:
        UsageError: See :func:`log_loss`.

    Example:
        >>> brier([0, 1], [[0.5, 0.5], [0.5, 0.5]])
        0.5
    """
    return brier_of(*_checked(true, probabilities))


def brier_of(labels: Ints, table: Floats) -> float:
    """Return the Brier score of arguments that are checked; see :func:`brier`."""
    truth = np.eye(table.shape[1])[labels]
    return float(np.mean(np.sum((table - truth) ** 2, axis=1)))


def ece(true: npt.ArrayLike, probabilities: npt.ArrayLike, *, bins: int = 15) -> float:
    """Return the expected calibration error of the top label, with bins of equal width.

    Clips are put into bins by the probability of their most probable class; the error is the
    mean over clips of the gap between a bin's accuracy and its mean probability (Guo et al.
    2017, "On calibration of modern neural networks"). A bin holds its upper edge, not its
    lower one. Of equally probable classes the one of the lowest number is the label.

    Args:
        true: (n,) true labels, integers from 0 to C - 1.
        probabilities: (n, C) probabilities; each row sums to 1 within :data:`SUM_TOLERANCE`.
        bins: Number of bins between 0 and 1.

    Returns:
        From 0 (the probabilities mean what they say) to 1. It grows with fewer clips, so
        compare it between runs over the same clips only.

    Raises:
        UsageError: ``bins`` is below 1, or see :func:`log_loss`.

    Example:
        >>> ece([0, 0, 0, 1], [[0.75, 0.25]] * 4)
        0.0
    """
    if bins < 1:
        raise UsageError(f"bins is {bins}", allowed="it must be 1 or more")
    return ece_of(*_checked(true, probabilities), bins=bins)


def ece_of(labels: Ints, table: Floats, *, bins: int = 15) -> float:
    """Return the calibration error of arguments that are checked; see :func:`ece`."""
    predicted = table.argmax(axis=1)
    confidence = table[np.arange(len(table)), predicted]  # max(axis=1) takes five times as long
    gap = confidence - (predicted == labels)
    which = np.digitize(confidence, np.linspace(0.0, 1.0, bins + 1)[1:-1], right=True)
    return float(np.abs(np.bincount(which, weights=gap)).sum() / len(labels))


def checked_probabilities(probabilities: npt.ArrayLike) -> Floats:
    """Return probabilities as an (n, C) float64 array, or raise an error.

    Nothing is rescaled: rows that do not sum to 1 are more often logits or a lost class than
    rounding, and a score of them would mean nothing.

    Args:
        probabilities: (n, C) numbers from 0 to 1; each row sums to 1 within
            :data:`SUM_TOLERANCE`.

    Raises:
        UsageError: They are not a valid table.
    """
    try:
        table = np.asarray(probabilities, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"the probabilities are not a table of numbers ({error})") from error
    if table.ndim != 2 or table.size == 0:
        raise UsageError(
            f"the probabilities have the shape {table.shape}",
            allowed="it must be (clips, classes), at least one of each",
        )
    _refuse(~np.isfinite(table).all(axis=1), "hold NaN or infinity", "did the training diverge?")
    _refuse((table < 0).any(axis=1), "are below 0", "apply a softmax to scores or logits first")
    sums = table.sum(axis=1)
    _refuse(np.abs(sums - 1.0) > SUM_TOLERANCE, "do not sum to 1", "apply a softmax first")
    return table


def _refuse(bad: npt.ArrayLike, what: str, hint: str) -> None:
    """Raise if any row is bad, saying how many and where the first one is."""
    rows = np.flatnonzero(bad)
    if rows.size:
        raise UsageError(
            f"the probabilities of {rows.size} of {np.size(bad)} clips {what}"
            f" (first: row {rows[0]})",
            allowed=f"each row must be from 0 to 1 and sum to 1 within {SUM_TOLERANCE:g}",
            hint=hint,
        )


def _checked(true: npt.ArrayLike, probabilities: npt.ArrayLike) -> tuple[Ints, Floats]:
    table = checked_probabilities(probabilities)
    labels = checked_labels("true labels", true, table.shape[1])
    check_lengths(("true labels", labels), ("rows of probabilities", table))
    return labels, table

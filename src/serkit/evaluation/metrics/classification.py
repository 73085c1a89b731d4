"""Scores of labels: the confusion matrix and everything derived from it.

Every score here is a function of the confusion matrix. The functions that take a matrix also
take a stack of them, which is what makes the bootstrap fast.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.errors import UsageError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def confusion(true: npt.ArrayLike, predicted: npt.ArrayLike, n_classes: int | None = None) -> Ints:
    """Count the clips of each true class by predicted label.

    Args:
        true: (n,) true labels, integers from 0 to ``n_classes - 1``.
        predicted: (n,) predicted labels, the same.
        n_classes: Number of classes C; by default one more than the largest label.

    Returns:
        (C, C) counts; rows are the true classes, columns the predicted ones.

    Raises:
        UsageError: The labels are empty, of unequal number, not integers or out of range.

    Example:
        >>> confusion([0, 0, 1], [0, 1, 1])
        array([[1, 1],
               [0, 1]])
    """
    rows, columns, size = checked_pair(true, predicted, n_classes)
    counts = np.bincount(rows * size + columns, minlength=size**2)
    return counts.reshape(size, size).astype(np.int64)


def recalls(confusion: npt.NDArray[Any]) -> Floats:
    """Return the share of each true class that was recognised.

    Args:
        confusion: (..., C, C) counts, rows true.

    Returns:
        (..., C) recalls from 0 to 1; NaN for a class that is absent from the truth.
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return ratio(hits, confusion.sum(axis=-1))


def uar_of(confusion: npt.NDArray[Any]) -> Floats:
    """Return the unweighted average recall of a confusion matrix, or of each one of a stack.

    Args:
        confusion: (..., C, C) counts, rows true.

    Returns:
        (...) mean recall over the classes present in the truth; NaN where there are no clips.
    """
    return mean_of_defined(recalls(confusion))


def accuracy_of(confusion: npt.NDArray[Any]) -> Floats:
    """Return the share of clips on the diagonal.

    Args:
        confusion: (..., C, C) counts, rows true.

    Returns:
        (...) accuracies from 0 to 1; NaN where there are no clips.
    """
    hits = np.trace(confusion, axis1=-2, axis2=-1)
    return ratio(np.asarray(hits), confusion.sum(axis=(-2, -1)))


def macro_f1_of(confusion: npt.NDArray[Any]) -> Floats:
    """Return the mean F1 over the classes that are present in the truth or the prediction.

    Args:
        confusion: (..., C, C) counts, rows true.

    Returns:
        (...) macro F1 from 0 to 1; NaN where there are no clips.
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    # True positives count in both sums: the bottom is 2 TP + FP + FN, zero only if absent.
    return mean_of_defined(ratio(2 * hits, confusion.sum(axis=-1) + confusion.sum(axis=-2)))


def uar(true: npt.ArrayLike, predicted: npt.ArrayLike, *, n_classes: int | None = None) -> float:
    """Return the unweighted average recall, also called balanced accuracy.

    The mean recall over the classes present in the truth, so a class with few clips (neutral)
    counts as much as the others. Chance is 1 / (number of classes present).

    Args:
        true: (n,) true labels, integers from 0 to ``n_classes - 1``.
        predicted: (n,) predicted labels, the same.
        n_classes: Number of classes; by default one more than the largest label.

    Raises:
        UsageError: See :func:`confusion`.

    Example:
        >>> uar([0, 0, 0, 1], [0, 0, 0, 0])
        0.5
    """
    return float(uar_of(confusion(true, predicted, n_classes)))


def accuracy(
    true: npt.ArrayLike, predicted: npt.ArrayLike, *, n_classes: int | None = None
) -> float:
    """Return the share of correctly labelled clips (weighted average recall).

    Args:
        true: (n,) true labels, integers from 0 to ``n_classes - 1``.
        predicted: (n,) predicted labels, the same.
        n_classes: Number of classes; by default one more than the largest label.

    Raises:
        UsageError: See :func:`confusion`.

    Example:
        >>> accuracy([0, 0, 0, 1], [0, 0, 0, 0])
        0.75
    """
    return float(accuracy_of(confusion(true, predicted, n_classes)))


def macro_f1(
    true: npt.ArrayLike, predicted: npt.ArrayLike, *, n_classes: int | None = None
) -> float:
    """Return the mean F1 over the classes present in the truth or the prediction.

    The same number as scikit-learn's ``f1_score(average="macro", zero_division=0)``.

    Args:
        true: (n,) true labels, integers from 0 to ``n_classes - 1``.
        predicted: (n,) predicted labels, the same.
        n_classes: Number of classes; by default one more than the largest label.

    Raises:
        UsageError: See :func:`confusion`.

    Example:
        >>> macro_f1([0, 0, 1, 1], [0, 0, 0, 0])
        0.3333333333333333
    """
    return float(macro_f1_of(confusion(true, predicted, n_classes)))


def checked_pair(
    true: npt.ArrayLike, predicted: npt.ArrayLike, n_classes: int | None
) -> tuple[Ints, Ints, int]:
    """Return true labels, predicted labels and the number of classes, all checked.

    Args:
        true: (n,) true labels.
        predicted: (n,) predicted labels.
        n_classes: Number of classes; None takes one more than the largest label.

    Raises:
        UsageError: See :func:`confusion`.
    """
    rows = checked_labels("true labels", true, n_classes)
    columns = checked_labels("predicted labels", predicted, n_classes)
    check_lengths(("true labels", rows), ("predicted labels", columns))
    return rows, columns, n_classes or int(max(rows.max(), columns.max())) + 1


def checked_labels(what: str, labels: npt.ArrayLike, n_classes: int | None) -> Ints:
    """Return labels as an (n,) int64 array, or raise an error.

    Args:
        what: Their name in messages, in the plural: ``"true labels"``.
        labels: (n,) integers from 0 to ``n_classes - 1``.
        n_classes: Number of classes, 1 or more; None allows any integers from 0.

    Raises:
        UsageError: They are not a non-empty row of integers, or are out of range.
    """
    if n_classes is not None and n_classes < 1:
        raise UsageError(f"n_classes is {n_classes}", allowed="it must be 1 or more")
    values = one_row(what, labels)
    if values.dtype.kind not in "iu":
        raise UsageError(
            f"the {what} are of type {values.dtype}",
            allowed="they must be integers",
            hint="give emotion numbers, not names, probabilities or missing values",
        )
    outside = values[(values < 0) | (n_classes is not None and values >= n_classes)]
    if outside.size:
        raise UsageError(
            f"{outside.size} of {values.size} {what} are out of range, such as {outside[0]}",
            allowed="they start at 0"
            if n_classes is None
            else f"they go from 0 to {n_classes - 1}",
        )
    return values.astype(np.int64)


def one_row(what: str, values: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return values as an array of one dimension and at least one entry, or raise UsageError."""
    try:
        row = np.asarray(values)
    except ValueError as error:  # nested lists of unequal length
        raise UsageError(f"the {what} are not an array ({error})") from error
    if row.ndim != 1:
        raise UsageError(
            f"the {what} have the shape {row.shape}", allowed="they must be one row, one per clip"
        )
    if row.size == 0:
        raise UsageError(f"there are no {what}", allowed="a score needs at least one clip")
    return row


def check_lengths(*columns: tuple[str, npt.NDArray[Any]]) -> None:
    """Raise UsageError unless the named arrays have the same length."""
    if len({len(values) for _, values in columns}) > 1:
        counts = ", ".join(f"{len(values)} {what}" for what, values in columns)
        raise UsageError(f"got {counts}", allowed="there must be one of each for every clip")


def ratio(top: npt.NDArray[Any], bottom: npt.NDArray[Any]) -> Floats:
    """Divide, with NaN where the bottom is zero."""
    out = np.full(np.shape(bottom), np.nan)
    np.divide(top, bottom, out=out, where=np.asarray(bottom) > 0)
    return out


def mean_of_defined(values: Floats) -> Floats:
    """Average the last axis, ignoring NaN; NaN if all are NaN."""
    # numpy.nanmean would warn about empty rows, and is slower on a stack.
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0.0).sum(axis=-1), defined.sum(axis=-1))

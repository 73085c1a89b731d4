"""How good a run is, and how sure one can be of it. One page of all metrics.

n clips, C classes (8 emotions), A actors, B resamples. ``true`` and ``predicted`` are (n,)
integers from 0 to C - 1; ``probabilities`` are (n, C), rows summing to 1; ``actors`` are (n,)
integers or strings. M is the confusion matrix: M[t, p] clips of class t were labelled p.

==========================  =========================================================  ==========
name                        formula                                                    shape
==========================  =========================================================  ==========
:func:`confusion`           M                                                          (C, C)
:func:`recalls`             M[t, t] / sum_p M[t, p]; NaN if t is absent                (C,)
:func:`uar`                 mean of recalls over the classes present in the truth      number
:func:`accuracy`            sum_t M[t, t] / n                                          number
:func:`macro_f1`            mean of 2 M[t, t] / (row sum + column sum) over the        number
                            classes present in truth or prediction
:func:`log_loss`            mean of -ln p(true class), p at least 2.2e-16              number
:func:`brier`               mean of sum_c (p(c) - [c = true class])^2, from 0 to 2     number
:func:`ece`                 sum over 15 bins of (clips / n) abs(accuracy - mean p),    number
                            with p the probability of the most probable class
:func:`actor_confusions`    M of each actor, actors sorted                             (A, C, C)
:func:`bootstrap_uar`       2.5 % and 97.5 % points of the UAR over B = 2,000 draws    low, high
                            of A actors with replacement; NaN if A = 1
:func:`bootstrap_accuracy`  the same of the accuracy                                   low, high
:func:`paired_difference`   d = UAR of run A less that of run B, on the same draws,    number,
                            B = 10,000; p = 2 (min(#{d <= 0}, #{d >= 0}) + 1)/(B + 1)  low, high,
                            but at most 1                                              p-value
:func:`holm`                running maximum of (m - i) p_(i), i from 0, at most 1      (m,)
==========================  =========================================================  ==========

:func:`score` gives all of it for one run, :func:`score_by` a few for each group of clips, and
:func:`distinguishable` says which runs can be told from the best. Wrong input raises
:class:`~serkit.errors.UsageError`, which is a ``ValueError``.

Example:
    >>> import numpy as np
    >>> found = score([0, 0, 1, 1], np.eye(2)[[0, 0, 1, 0]], [1, 2, 1, 2], n_classes=2)
    >>> found.uar, found.uar_low, found.uar_high
    (0.75, 0.5, 1.0)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy.typing as npt

from serkit.errors import UsageError
from serkit.metrics.bootstrap import (
    Interval,
    actor_confusions,
    bootstrap_accuracy,
    bootstrap_uar,
    groups_of,
    percentile_interval,
    resampled,
)
from serkit.metrics.calibration import brier, checked_probabilities, ece, log_loss
from serkit.metrics.classification import (
    Floats,
    accuracy,
    accuracy_of,
    check_lengths,
    checked_labels,
    confusion,
    macro_f1,
    macro_f1_of,
    recalls,
    uar,
    uar_of,
)
from serkit.metrics.compare import (
    PairedDifference,
    Verdict,
    distinguishable,
    holm,
    paired_difference,
)

__all__ = [
    "GroupScores",
    "Interval",
    "PairedDifference",
    "Scores",
    "Verdict",
    "accuracy",
    "actor_confusions",
    "bootstrap_accuracy",
    "bootstrap_uar",
    "brier",
    "confusion",
    "distinguishable",
    "ece",
    "holm",
    "log_loss",
    "macro_f1",
    "paired_difference",
    "recalls",
    "score",
    "score_by",
    "uar",
]


@dataclass(frozen=True, slots=True)
class Scores:
    """Every score of one run; plain Python values throughout.

    Attributes:
        uar: Unweighted average recall.
        uar_low: Lower end of its 95 % interval over actors; NaN if there is one actor only.
        uar_high: Upper end, the same.
        accuracy: Share of clips labelled right.
        accuracy_low: Lower end of its 95 % interval over actors; NaN if there is one only.
        accuracy_high: Upper end, the same.
        macro_f1: Mean F1 over the classes present in truth or prediction.
        recall: Recall of each class; NaN for a class absent from the truth.
        log_loss: Mean negative log probability of the truth, in nats.
        brier: Brier score, 0 to 2.
        ece: Expected calibration error of the top label, 15 bins.
        confusion: Counts, rows true.
        clips: Number of clips.
        actors: Number of actors.
    """

    uar: float
    uar_low: float
    uar_high: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    macro_f1: float
    recall: tuple[float, ...]
    log_loss: float
    brier: float
    ece: float
    confusion: tuple[tuple[int, ...], ...]
    clips: int
    actors: int


class GroupScores(TypedDict):
    """The scores of one group of clips, such as those by female actors."""

    uar: float
    accuracy: float
    clips: int


def score(
    true: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    actors: npt.ArrayLike,
    *,
    n_classes: int = 8,
    resamples: int = 2000,
    seed: int = 0,
) -> Scores:
    """Return every score of one run.

    Args:
        true: (n,) true labels, integers from 0 to ``n_classes - 1``.
        probabilities: (n, C) probabilities. The label is the most probable class; of equally
            probable ones that of the lowest number.
        actors: (n,) each clip's actor: integers or strings.
        n_classes: Number of classes C.
        resamples: Number of resamples behind the intervals.
        seed: Seed of the resamples.

    Raises:
        UsageError: An argument is not of this form.
    """
    table = _checked_table(probabilities, n_classes)
    by_actor = actor_confusions(true, table.argmax(axis=1), actors, n_classes)
    total = by_actor.sum(axis=0)
    draws = resampled(by_actor, resamples=resamples, seed=seed)
    uar_interval = percentile_interval(uar_of(draws), len(by_actor))
    accuracy_interval = percentile_interval(accuracy_of(draws), len(by_actor))
    return Scores(
        uar=float(uar_of(total)),
        uar_low=uar_interval.low,
        uar_high=uar_interval.high,
        accuracy=float(accuracy_of(total)),
        accuracy_low=accuracy_interval.low,
        accuracy_high=accuracy_interval.high,
        macro_f1=float(macro_f1_of(total)),
        recall=tuple(recalls(total).tolist()),
        log_loss=log_loss(true, table),
        brier=brier(true, table),
        ece=ece(true, table),
        confusion=tuple(tuple(row) for row in total.tolist()),
        clips=int(total.sum()),
        actors=len(by_actor),
    )


def score_by(
    groups: npt.ArrayLike,
    true: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    n_classes: int = 8,
) -> dict[str, GroupScores]:
    """Return UAR, accuracy and number of clips for each group: by sex, by intensity, ...

    Args:
        groups: (n,) each clip's group: strings or integers.
        true: (n,) true labels, integers from 0 to ``n_classes - 1``.
        probabilities: (n, C) probabilities; see :func:`score`.
        n_classes: Number of classes C.

    Returns:
        The scores by the group's name, in sorted order. The UAR of a group is over the classes
        present in it: strong intensity has no neutral, so seven.

    Raises:
        UsageError: An argument is not of this form.
    """
    predicted = _checked_table(probabilities, n_classes).argmax(axis=1)
    labels = checked_labels("true labels", true, n_classes)
    names, codes = groups_of("groups", groups)
    check_lengths(("groups", codes), ("true labels", labels), ("rows of probabilities", predicted))
    by_group = actor_confusions(labels, predicted, codes, n_classes)
    return {
        name: GroupScores(
            uar=float(uar_of(matrix)),
            accuracy=float(accuracy_of(matrix)),
            clips=int(matrix.sum()),
        )
        for name, matrix in zip(names, by_group, strict=True)
    }


def _checked_table(probabilities: npt.ArrayLike, n_classes: int) -> Floats:
    table = checked_probabilities(probabilities)
    if table.shape[1] != n_classes:
        raise UsageError(
            f"the probabilities are for {table.shape[1]} classes",
            allowed=f"there must be n_classes = {n_classes} columns",
        )
    return table

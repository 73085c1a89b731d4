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

from serkit.evaluation.metrics.bootstrap import (
    Interval,
    actor_confusions,
    bootstrap_accuracy,
    bootstrap_uar,
)
from serkit.evaluation.metrics.calibration import brier, ece, log_loss
from serkit.evaluation.metrics.classification import accuracy, confusion, macro_f1, recalls, uar
from serkit.evaluation.metrics.compare import (
    PairedDifference,
    Verdict,
    distinguishable,
    holm,
    paired_difference,
)
from serkit.evaluation.metrics.summary import GroupScores, Scores, score, score_by

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

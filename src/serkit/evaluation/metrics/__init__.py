"""How good a run is, and how sure one can be of it. One page of all metrics.

n clips, C classes (8 emotions), A actors (speakers), B resamples. ``true`` and ``predicted`` are
(n,) integers from 0 to C - 1; ``probabilities`` are (n, C), rows summing to 1; ``actors`` are
(n,) integers or strings. M is the confusion matrix: M[t, p] clips of class t were labelled p.

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
:func:`speaker_interval`    score +- t SE, the standard error SE by a jackknife over       low, high
                            speakers, t with (effective speakers - 1) degrees of
                            freedom; NaN if A = 1
:func:`uar_shares`          s(a) = A mean of H(a, c) / N(c) over the classes c present,    (A,)
                            with H the hits of a speaker, N the clips of all; their
                            mean is the UAR
:func:`sign_flip_p_value`   share of assignments of signs e for which                      p-value
                            abs(sum e(a) d(a)) >= abs(sum d(a))
:func:`compare_with_best`   max-T sign-flip test, step-down: p-value, simultaneous         one each
                            interval and verdict against the best of M models
:func:`bootstrap_uar`       2.5 % and 97.5 % points of the UAR over B = 2,000 draws    low, high
                            of A actors with replacement; NaN if A = 1
:func:`bootstrap_accuracy`  the same of the accuracy                                   low, high
:func:`paired_difference`   d = UAR of run A less that of run B, on the same draws,    number,
                            B = 10,000; p = 2 (min(#{d <= 0}, #{d >= 0}) + 1)/(B + 1)  low, high,
                            but at most 1                                              p-value
:func:`holm`                running maximum of (m - i) p_(i), i from 0, at most 1      (m,)
==========================  =========================================================  ==========

:func:`score` gives all of it for one run, :func:`score_by` a few for each group of clips, and
:func:`compare_with_best` says which models are worse than the best. Wrong input raises
:class:`~serkit.errors.UsageError`, which is a ``ValueError``.

Which one is used where: every interval of a score is :func:`speaker_interval` (of labels,
:func:`uar_interval`), every verdict of the leaderboard is :func:`compare_with_best`. Two runs that
are compared alone, emotion by emotion, are compared by :func:`paired_difference`. The bootstrap's
intervals of a score are too narrow for few speakers; they are kept for comparison.

Example:
    >>> import numpy as np
    >>> found = score([0, 0, 1, 1], np.eye(2)[[0, 0, 1, 0]], [1, 2, 1, 2])
    >>> found.uar, found.uar_low, found.uar_high
    (0.75, 0.0, 1.0)
"""

from __future__ import annotations

from serkit.evaluation.metrics.bootstrap import (
    actor_confusions,
    bootstrap_accuracy,
    bootstrap_uar,
)
from serkit.evaluation.metrics.calibration import brier, ece, log_loss
from serkit.evaluation.metrics.classification import accuracy, confusion, macro_f1, recalls, uar
from serkit.evaluation.metrics.compare import (
    PairedDifference,
    holm,
    paired_difference,
)
from serkit.evaluation.metrics.intervals import Interval, speaker_interval
from serkit.evaluation.metrics.signflip import sign_flip_p_value
from serkit.evaluation.metrics.speakers import effective_speakers, uar_shares
from serkit.evaluation.metrics.summary import GroupScores, Scores, score, score_by, uar_interval
from serkit.evaluation.metrics.versus_best import BestComparison, Standing, compare_with_best

__all__ = [
    "BestComparison",
    "GroupScores",
    "Interval",
    "PairedDifference",
    "Scores",
    "Standing",
    "accuracy",
    "actor_confusions",
    "bootstrap_accuracy",
    "bootstrap_uar",
    "brier",
    "compare_with_best",
    "confusion",
    "ece",
    "effective_speakers",
    "holm",
    "log_loss",
    "macro_f1",
    "paired_difference",
    "recalls",
    "score",
    "score_by",
    "sign_flip_p_value",
    "speaker_interval",
    "uar",
    "uar_interval",
    "uar_shares",
]

"""All scores of a run, and some of them for groups of its clips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from serkit.evaluation.metrics.bootstrap import actor_confusions, groups_of
from serkit.evaluation.metrics.calibration import (
    brier_of,
    checked_probabilities,
    ece_of,
    log_loss_of,
)
from serkit.evaluation.metrics.classification import (
    Floats,
    Ints,
    accuracy_of,
    check_lengths,
    checked_labels,
    macro_f1_of,
    recalls,
    uar_of,
)
from serkit.evaluation.metrics.intervals import Interval, speaker_interval
from serkit.evaluation.metrics.speakers import hits_and_clips


@dataclass(frozen=True, slots=True)
class Scores:
    """Every score of one run; plain Python values throughout.

    Attributes:
        uar: Unweighted average recall.
        uar_low: Lower end of its 95 % t interval over actors; NaN if there is one actor only.
        uar_high: Upper end, the same.
        accuracy: Share of clips labelled right.
        accuracy_low: Lower end of its 95 % t interval over actors; NaN if there is one only.
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
) -> Scores:
    """Return every score of one run.

    Args:
        true: (n,) true labels, integers from 0 to C - 1.
        probabilities: (n, C) probabilities. The label is the most probable class; of equally
            probable ones that of the lowest number.
        actors: (n,) each clip's actor: integers or strings.

    Raises:
        UsageError: An argument is not of this form.
    """
    table = checked_probabilities(probabilities)
    by_actor = actor_confusions(true, table.argmax(axis=1), actors, table.shape[1])
    return score_of(np.asarray(true), table, by_actor)


def score_of(labels: Ints, table: Floats, by_actor: Ints) -> Scores:
    """Return every score of arguments that are checked; see :func:`score`.

    Args:
        labels: (n,) true labels.
        table: (n, C) probabilities.
        by_actor: (A, C, C) each actor's confusion matrix.
    """
    total = by_actor.sum(axis=0)
    hits, clips = hits_and_clips(by_actor)
    uar_interval = speaker_interval(hits, clips)
    accuracy_interval = speaker_interval(
        hits.sum(axis=1, keepdims=True), clips.sum(axis=1, keepdims=True)
    )
    return Scores(
        uar=float(uar_of(total)),
        uar_low=uar_interval.low,
        uar_high=uar_interval.high,
        accuracy=float(accuracy_of(total)),
        accuracy_low=accuracy_interval.low,
        accuracy_high=accuracy_interval.high,
        macro_f1=float(macro_f1_of(total)),
        recall=tuple(recalls(total).tolist()),
        log_loss=log_loss_of(labels, table),
        brier=brier_of(labels, table),
        ece=ece_of(labels, table),
        confusion=tuple(tuple(row) for row in total.tolist()),
        clips=int(total.sum()),
        actors=len(by_actor),
    )


def uar_interval(
    true: npt.ArrayLike,
    predicted: npt.ArrayLike,
    speakers: npt.ArrayLike,
    *,
    n_classes: int | None = None,
) -> Interval:
    """Return the 95 % t interval over speakers of a UAR; see :func:`speaker_interval`.

    Args:
        true: (n,) true labels, integers from 0 to ``n_classes - 1``.
        predicted: (n,) predicted labels.
        speakers: (n,) who speaks in each clip: integers or strings.
        n_classes: Number of classes; by default one more than the largest label.

    Raises:
        UsageError: An argument is not of this form.

    Example:
        >>> found = uar_interval([0, 1, 0, 1], [0, 1, 0, 0], ["a", "a", "b", "b"], n_classes=2)
        >>> found.low, found.high
        (0.0, 1.0)
    """
    return speaker_interval(*hits_and_clips(actor_confusions(true, predicted, speakers, n_classes)))


def score_by(
    groups: npt.ArrayLike,
    true: npt.ArrayLike,
    probabilities: npt.ArrayLike,
) -> dict[str, GroupScores]:
    """Return UAR, accuracy and number of clips for each group: by sex, by intensity, ...

    Args:
        groups: (n,) each clip's group: strings or integers.
        true: (n,) true labels, integers from 0 to C - 1.
        probabilities: (n, C) probabilities; see :func:`score`.

    Returns:
        The scores by the group's name, in sorted order. The UAR of a group is over the classes
        present in it: strong intensity has no neutral, so seven.

    Raises:
        UsageError: An argument is not of this form.
    """
    table = checked_probabilities(probabilities)
    predicted = table.argmax(axis=1)
    labels = checked_labels("true labels", true, table.shape[1])
    names, codes = groups_of("groups", groups)
    check_lengths(("groups", codes), ("true labels", labels), ("rows of probabilities", predicted))
    by_group = actor_confusions(labels, predicted, codes, table.shape[1])
    return {
        name: GroupScores(
            uar=float(uar_of(matrix)),
            accuracy=float(accuracy_of(matrix)),
            clips=int(matrix.sum()),
        )
        for name, matrix in zip(names, by_group, strict=True)
    }

"""Distillation: a net learns from other models' predictions for its training clips as well.

A model that was fitted on a clip knows its label, so its prediction for that clip says little. Each
teacher is therefore fitted anew on inner folds by speaker, and its predictions for the speakers
left out are the soft labels. Only the clips that the net is fitted on take part: no validation or
test clip can reach a soft label.

Hinton, Vinyals and Dean (2015), "Distilling the knowledge in a neural network", arXiv:1503.02531.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from serkit.errors import TrainingError
from serkit.models.clips import FoldData, TrainingClips
from serkit.models.stacking import Probabilities, out_of_fold, pool
from serkit.models.trainer import TRAINERS, FitContext, Teacher
from serkit.parameters import Parameters, names_in, parameter


@dataclass(frozen=True)
class DistillationParameters(Parameters):
    """The models that a net learns from, and how much they count.

    Example:
        >>> DistillationParameters(teachers="logreg-luna5, svm-luna5").teacher_names
        ('logreg-luna5', 'svm-luna5')
    """

    teachers: str = parameter(
        "",
        "finished runs, separated by commas: models like theirs, fitted on inner folds, label "
        "each training clip with probabilities; empty learns from the labels alone",
    )
    teacher_weight: float = parameter(
        0.7,
        "weight of the teachers' probabilities in the loss; that of the labels is 1 minus it",
        minimum=0,
        maximum=1,
    )
    teacher_temperature: float = parameter(
        1.0,
        "the teachers' probabilities are raised to 1 / temperature: above 1 softens them, below "
        "1 sharpens them",
        minimum=0.05,
        maximum=20,
    )
    teacher_folds: int = parameter(
        4, "inner folds by speaker that teachers are fitted on", minimum=2
    )

    @property
    def teacher_names(self) -> tuple[str, ...]:
        """The runs, as they were named."""
        return names_in(self.teachers)


def soft_labels(
    side: TrainingClips, parameters: DistillationParameters, context: FitContext
) -> Probabilities | None:
    """Return the teachers' probabilities for clips that a net is fitted on.

    Args:
        side: The clips that the net is fitted on; nothing else is read.
        parameters: The teachers' names, temperature and inner folds.
        context: The teachers, progress and working folder.

    Returns:
        Shape ``(n, classes)``: the geometric mean over teachers of predictions by models that were
        not fitted on the clip's speaker. None where there are no teachers.

    Raises:
        TrainingError: Teachers are named and were not passed on, or the clips are of too few
            speakers.
    """
    if not parameters.teacher_names:
        return None
    if not context.teachers:
        raise TrainingError(
            f"teachers = {parameters.teachers!r} cannot be used here",
            allowed="a net learns from teachers in 'serkit train'",
            hint="leave teachers out",
        )
    answers = []
    for number, teacher in enumerate(context.teachers):
        context.progress(number, len(context.teachers) + 1, f"fitting {teacher.kind} as teacher")
        answers.append(_opinion(teacher, side, parameters.teacher_folds, context))
    return tempered(pool(answers, [1 / len(answers)] * len(answers)), parameters)


def _opinion(
    teacher: Teacher, side: TrainingClips, count: int, context: FitContext
) -> Probabilities:
    """Return a teacher's out-of-fold probabilities; it learns from its own copies of the clips."""
    trainer = TRAINERS.get(teacher.kind)
    trainer.require()
    values = trainer.recall(teacher.values)
    clips = replace(side, voices=trainer.voices(values))
    fold = FoldData(clips, clips.take(()), clips)
    return out_of_fold(trainer, values, fold, count, replace(context, seed=teacher.seed))


def tempered(found: Probabilities, parameters: DistillationParameters) -> Probabilities:
    """Return probabilities raised to 1 / temperature; rows sum to 1.

    Example:
        >>> sharp = DistillationParameters(teacher_temperature=0.5)
        >>> tempered(np.array([[0.6, 0.3, 0.1]]), sharp).round(2).tolist()
        [[0.78, 0.2, 0.02]]
    """
    return pool([found], [1 / parameters.teacher_temperature])


def mixed_targets(
    labels: npt.NDArray[np.int64], classes: int, soft: Probabilities | None, weight: float
) -> npt.NDArray[np.float32]:
    """Return what a net is trained towards.

    The cross-entropy is linear in its targets, so mixing them is the weighted sum of two losses.

    Args:
        labels: The rows' emotions, shape ``(rows,)``: all clips as recorded, then all of them in
            one voice after another.
        classes: How many emotions there are.
        soft: The clips' soft labels, shape ``(n, classes)``; None trains towards the labels alone.
            A copy in another voice has those of its clip.
        weight: The soft labels' share, 0 to 1.

    Returns:
        Shape ``(rows, classes)``; rows sum to 1.

    Example:
        >>> soft = np.array([[0.5, 0.5], [0.25, 0.75]])
        >>> mixed_targets(np.array([0, 1]), 2, soft, 0.5).tolist()
        [[0.75, 0.25], [0.125, 0.875]]
    """
    hard = np.eye(classes, dtype=np.float32)[labels]
    if soft is None:
        return hard
    copies = len(labels) // len(soft)
    return np.asarray((1 - weight) * hard + weight * np.tile(soft, (copies, 1)), np.float32)

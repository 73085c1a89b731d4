"""A run's predictions as arrays: what the leaderboard counts, read without pandas.

A thousand runs of one split repeat the same clips, speakers and labels. What follows from those
alone is worked out once, and shared by all runs whose files hold the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from serkit.results.columns import Columns
from serkit.results.folder import PREDICTIONS
from serkit.results.scores import distinct_speakers

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.str_]

GROUPS = ("sex", "intensity")
"""Columns that scores are broken down by, where a run has them."""

_TRUE, _PREDICTED = "true", "predicted"
"""Columns that repeat, in words, what others say in numbers."""


@dataclass(frozen=True)
class Grouping:
    """Which group each of n clips belongs to.

    Attributes:
        names: The groups' names in sorted order.
        codes: (n,) the place of each clip's group among them.
    """

    names: tuple[str, ...]
    codes: Ints

    @classmethod
    def of(cls, values: Texts) -> Grouping:
        """Number the groups of clips."""
        names, codes = np.unique(values, return_inverse=True)
        return cls(tuple(names.tolist()), codes.reshape(-1).astype(np.int64))


@dataclass(frozen=True)
class ClipFacts:
    """Facts about a run's test clips that do not depend on its model.

    Attributes:
        clip_ids: (n,) in sorted order.
        true: (n,) labels.
        speakers: (n,) who speaks, as text; of unknown speakers everyone is somebody else.
        folds: (n,) the fold in which each clip was tested.
        groups: By the columns of :data:`GROUPS` that the run has.
        true_names: (n,) the labels in words, as the file has them; None where it does not.
        order: (n,) rows of the file in the order of ``clip_ids``; None if they are.
    """

    clip_ids: Texts
    true: Ints
    speakers: Texts
    folds: Texts
    groups: dict[str, Grouping] = field(default_factory=dict)
    true_names: Texts | None = None
    order: npt.NDArray[np.intp] | None = None

    @cached_property
    def by_speaker(self) -> Grouping:
        """The clips by speaker."""
        return Grouping.of(self.speakers)

    @cached_property
    def by_fold(self) -> Grouping:
        """The clips by fold."""
        return Grouping.of(self.folds)

    @cached_property
    def speakers_a_fold(self) -> tuple[int, ...]:
        """How many speakers each fold of :attr:`by_fold` has."""
        folds, speakers = self.by_fold, self.by_speaker.codes
        return tuple(len(set(speakers[folds.codes == n])) for n in range(len(folds.names)))

    @cached_property
    def places(self) -> dict[str, slice]:
        """Where the groups by ``speaker``, ``fold`` and :attr:`groups` are among all groups."""
        places, first = {}, 0
        for name, grouping in self._groupings.items():
            places[name] = slice(first, first + len(grouping.names))
            first += len(grouping.names)
        return places

    def confusions(self, predicted: Ints, n_classes: int) -> Ints:
        """Count a confusion matrix for each group of each grouping, at :attr:`places`.

        Args:
            predicted: (n,) labels.
            n_classes: C, the number of classes.

        Returns:
            (groups, C, C) counts, rows true.
        """
        size = n_classes**2
        groups = list(self.places.values())[-1].stop
        cells = (self._rows * size + (self.true * n_classes + predicted)).reshape(-1)
        return np.bincount(cells, minlength=groups * size).reshape(-1, n_classes, n_classes)

    @cached_property
    def _groupings(self) -> dict[str, Grouping]:
        return {"speaker": self.by_speaker, "fold": self.by_fold, **self.groups}

    @cached_property
    def _rows(self) -> Ints:
        """(groupings, n) each clip's group, numbered over all groupings."""
        places = self.places
        return np.stack([g.codes + places[name].start for name, g in self._groupings.items()])

    @cached_property
    def digest(self) -> str:
        """Identity of clips, labels, speakers and folds."""
        columns = (self.clip_ids, self.true.astype(np.str_), self.speakers, self.folds)
        text = "\n".join(
            "\t".join(row) for row in zip(*map(np.ndarray.tolist, columns), strict=True)
        )
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Answers:
    """A run's predictions, sorted by clip.

    Attributes:
        facts: The clips.
        stated: (n,) the labels that the file says were predicted.
        stated_names: (n,) the same in words; None where the file does not say them.
        probabilities: (n, C).
    """

    facts: ClipFacts
    stated: Ints
    stated_names: Texts | None
    probabilities: Floats


class AnswerReader:
    """Reads the predictions of runs and caches facts about clips that several runs share."""

    def __init__(self) -> None:
        self._known: dict[Hashable, ClipFacts] = {}

    def read(self, folder: Path, labels: Sequence[str], clips: int) -> Answers:
        """Read a run's predictions.

        Args:
            folder: The run's.
            labels: The names of the C classes.
            clips: How many clips the run's record says there are.

        Raises:
            RunError: The file is damaged: a column is missing or of another kind, or clips are
                missing or double.
        """
        file = Columns(folder / PREDICTIONS)
        columns = [f"p_{name}" for name in labels]
        file.decode([*columns, "predicted_id", _PREDICTED])
        probabilities = np.column_stack([file.numbers(name) for name in columns])
        stated = file.codes("predicted_id", len(labels))
        names = file.texts(_PREDICTED) if _PREDICTED in file else None
        facts = self._facts(file, len(labels), clips)
        order = facts.order
        if order is not None:
            probabilities, stated = probabilities[order], stated[order]
            names = None if names is None else names[order]
        return Answers(facts, stated, names, probabilities)

    def _facts(self, file: Columns, n_classes: int, clips: int) -> ClipFacts:
        columns = ["clip_id", "fold", _speaker_column(file), "true_id"]
        columns += [name for name in (*GROUPS, _TRUE) if name in file]
        key = (n_classes, clips, file.stored(columns))
        if key not in self._known:
            file.decode(columns)
            self._known[key] = _facts_in(file, n_classes, clips)
        return self._known[key]


def _speaker_column(file: Columns) -> str:
    """Return the column of speakers; in runs from when they were numbers, ``actor``."""
    return "actor" if "speaker" not in file and "actor" in file else "speaker"


def _facts_in(file: Columns, n_classes: int, clips: int) -> ClipFacts:
    """Work out the facts of a file's clips."""
    ids = file.texts("clip_id")
    different = len(np.unique(ids))
    if different != len(ids) or len(ids) != clips:
        raise file.damaged(f"{different} clips in {len(ids)} rows for the {clips} of the record")
    order = np.argsort(ids, kind="stable")
    return ClipFacts(
        clip_ids=ids[order],
        true=file.codes("true_id", n_classes)[order],
        speakers=distinct_speakers(file.texts(_speaker_column(file))[order]),
        folds=file.texts("fold")[order],
        groups={
            name: Grouping.of(file.texts(name, gaps="None")[order])
            for name in GROUPS
            if name in file
        },
        true_names=file.texts(_TRUE)[order] if _TRUE in file else None,
        order=None if (order[:-1] < order[1:]).all() else order,
    )

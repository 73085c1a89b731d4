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
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.errors import RunError
from serkit.results.run import PREDICTIONS
from serkit.results.scores import distinct_speakers

if TYPE_CHECKING:
    import pyarrow as pa

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.str_]

GROUPS = ("sex", "intensity")
"""Columns that scores are broken down by, where a run has them."""

_NAMES = ("true", "predicted")
"""Columns that repeat, in words, what others say in numbers."""


_REPEATING = ("fold", "speaker", *_NAMES, *GROUPS)
"""Columns of few different texts, which are read as numbers into a list of those."""


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
        order: (n,) rows of the file in the order of ``clip_ids``; None if they are.
    """

    clip_ids: Texts
    true: Ints
    speakers: Texts
    folds: Texts
    groups: dict[str, Grouping] = field(default_factory=dict)
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
        names: (n,) columns that repeat labels in words, by name.
        probabilities: (n, C).
    """

    facts: ClipFacts
    stated: Ints
    names: dict[str, Texts]
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
        path = folder / PREDICTIONS
        file = _File(path)
        probabilities = np.column_stack([file.numbers(f"p_{name}") for name in labels])
        stated = file.codes("predicted_id", len(labels))
        names = {name: file.texts(name) for name in _NAMES if name in file}
        facts = self._facts(file, len(labels), clips)
        order = facts.order
        if order is not None:
            probabilities, stated = probabilities[order], stated[order]
            names = {name: values[order] for name, values in names.items()}
        return Answers(facts, stated, names, probabilities)

    def _facts(self, file: _File, n_classes: int, clips: int) -> ClipFacts:
        columns = ["clip_id", "fold", file.speaker_column, "true_id"]
        columns += [name for name in GROUPS if name in file]
        key = (n_classes, clips, *((name, file.raw(name)) for name in columns))
        if key not in self._known:
            self._known[key] = _facts_in(file, n_classes, clips)
        return self._known[key]


def _facts_in(file: _File, n_classes: int, clips: int) -> ClipFacts:
    """Work out the facts of a file's clips."""
    ids = file.texts("clip_id")
    different = len(np.unique(ids))
    if different != len(ids) or len(ids) != clips:
        raise file.damaged(f"{different} clips in {len(ids)} rows for the {clips} of the record")
    order = np.argsort(ids, kind="stable")
    return ClipFacts(
        clip_ids=ids[order],
        true=file.codes("true_id", n_classes)[order],
        speakers=distinct_speakers(file.texts(file.speaker_column)[order]),
        folds=file.texts("fold")[order],
        groups={
            name: Grouping.of(file.texts(name, gaps="None")[order])
            for name in GROUPS
            if name in file
        },
        order=None if (order[:-1] < order[1:]).all() else order,
    )


class _File:
    """The columns of a file of predictions, each checked as it is read."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self._path = path
        try:
            known = pq.read_metadata(path)
            present = set(known.schema.names)
            repeating = [name for name in _REPEATING if name in present]
            with pq.ParquetFile(path, metadata=known, read_dictionary=repeating) as file:
                self._table: pa.Table = file.read(use_threads=False)
        except (OSError, ValueError) as error:  # Arrow's errors are ValueErrors
            raise self.damaged(str(error)) from error

    def __contains__(self, name: str) -> bool:
        return name in self._table.column_names

    @property
    def speaker_column(self) -> str:
        """The column of speakers; in runs from when they were numbers, ``actor``."""
        return "actor" if "speaker" not in self and "actor" in self else "speaker"

    def damaged(self, why: str) -> RunError:
        """Return the error for a damaged file."""
        return RunError(f"{self._path} is damaged ({why})", hint="train it again")

    def numbers(self, name: str) -> Floats:
        """Return a column of numbers, (n,); gaps are NaN."""
        values = self._column(name).to_numpy(zero_copy_only=False)
        if values.dtype.kind not in "fiu":
            raise self.damaged(f"the column {name!r} holds something other than numbers")
        return np.asarray(values, np.float64)

    def codes(self, name: str, n_classes: int) -> Ints:
        """Return a column of classes' numbers, (n,)."""
        values = self._column(name).to_numpy(zero_copy_only=False)
        whole = values.dtype.kind in "iu" and len(values) > 0
        if not whole or values.min() < 0 or values.max() >= n_classes:
            raise self.damaged(
                f"{name} holds something other than numbers from 0 to {n_classes - 1}"
            )
        return np.asarray(values, np.int64)

    def texts(self, name: str, gaps: str | None = None) -> Texts:
        """Return a column as text, (n,).

        Args:
            name: The column's.
            gaps: What stands for a gap; None refuses gaps.
        """
        column = self._column(name)
        if column.null_count and gaps is None:
            raise self.damaged(f"the column {name!r} has gaps")
        if hasattr(column, "dictionary") and not column.null_count:
            values = np.array([str(value) for value in column.dictionary.to_pylist()], np.str_)
            return np.asarray(values[column.indices.to_numpy()], np.str_)
        texts = [gaps if value is None else str(value) for value in column.to_pylist()]
        return np.array(texts, np.str_)

    def raw(self, name: str) -> Hashable:
        """Return what a column holds as bytes, to be compared with another file's."""
        column = self._column(name)
        if hasattr(column, "dictionary"):
            return tuple(column.dictionary.to_pylist()), _bytes(column.indices)
        return str(column.type), _bytes(column)

    def _column(self, name: str) -> Any:
        if name not in self:
            raise self.damaged(f"it lacks the column {name!r}")
        column = self._table.column(name)
        return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _bytes(array: Any) -> tuple[bytes | None, ...]:
    return tuple(None if each is None else each.to_pybytes() for each in array.buffers())

"""A protocol's folds in scikit-learn's form: positions of training and test rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.evaluation.near_duplicates import noting_near_duplicates
from serkit.evaluation.splits import Protocol, Split, split_clips
from serkit.store.store import FeatureStore

Positions = npt.NDArray[np.intp]


@dataclass(frozen=True)
class SplitIndices:
    """The folds of some clips: iterate over it, or hand it to scikit-learn as ``cv``.

    Attributes:
        clip_ids: The clips, sorted: the rows that positions count, in the order of
            :meth:`serkit.FeatureStore.load`.
        labels: Their emotion numbers, shape ``(n,)``.
        groups: Their speakers, shape ``(n,)``, for inner folds by speaker.
        folds: The folds by clip id; validation clips belong to the training side here.
    """

    clip_ids: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    groups: npt.NDArray[Any]
    folds: Split

    def __iter__(self) -> Iterator[tuple[Positions, Positions]]:
        place = {clip_id: position for position, clip_id in enumerate(self.clip_ids)}
        for fold in self.folds.folds:
            fitted = np.sort([place[i] for i in (*fold.train, *fold.validation)])
            yield fitted, np.array([place[i] for i in fold.test])

    def __len__(self) -> int:
        return len(self.folds.folds)

    def split(
        self, X: Any = None, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[Positions, Positions]]:
        """Yield ``(train, test)``: the interface of scikit-learn's splitters."""
        del X, y, groups
        return iter(self)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds."""
        del X, y, groups
        return len(self)

    @property
    def digest(self) -> str:
        """Identity of the split, as runs record it."""
        return self.folds.digest

    @property
    def notes(self) -> tuple[str, ...]:
        """How it differs from the published split, and near-duplicates on two sides of a fold."""
        return self.folds.notes


def indices_of(protocol: Protocol, store: FeatureStore, clip_ids: Sequence[str]) -> SplitIndices:
    """Apply a protocol to clips of a store.

    Raises:
        UsageError: These clips cannot be split so.
        LeakageError: The split leaks.
    """
    ids = tuple(sorted(clip_ids))
    rows = {clip_id: store.state.clips[clip_id] for clip_id in ids}
    split = protocol.split(split_clips(rows))
    return SplitIndices(
        ids,
        np.array([row.emotion_id for row in rows.values()], np.int64),
        np.array([row.speaker for row in rows.values()]),
        noting_near_duplicates(split, store, ids),
    )

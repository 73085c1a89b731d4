"""Which clips were read as copies in other voices while a fold was trained and tested."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Unpack

from serkit.errors import LeakageError
from serkit.evaluation.splits import Fold
from serkit.experiments.plan import Plan
from serkit.features import FeatureSpec, Layout
from serkit.labels import LabelSet
from serkit.store.batch import Batch
from serkit.store.options import ReadKeywords
from serkit.store.source import ClipStore, ClipTables


@dataclass(frozen=True)
class WatchedStore:
    """A store that remembers of which clips a copy was read.

    Attributes:
        store: The store.
        copies: The features that hold copies of training clips.
        copied: The clips of which one was read so far, by id.
    """

    store: ClipStore
    copies: frozenset[str]
    copied: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, plan: Plan) -> WatchedStore:
        """Watch a plan's store."""
        return cls(plan.store, frozenset(plan.copies) - frozenset(plan.features))

    @property
    def state(self) -> ClipTables:
        """The store's clips and the extents of their features."""
        return self.store.state

    @property
    def labels(self) -> LabelSet:
        """The classes of the clips."""
        return self.store.labels

    @property
    def location(self) -> str:
        """The store's path."""
        return self.store.location

    def spec(self, feature: str) -> FeatureSpec:
        """Return a feature's specification."""
        return self.store.spec(feature)

    def layout(self, feature: str) -> Layout:
        """Return a feature's shape."""
        return self.store.layout(feature)

    def select(self, feature: str) -> list[str]:
        """Return the ids of the clips that have a feature."""
        return self.store.select(feature)

    def read(self, feature: str, clip_ids: Iterable[str], **options: Unpack[ReadKeywords]) -> Batch:
        """Read a feature of some clips, and remember them if it holds copies."""
        names = tuple(clip_ids)
        if feature in self.copies:
            self.copied.update(names)
        return self.store.read(feature, names, **options)


def watching(plan: Plan) -> tuple[Plan, WatchedStore | None]:
    """Return a plan whose store is watched; one that reads no copies needs no watching."""
    if not plan.copies:
        return plan, None
    store = WatchedStore.of(plan)
    return replace(plan, store=store), store


def audit_copies(fold: Fold, copied: Iterable[str]) -> int:
    """Count the clips of which a copy was read; all of them have to be on the training side.

    Args:
        fold: The fold that was trained and tested.
        copied: The clips of which a copy was read.

    Raises:
        LeakageError: A test clip is among them.

    Example:
        >>> from serkit.evaluation.splits import Fold
        >>> audit_copies(Fold("1", ("a", "b"), ("c",), ("d",)), {"a", "b"})
        2
    """
    clips = set(copied)
    if outside := sorted(clips - {*fold.train, *fold.validation}):
        raise LeakageError(
            f"fold {fold.name} read copies of {len(outside):,} clips outside its training side "
            f"({outside[0]}, ...)",
            allowed="only training clips have copies",
        )
    return len(clips)

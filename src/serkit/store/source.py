"""What a model's data are read from: a store on disk, or clips in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, Unpack

from serkit.features import FeatureSpec, Layout
from serkit.labels import LabelSet
from serkit.store.batch import Batch
from serkit.store.options import ReadKeywords
from serkit.store.tables import ClipRow, IndexRow


class ClipTables(Protocol):
    """Which clips there are, and how long each of their features is."""

    @property
    def clips(self) -> Mapping[str, ClipRow]:
        """The clips by id."""

    @property
    def index(self) -> Mapping[str, Mapping[str, IndexRow]]:
        """By feature and clip id, where the values are and how long."""


class ClipSource(Protocol):
    """Clips and their features; :class:`serkit.FeatureStore` is one."""

    @property
    def state(self) -> ClipTables:
        """The clips and the extents of their features."""

    @property
    def labels(self) -> LabelSet:
        """The classes of the clips; empty where they have no labels."""

    def spec(self, feature: str) -> FeatureSpec:
        """Return what a feature is."""

    def layout(self, feature: str) -> Layout:
        """Return a feature's shape."""

    def read(self, feature: str, clip_ids: Iterable[str], **options: Unpack[ReadKeywords]) -> Batch:
        """Read a feature of the clips named, in the order named."""


class ClipStore(ClipSource, Protocol):
    """What models are trained on: one store, or several read as one."""

    @property
    def location(self) -> str:
        """Where it lies, for messages."""

    def select(self, feature: str) -> list[str]:
        """Return the ids of the clips for which a feature is there; those that failed are not."""

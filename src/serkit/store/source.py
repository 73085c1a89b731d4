"""Sources of model data: a store on disk, or clips in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, Unpack

from serkit.features import FeatureSpec, Layout
from serkit.labels import LabelSet
from serkit.store.batch import Batch
from serkit.store.options import ReadKeywords
from serkit.store.tables import ClipRow, IndexRow


class ClipTables(Protocol):
    """The clips, and the length of each of their features."""

    @property
    def clips(self) -> Mapping[str, ClipRow]:
        """The clips by id."""

    @property
    def index(self) -> Mapping[str, Mapping[str, IndexRow]]:
        """Location and length of values, by feature and clip id."""


class ClipSource(Protocol):
    """Clips and their features; :class:`serkit.FeatureStore` is one."""

    @property
    def state(self) -> ClipTables:
        """The clips and the extents of their features."""

    @property
    def labels(self) -> LabelSet:
        """The classes of the clips; empty where they have no labels."""

    def spec(self, feature: str) -> FeatureSpec:
        """Return a feature's specification."""

    def layout(self, feature: str) -> Layout:
        """Return a feature's shape."""

    def read(self, feature: str, clip_ids: Iterable[str], **options: Unpack[ReadKeywords]) -> Batch:
        """Read a feature of the clips named, in the order named."""


class ClipStore(ClipSource, Protocol):
    """Training data: one store, or several read as one."""

    @property
    def location(self) -> str:
        """Its path, for messages."""

    def select(self, feature: str) -> list[str]:
        """Return the ids of the clips that have a feature."""

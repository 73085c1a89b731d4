"""What is in a store as a whole, counted once by the writer and kept in the manifest.

Counting decodes columns of every table, which takes half a second at 100,000 clips.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class FeatureSummary:
    """One feature's clips and bytes.

    Attributes:
        counts: Clips by condition (``current``, ``missing``, ``stale``, ``failed``), compared with
            the recipe that is stored.
        bytes: Size of its parts on disk.
    """

    counts: Mapping[str, int]
    bytes: int

    @property
    def is_current(self) -> bool:
        """Whether every clip has current values and none failed.

        Example:
            >>> FeatureSummary({"current": 4, "missing": 0, "stale": 0, "failed": 0}, 96).is_current
            True
        """
        return self.is_complete and not self.counts["failed"]

    @property
    def is_complete(self) -> bool:
        """Whether every clip has current values but for those that failed."""
        return not (self.counts["missing"] or self.counts["stale"])


@dataclass(frozen=True)
class StoreSummary:
    """The clips and features of a store.

    Attributes:
        clips: Number of clips.
        speakers: Number of speakers that are known.
        corpora: Names of the corpora, sorted.
        corpus_digest: Identity of the clips and their samples (SHA-256).
        features: The features, by name.
    """

    clips: int
    speakers: int
    corpora: tuple[str, ...]
    corpus_digest: str
    features: Mapping[str, FeatureSummary]

    def to_json(self) -> dict[str, Any]:
        """Return the summary as the manifest keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> StoreSummary:
        """Read what :meth:`to_json` wrote.

        Raises:
            KeyError: Something is missing.
        """
        # By name, so that what a later serkit counts besides is passed over.
        return cls(
            clips=data["clips"],
            speakers=data["speakers"],
            corpora=tuple(data["corpora"]),
            corpus_digest=data["corpus_digest"],
            features={
                name: FeatureSummary(each["counts"], each["bytes"])
                for name, each in data["features"].items()
            },
        )

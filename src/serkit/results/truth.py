"""What a feature store knows of the labels of a run's clips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from serkit.store.state import corpus_digest
from serkit.store.tables import ClipRow


@dataclass(frozen=True)
class StoredLabels:
    """The labels of a store's clips, for runs on these very clips.

    Attributes:
        clips: The store's clips, by id.
    """

    clips: Mapping[str, ClipRow]

    def of(self, digest: str, tested: Iterable[str]) -> dict[str, str] | None:
        """Return the labels of clips by id; None if the store holds other ones.

        Args:
            digest: The corpus digest of the run.
            tested: Its test clips; they, or all clips of the store, are the run's corpus.
        """
        ids = sorted(tested)
        if not self.clips.keys() >= set(ids):
            return None
        rows = [self.clips[clip_id] for clip_id in ids]
        if digest not in (corpus_digest(rows), corpus_digest(self.clips.values())):
            return None
        return {row.clip_id: row.emotion for row in rows}

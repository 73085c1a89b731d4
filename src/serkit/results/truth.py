"""Labels of a run's clips according to a feature store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serkit.errors import SerkitError
from serkit.labels import LabelSet
from serkit.store.joined import JoinedStore
from serkit.store.state import corpus_digest
from serkit.store.store import FeatureStore
from serkit.store.tables import ClipRow
from serkit.vocabulary import Vocabulary


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


def labels_of_several(record: Mapping[str, Any]) -> StoredLabels | None:
    """Return the joined labels of the stores that a run was trained and tested on.

    Args:
        record: The run's record.

    Returns:
        None if the run used one store, or its stores have moved.
    """
    try:
        stores = [FeatureStore(Path(entry["path"])) for entry in record.get("stores", ())]
        vocabulary = Vocabulary(record.get("label_map", {}))
        labels = LabelSet.from_json(record.get("labels"))
        if not stores:
            return None
        return StoredLabels(JoinedStore(stores, labels, vocabulary).state.clips)
    except (SerkitError, LookupError, TypeError):  # nothing to compare with is not an error
        return None

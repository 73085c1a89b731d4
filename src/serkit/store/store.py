"""Read access to a feature store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np

from serkit.errors import (
    IncompleteFeatureError,
    StoreCorruptError,
    StoreError,
    UsageError,
    unknown_name,
)
from serkit.features import ArrayLayout, FeatureSpec, Layout, stored_name
from serkit.labels import LabelSet
from serkit.store.batch import Batch, sorted_frame
from serkit.store.manifest import StoredFeature, manifest_stamp
from serkit.store.mirror import mirror_of, store_folder
from serkit.store.options import ReadKeywords, ReadOptions
from serkit.store.order import order_by_parts
from serkit.store.reading import PartCache, Parts, read_batch
from serkit.store.remote_parts import RemoteParts
from serkit.store.rows import some
from serkit.store.selection import Where, choose
from serkit.store.state import StoreState, read_state
from serkit.store.tables import ClipRow, IndexRow

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_STORE = Path("features/store")

_ATTEMPTS = 5
"""How often to retry a read after a concurrent write."""


class FeatureStore:
    """A folder of cached features.

    Readers never lock: they see the last committed state, even during an extraction.

    Args:
        path: The store's folder, or a URL such as ``s3://bucket/store``.

    Raises:
        NotFoundError: There is no store.
        StoreCorruptError: The store is damaged.
        StoreReadError: What the URL names cannot be read.

    Example:
        >>> store = serkit.FeatureStore("features/store")
        >>> store.features
        ('change_deviation', 'functionals')
        >>> angry = store.load("functionals", where={"emotion": "angry"})
        >>> len(angry)
        12
    """

    def __init__(self, path: str | Path = DEFAULT_STORE) -> None:
        self.path = store_folder(path)
        self._mirror = mirror_of(self.path)
        if self._mirror:
            self._mirror.refresh()
        self._stamp = manifest_stamp(self.path)
        self._state = read_state(self.path, files=False)
        self._parts: dict[str, PartCache | RemoteParts] = {}

    def __reduce__(self) -> tuple[object, ...]:
        # Another process opens the store anew: nothing that is mapped or read crosses over.
        return type(self), (self.path.resolve(),)

    def __repr__(self) -> str:
        features = ", ".join(self.features) or "no features"
        return f"FeatureStore({self.location!r}: {len(self.state.clips):,} clips, {features})"

    @property
    def location(self) -> str:
        """The store's path or URL, for messages."""
        return self._mirror.url if self._mirror else str(self.path)

    def _repr_html_(self) -> str:
        from serkit.store.notebook import store_html

        stored = self.state.manifest.features.values()
        features = [(each.spec.name, each.spec.summary, each.layout) for each in stored]
        return store_html(str(self.path), len(self.state.clips), features)

    @property
    def state(self) -> StoreState:
        """The newest committed state."""
        if self._mirror:
            self._mirror.refresh(at_once=False)
        stamp = manifest_stamp(self.path)
        if stamp != self._stamp:
            self._state = read_state(self.path, files=False)
            self._stamp = stamp  # taken before reading: at worst the next access reads again
            self._parts = {}
        return self._state

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the stored features."""
        return tuple(self.state.manifest.features)

    @property
    def clips(self) -> pd.DataFrame:
        """The clips' metadata, indexed by ``clip_id`` and sorted by it (a copy)."""
        return sorted_frame(self.state.clips)

    @property
    def labels(self) -> LabelSet:
        """The classes of the clips: ``store.labels[batch.y[0]]`` is the first clip's emotion."""
        return self.state.labels

    @property
    def corpus_digest(self) -> str:
        """Identity of the clips and their samples (SHA-256)."""
        state = self.state
        summary = state.manifest.summary
        return summary.corpus_digest if summary else state.corpus_digest()

    def spec(self, feature: str) -> FeatureSpec:
        """Return a feature's specification.

        Raises:
            UnknownNameError: It is not in the store.
        """
        return self._stored(self.state, feature).spec

    def layout(self, feature: str) -> Layout:
        """Return a feature's shape.

        Raises:
            UnknownNameError: It is not in the store.
        """
        return self._stored(self.state, feature).layout

    def load(self, feature: str, *, where: Where = None, **options: Unpack[ReadKeywords]) -> Batch:
        """Read a feature of some clips.

        Args:
            feature: Its name.
            where: Which clips; None is all.
            options: Padding, scale and metadata columns, the attributes of
                :class:`serkit.ReadOptions` (``columns``, ``padded``, ``scale``,
                ``reference``, ``top_db``).

        Returns:
            The clips, sorted by id. Clips for which the feature failed are omitted;
            ``serkit store why`` lists them.

        Raises:
            UnknownNameError: No such feature or column.
            IncompleteFeatureError: Some clips have no current values.
            UsageError: The selection is invalid, or the feature has no decibel scale.
            StoreCorruptError: A file is damaged.
            StoreReadError: A file cannot be read, for example for lack of permission.
        """
        state, how = self.state, ReadOptions(**options)
        return self._read(state, feature, self._select(state, feature, where), how)

    def batches(
        self,
        feature: str,
        size: int = 32,
        *,
        where: Where = None,
        shuffle: bool | Literal["parts"] = False,
        seed: int = 0,
        **options: Unpack[ReadKeywords],
    ) -> Iterator[Batch]:
        """Read a feature batch by batch, keeping one batch in memory.

        Args:
            feature: Its name.
            size: Clips in a batch; the last may be smaller.
            where: Which clips; None is all.
            shuffle: Whether to shuffle the clips; ``"parts"`` shuffles so that few parts are read
                at a time, for stores that do not fit into memory or lie far away.
            seed: Seed of the order.
            options: See :meth:`load`.
        """
        if size < 1:
            raise UsageError(f"a batch of {size} clips", allowed="1 or more is allowed")
        state, how = self.state, ReadOptions(**options)
        ids = self._select(state, feature, where)
        if shuffle == "parts":
            index = state.index[self._stored(state, feature).spec.name]
            order = order_by_parts([row.part for row in some(index, ids)], seed)
            ids = [ids[i] for i in order]
        elif shuffle:
            ids = [ids[i] for i in np.random.default_rng(seed).permutation(len(ids))]
        for first in range(0, len(ids), size):
            yield self._read(state, feature, ids[first : first + size], how)

    def select(self, feature: str, where: Where = None) -> list[str]:
        """Return the ids of the clips that :meth:`load` would read.

        Raises:
            UnknownNameError: No such feature or column.
            IncompleteFeatureError: Some clips have no current values.
        """
        return self._select(self.state, feature, where)

    def _select(self, state: StoreState, feature: str, where: Where) -> list[str]:
        spec = self._stored(state, feature).spec
        chosen = choose(where, state.clips)
        failed = {f.clip_id for f in state.manifest.failures if f.feature in ("", spec.name)}
        ids = [clip_id for clip_id in chosen if clip_id not in failed]
        summary = state.manifest.summary
        if summary and summary.features[spec.name].is_complete:
            return ids
        behind = len(state.not_current(spec).intersection(ids))
        if behind:
            raise IncompleteFeatureError(
                f"{feature} is not current for {behind:,} of {len(chosen):,} clips in "
                f"{self.location}",
                hint=f"'serkit store why {feature}' says why, "
                f"'serkit extract SRC --features {feature}' computes them",
            )
        return ids

    def read(self, feature: str, clip_ids: Iterable[str], **options: Unpack[ReadKeywords]) -> Batch:
        """Read a feature of the clips named, in the order named.

        Args:
            feature: Its name.
            clip_ids: The clips.
            options: See :meth:`load`.

        Raises:
            UnknownNameError: No such feature, or no such clip.
            IncompleteFeatureError: A clip has no current values.
        """
        if isinstance(clip_ids, str):
            raise UsageError(
                f"clip_ids = {clip_ids!r} is one name", allowed="a list of clip ids is allowed"
            )
        state, how = self.state, ReadOptions(**options)
        ids = list(clip_ids)
        for clip_id in ids:
            if clip_id not in state.clips:
                raise unknown_name("clip", clip_id, state.clips)
        return self._read(state, feature, ids, how)

    def as_torch(self, feature: str, *, where: Where = None, **options: Any) -> Any:
        """Return a map-style ``torch.utils.data.Dataset`` of ``(values, emotion_id)``.

        Clips are read on access. Options are those of :meth:`load`.

        Raises:
            MissingDependencyError: torch is not installed.
        """
        from serkit.store.bridges import as_torch

        return as_torch(self, feature, where=where, **options)

    def as_tf_dataset(
        self,
        feature: str,
        *,
        batch_size: int = 32,
        where: Where = None,
        prefetch: int = 2,
        **options: Any,
    ) -> Any:
        """Return a batched ``tf.data.Dataset`` of ``(values, emotion_id)``.

        Args:
            feature: Its name.
            batch_size: Clips in a batch; the last may be smaller.
            where: Which clips; None is all.
            prefetch: Batches that are read ahead while a model works on one; 0 is none.
            options: See :meth:`batches`.

        Raises:
            MissingDependencyError: TensorFlow is not installed.
        """
        from serkit.store.bridges import as_tf_dataset

        return as_tf_dataset(
            self, feature, batch_size=batch_size, where=where, prefetch=prefetch, **options
        )

    def as_hf_dataset(self, feature: str, *, where: Where = None, **options: Any) -> Any:
        """Return a ``datasets.Dataset``: a column of values, the labels, and every metadata column.

        Raises:
            MissingDependencyError: The package ``datasets`` is not installed.
        """
        from serkit.store.bridges import as_hf_dataset

        return as_hf_dataset(self, feature, where=where, **options)

    def _read(
        self, state: StoreState, feature: str, clip_ids: Sequence[str], options: ReadOptions
    ) -> Batch:
        """Read clips, and retry if a writer has replaced their parts meanwhile."""
        spec = self._stored(state, feature).spec
        for _ in range(_ATTEMPTS):
            try:
                return self._read_once(state, feature, clip_ids, options)
            except StoreCorruptError:
                newer = self.state
                if newer.manifest == state.manifest:
                    raise
                state = newer
            if self._stored(state, feature).spec != spec:
                break
        raise StoreError(
            f"{feature} in {self.location} was changed while it was read", hint="read it again"
        )

    def _read_once(
        self, state: StoreState, feature: str, clip_ids: Sequence[str], options: ReadOptions
    ) -> Batch:
        stored = self._stored(state, feature)
        spec = stored.spec
        rows, clips = self._rows(state, spec, clip_ids)
        parts = self._parts_of(state, stored)
        if isinstance(parts, RemoteParts):
            parts.prefetch(rows)
        return read_batch(parts, spec, rows, clips, options)

    def parts(self, feature: str) -> Parts:
        """Return the files that hold a feature's values, for readers of several stores at once.

        Raises:
            UnknownNameError: It is not in the store.
        """
        state = self.state
        return self._parts_of(state, self._stored(state, feature))

    def _parts_of(self, state: StoreState, stored: StoredFeature) -> PartCache | RemoteParts:
        name, layout = stored.spec.name, stored.layout
        parts = self._parts.get(name)
        if parts is None or parts.layout != layout:
            if self._mirror:
                parts = RemoteParts(self._mirror, layout, state.parts(name))
            else:
                parts = PartCache(self.path, layout)
            self._parts[name] = parts
        return parts

    def _rows(
        self, state: StoreState, spec: FeatureSpec, clip_ids: Sequence[str]
    ) -> tuple[list[IndexRow], list[ClipRow]]:
        """Return where the clips' values are, and the clips; refuse values that are not current."""
        with suppress(KeyError):  # the clips below are then looked at one by one
            rows, clips = some(state.index[spec.name], clip_ids), some(state.clips, clip_ids)
            if all(
                row.fingerprint == spec.fingerprint and row.pcm_sha256 == clip.pcm_sha256
                for row, clip in zip(rows, clips, strict=True)
            ):
                return rows, clips
        is_current = state.is_current(spec)
        behind = next(clip_id for clip_id in clip_ids if not is_current(clip_id))
        raise IncompleteFeatureError(
            f"{spec.name} is not current for clip {behind} in {self.location}",
            hint=f"'serkit store why {spec.name}' says why",
        )

    def _stored(self, state: StoreState, feature: str) -> StoredFeature:
        if not isinstance(feature, str):
            raise UsageError(
                f"feature = {feature!r} is not a name", allowed="a name such as 'mel128' is allowed"
            )
        stored = state.manifest.features.get(stored_name(feature))
        if stored is None:
            raise unknown_name(
                "feature",
                feature,
                state.manifest.features,
                where=f"in the store {self.location}",
                hint=f"compute it with 'serkit extract SRC --features {feature}'",
            )
        return stored


__all__ = ["DEFAULT_STORE", "ArrayLayout", "Batch", "FeatureStore", "ReadOptions", "Where"]

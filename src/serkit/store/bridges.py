"""The store as a torch, TensorFlow or Hugging Face data set; frameworks are imported on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from serkit.errors import UsageError
from serkit.extras import require
from serkit.features import ArrayLayout, FeatureSpec, Layout

Where = Any
"""See :meth:`serkit.FeatureStore.select`."""


class Readable(Protocol):
    """The required store interface; :class:`serkit.FeatureStore` implements it.

    A class that is opened by its folder, so that each process of a data loader opens its own.
    """

    def __init__(self, path: Path) -> None: ...

    @property
    def path(self) -> Path:
        """The store's folder."""

    @property
    def state(self) -> Any:
        """The newest committed state."""

    @property
    def clips(self) -> Any:
        """The clips' metadata, indexed by clip id."""

    @property
    def corpus_digest(self) -> str:
        """Identity of the clips."""

    @property
    def select(self) -> Callable[..., list[str]]:
        """See :meth:`serkit.FeatureStore.select`."""

    @property
    def read(self) -> Callable[..., Any]:
        """See :meth:`serkit.FeatureStore.read`."""

    @property
    def batches(self) -> Callable[..., Iterator[Any]]:
        """See :meth:`serkit.FeatureStore.batches`."""

    def layout(self, feature: str) -> Layout:
        """Return how a feature's values are arranged."""

    def spec(self, feature: str) -> FeatureSpec:
        """Return a feature's identity."""


class ClipSequence:
    """Clips of a feature, read one by one on access.

    A plain class that can be pickled, so that data loaders may read in several processes.

    Args:
        store: The store. It is not pickled: another process opens its own.
        feature: The feature's name.
        clip_ids: The clips, in order.
        options: Those of :meth:`serkit.FeatureStore.load`.
    """

    def __init__(
        self, store: Readable, feature: str, clip_ids: Sequence[str], options: dict[str, Any]
    ) -> None:
        self.path = store.path
        self._kind = type(store)
        self.feature = feature
        self.clip_ids = list(clip_ids)
        self.options = options
        self._store: Readable | None = store

    def __len__(self) -> int:
        return len(self.clip_ids)

    def __getitem__(self, position: int) -> tuple[Any, int]:
        return self.take([position])[0]

    def take(self, positions: Sequence[int]) -> list[tuple[Any, int]]:
        """Read several clips at once, part by part."""
        values, labels = self.read(positions)
        return list(zip(values, labels.tolist(), strict=True))

    def read(self, positions: Sequence[int]) -> tuple[Any, npt.NDArray[np.int64]]:
        """Read several clips as one array (unpadded: a list of arrays), with their labels."""
        if self._store is None:
            self._store = self._kind(self.path)
        ids = [self.clip_ids[position] for position in positions]
        batch = self._store.read(self.feature, ids, **self.options)
        return batch.X, batch.y

    def parts(self) -> list[str]:
        """Return the part that holds each clip."""
        if self._store is None:
            self._store = self._kind(self.path)
        index = self._store.state.index[self._store.spec(self.feature).name]
        return [index[clip_id].part for clip_id in self.clip_ids]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_store": None}


def as_torch(store: Readable, feature: str, *, where: Where, **options: Any) -> Any:
    """See :meth:`serkit.FeatureStore.as_torch`."""
    require("torch", extra="torch")
    from serkit.store.torch_clips import TorchClips

    return TorchClips(ClipSequence(store, feature, store.select(feature, where), options))


def as_tf_dataset(
    store: Readable, feature: str, *, batch_size: int, where: Where, prefetch: int, **options: Any
) -> Any:
    """See :meth:`serkit.FeatureStore.as_tf_dataset`."""
    require("tensorflow", extra="tensorflow")
    import tensorflow as tf

    layout = store.layout(feature)
    if isinstance(layout, ArrayLayout) and not options.get("padded", True):
        raise UsageError(
            "a tf.data.Dataset holds arrays of one length",
            hint="omit padded=False, or use batches()",
        )

    def batches() -> Iterator[tuple[Any, Any]]:
        for batch in store.batches(feature, batch_size, where=where, **options):
            yield batch.X, batch.y

    if isinstance(layout, ArrayLayout):
        shape: tuple[int | None, ...] = (None, *layout.item, layout.length)
    else:
        shape = (None, len(layout.columns))
    signature = (tf.TensorSpec(shape, layout.dtype), tf.TensorSpec((None,), tf.int64))
    data = tf.data.Dataset.from_generator(batches, output_signature=signature)
    return data.prefetch(prefetch) if prefetch else data


def as_hf_dataset(store: Readable, feature: str, *, where: Where, **options: Any) -> Any:
    """See :meth:`serkit.FeatureStore.as_hf_dataset`."""
    require("datasets", extra="datasets")
    import datasets

    layout = store.layout(feature)
    ids = store.select(feature, where)
    kind = datasets.Value(layout.dtype)
    item = layout.item if isinstance(layout, ArrayLayout) else ()
    values: Any = datasets.Sequence(kind)
    for _ in item:
        values = datasets.Sequence(values)
    frame = store.clips.loc[ids]
    features = {
        feature: values,
        "label": datasets.Value("int64"),
        "clip_id": datasets.Value("string"),
    }
    features |= {
        name: datasets.Value("string" if frame[name].dtype.kind in "OUT" else "int64")
        for name in frame.columns
    }
    return datasets.Dataset.from_generator(
        _examples,
        features=datasets.Features(features),
        # All that the content depends on is in the arguments: datasets caches by their hash.
        gen_kwargs={
            "kind": type(store),
            "path": str(store.path.resolve()),
            "feature": feature,
            "fingerprint": store.spec(feature).fingerprint,
            "corpus": store.corpus_digest,
            "clip_ids": tuple(ids),
            "options": options,
        },
    )


def _examples(
    kind: type[Readable],
    path: str,
    feature: str,
    fingerprint: str,
    corpus: str,
    clip_ids: tuple[str, ...],
    options: Any,
) -> Iterator[dict[str, Any]]:
    del fingerprint, corpus  # there for the cache's key alone
    import pandas as pd

    store = kind(Path(path))
    for clip_id in clip_ids:
        batch = store.read(feature, [clip_id], **options)
        row = batch.clips.iloc[0].to_dict()
        plain = {str(k): None if pd.isna(v) else v for k, v in row.items()}
        yield {
            feature: np.asarray(batch.X[0]),
            "label": int(batch.y[0]),
            "clip_id": clip_id,
            **plain,
        }

"""The feature store as its readers see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.errors import (
    IncompleteFeatureError,
    StoreCorruptError,
    StoreError,
    UsageError,
    unknown_name,
)
from serkit.features import ArrayLayout, FeatureSpec, Layout, TableLayout, stored_name
from serkit.store import reading
from serkit.store.manifest import manifest_stamp, read_manifest
from serkit.store.parts import Array
from serkit.store.reading import PartCache, Scale
from serkit.store.state import StoreState, corpus_digest, read_state
from serkit.store.tables import IndexRow

if TYPE_CHECKING:
    import pandas as pd

Where = Mapping[str, Any] | str | Callable[["pd.DataFrame"], Any] | None
"""Which clips: values by column (``{"emotion": ["angry", "sad"], "actor": 3}``), a pandas query
(``"actor <= 5 and sex == 'female'"``), or a function from the clips to a boolean mask."""

DEFAULT_STORE = Path("features/store")

_ATTEMPTS = 5
"""How often something is read again that a writer has replaced meanwhile."""


@dataclass(frozen=True)
class Batch:
    """Some clips with the values of one feature.

    Attributes:
        X: The values: an array of shape ``(n, *item, length)`` (``(n, 256, 495)`` for ``mel256``)
            or ``(n, columns)``; with ``padded=False`` a list of n arrays of true length.
        y: Emotion numbers 0 to 7, shape ``(n,)``, int64.
        clips: The clips' metadata, indexed by ``clip_id``, in the same order.
        lengths: Live extent of each clip on the last axis of ``X``, shape ``(n,)``.
        columns: Names of the columns of ``X``, for table features.
        spec: What the feature is.
    """

    X: Any
    y: npt.NDArray[np.int64]
    clips: pd.DataFrame
    lengths: npt.NDArray[np.int64]
    columns: tuple[str, ...]
    spec: FeatureSpec

    def __len__(self) -> int:
        return len(self.y)


class FeatureStore:
    """A folder of cached features.

    Reading never locks: what is read is the last committed state, also while an extraction runs.

    Args:
        path: The store's folder.

    Raises:
        NotFoundError: No store there.
        StoreCorruptError: The store is damaged.
    """

    def __init__(self, path: str | Path = DEFAULT_STORE) -> None:
        self.path = Path(path).expanduser()
        self._stamp = manifest_stamp(self.path)
        self._state = _read_steadily(self.path)
        self._frame: tuple[StoreState, pd.DataFrame] | None = None
        self._parts: dict[str, PartCache] = {}

    def __repr__(self) -> str:
        features = ", ".join(self.features) or "no features"
        return f"FeatureStore({str(self.path)!r}: {len(self.state.clips):,} clips, {features})"

    @property
    def state(self) -> StoreState:
        """The newest committed state."""
        stamp = manifest_stamp(self.path)
        if stamp != self._stamp:
            self._state = _read_steadily(self.path)
            self._stamp = stamp  # taken before reading: at worst the next look reads once more
            self._parts = {}
        return self._state

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features in the store."""
        return tuple(self.state.manifest.features)

    @property
    def clips(self) -> pd.DataFrame:
        """The clips' metadata, indexed by ``clip_id`` and sorted by it (a copy)."""
        return self._clips(self.state).copy()

    @property
    def corpus_digest(self) -> str:
        """Identity of the clips and their samples (SHA-256)."""
        return corpus_digest(self.state.clips.values())

    def spec(self, feature: str) -> FeatureSpec:
        """Return what a feature is.

        Raises:
            UnknownNameError: It is not in the store.
        """
        return self._stored(self.state, feature)[0]

    def layout(self, feature: str) -> Layout:
        """Return a feature's shape.

        Raises:
            UnknownNameError: It is not in the store.
        """
        return self._stored(self.state, feature)[1]

    def load(
        self,
        feature: str,
        *,
        where: Where = None,
        columns: Sequence[str] | None = None,
        padded: bool = True,
        scale: Scale = "power",
        reference: float = 1.0,
        top_db: float | None = 80.0,
    ) -> Batch:
        """Read a feature of some clips.

        Args:
            feature: Its name.
            where: Which clips; None is all.
            columns: Which metadata columns ``clips`` gets; None is all.
            padded: Whether every clip is padded in front to the recipe's length (or, without one,
                to the longest of these clips).
            scale: ``"power"`` as stored, or ``"db"`` as librosa's ``power_to_db``.
            reference: With ``"db"``: the power that is 0 dB.
            top_db: With ``"db"``: how far below its maximum a clip may go; None is no limit.

        Returns:
            The clips, sorted by id. Clips for which the feature failed are left out; they are
            listed by ``serkit store why``.

        Raises:
            UnknownNameError: No such feature or column.
            IncompleteFeatureError: Some clips have no current values.
            UsageError: The selection cannot be understood, or the scale does not fit.
            StoreCorruptError: What is on disk is not what was written.
        """
        state = self.state
        ids = self._select(state, feature, where)
        return self._read(state, feature, ids, columns, padded, scale, reference, top_db)

    def batches(
        self,
        feature: str,
        size: int = 32,
        *,
        where: Where = None,
        columns: Sequence[str] | None = None,
        padded: bool = True,
        scale: Scale = "power",
        reference: float = 1.0,
        top_db: float | None = 80.0,
        shuffle: bool = False,
        seed: int = 0,
    ) -> Iterator[Batch]:
        """Read a feature batch by batch: never more than one batch is in memory.

        Args:
            feature: Its name.
            size: Clips in a batch; the last may be smaller.
            where: See :meth:`load`.
            columns: See :meth:`load`.
            padded: See :meth:`load`.
            scale: See :meth:`load`.
            reference: See :meth:`load`.
            top_db: See :meth:`load`.
            shuffle: Whether the clips come in random order.
            seed: The order's seed.
        """
        if size < 1:
            raise UsageError(f"a batch of {size} clips", allowed="1 or more is allowed")
        state = self.state
        ids = self._select(state, feature, where)
        if shuffle:
            ids = [ids[i] for i in np.random.default_rng(seed).permutation(len(ids))]
        for first in range(0, len(ids), size):
            chunk = ids[first : first + size]
            yield self._read(state, feature, chunk, columns, padded, scale, reference, top_db)

    def select(self, feature: str, where: Where = None) -> list[str]:
        """Return the ids of the clips that :meth:`load` would read.

        Raises:
            UnknownNameError: No such feature or column.
            IncompleteFeatureError: Some clips have no current values.
        """
        return self._select(self.state, feature, where)

    def _select(self, state: StoreState, feature: str, where: Where) -> list[str]:
        spec = self._stored(state, feature)[0]
        ids: list[str] = self._where(state, where).index.tolist()
        failed = {f.clip_id for f in state.manifest.failures if f.feature in ("", spec.name)}
        behind = [i for i in ids if i not in failed and not state.current(spec, i)]
        if behind:
            raise IncompleteFeatureError(
                f"{feature} is not current for {len(behind):,} of {len(ids):,} clips "
                f"in {self.path}",
                hint=f"'serkit store why {feature}' says why, "
                f"'serkit extract SRC --features {feature}' computes them",
            )
        return [clip_id for clip_id in ids if clip_id not in failed]

    def read(
        self,
        feature: str,
        clip_ids: Sequence[str],
        *,
        columns: Sequence[str] | None = None,
        padded: bool = True,
        scale: Scale = "power",
        reference: float = 1.0,
        top_db: float | None = 80.0,
    ) -> Batch:
        """Read a feature of the clips named, in the order named.

        Args:
            feature: Its name.
            clip_ids: The clips.
            columns: See :meth:`load`.
            padded: See :meth:`load`.
            scale: See :meth:`load`.
            reference: See :meth:`load`.
            top_db: See :meth:`load`.

        Raises:
            UnknownNameError: No such feature, or no such clip.
            IncompleteFeatureError: A clip has no current values.
        """
        state = self.state
        for clip_id in clip_ids:
            if clip_id not in state.clips:
                raise unknown_name("clip", clip_id, state.clips)
        return self._read(state, feature, clip_ids, columns, padded, scale, reference, top_db)

    def as_torch(self, feature: str, *, where: Where = None, **options: Any) -> Any:
        """Return a map-style ``torch.utils.data.Dataset`` of ``(values, emotion_id)``.

        Clips are read when they are asked for. Options are those of :meth:`load`.

        Raises:
            MissingDependencyError: torch is not installed.
        """
        from serkit.store.bridges import as_torch

        return as_torch(self, feature, where=where, **options)

    def as_tf_dataset(
        self, feature: str, *, batch_size: int = 32, where: Where = None, **options: Any
    ) -> Any:
        """Return a batched ``tf.data.Dataset`` of ``(values, emotion_id)``.

        Raises:
            MissingDependencyError: TensorFlow is not installed.
        """
        from serkit.store.bridges import as_tf_dataset

        return as_tf_dataset(self, feature, batch_size=batch_size, where=where, **options)

    def as_hf_dataset(self, feature: str, *, where: Where = None, **options: Any) -> Any:
        """Return a ``datasets.Dataset``: a column of values, the labels, and every metadata column.

        Raises:
            MissingDependencyError: The package ``datasets`` is not installed.
        """
        from serkit.store.bridges import as_hf_dataset

        return as_hf_dataset(self, feature, where=where, **options)

    def _read(self, state: StoreState, feature: str, clip_ids: Sequence[str], *how: Any) -> Batch:
        """Read clips; once more where a writer has replaced the parts they lay in meanwhile."""
        spec = self._stored(state, feature)[0]
        for _ in range(_ATTEMPTS):
            try:
                return self._read_once(state, feature, clip_ids, *how)
            except StoreCorruptError:
                newer = self.state
                if newer.manifest == state.manifest:
                    raise
                state = newer
            if self._stored(state, feature)[0] != spec:
                break
        raise StoreError(
            f"{feature} in {self.path} was changed while it was read", hint="read it again"
        )

    def _read_once(
        self,
        state: StoreState,
        feature: str,
        clip_ids: Sequence[str],
        columns: Sequence[str] | None,
        padded: bool,
        scale: Scale,
        reference: float,
        top_db: float | None,
    ) -> Batch:
        spec, layout = self._stored(state, feature)
        rows = self._rows(state, spec, clip_ids)
        convert = reading.converter(layout, scale, reference, top_db)
        parts = self._parts.get(spec.name)
        if parts is None or parts.layout != layout:
            parts = self._parts[spec.name] = PartCache(self.path, layout)
        if padded or isinstance(layout, TableLayout):
            silence = _silence(scale, reference, top_db) or convert
            values: Any = reading.read_padded(parts, rows, convert, silence)
        else:
            values = reading.read_unpadded(parts, rows, convert)
        clips = self._clips(state).loc[list(clip_ids)]
        return Batch(
            X=values,
            y=clips["emotion_id"].to_numpy(np.int64),
            clips=_only(clips, columns),
            lengths=reading.lengths(rows),
            columns=layout.columns if isinstance(layout, TableLayout) else (),
            spec=spec,
        )

    def _rows(
        self, state: StoreState, spec: FeatureSpec, clip_ids: Sequence[str]
    ) -> list[IndexRow]:
        for clip_id in clip_ids:
            if not state.current(spec, clip_id):
                raise IncompleteFeatureError(
                    f"{spec.name} is not current for clip {clip_id} in {self.path}",
                    hint=f"'serkit store why {spec.name}' says why",
                )
        index = state.index[spec.name]
        return [index[clip_id] for clip_id in clip_ids]

    def _stored(self, state: StoreState, feature: str) -> tuple[FeatureSpec, Layout]:
        stored = state.manifest.features.get(stored_name(feature))
        if stored is None:
            raise unknown_name(
                f"feature in the store {self.path}",
                feature,
                state.manifest.features,
                hint=f"compute it with 'serkit extract SRC --features {feature}'",
            )
        return stored.spec, stored.layout

    def _clips(self, state: StoreState) -> pd.DataFrame:
        if self._frame is None or self._frame[0] is not state:
            import pandas as pd

            rows = sorted(state.clips.values(), key=lambda clip: clip.clip_id)
            frame = pd.DataFrame([asdict(row) for row in rows])
            if not rows:
                from serkit.store.tables import ClipRow

                frame = pd.DataFrame(columns=list(ClipRow.__dataclass_fields__))
            frame["resampled_from"] = frame["resampled_from"].astype("Int64")
            self._frame = state, frame.set_index("clip_id")
        return self._frame[1]

    def _where(self, state: StoreState, where: Where) -> pd.DataFrame:
        clips = self._clips(state)
        if where is None:
            return clips
        if isinstance(where, str):
            try:
                # The query's own answer is a mask: a name of a clip would be taken for a row.
                return clips[_mask(clips.eval(where), len(clips))]
            except Exception as error:  # pandas raises a dozen kinds for a query it cannot read
                raise UsageError(
                    f"where={where!r} cannot be understood ({error})",
                    allowed="a pandas query such as \"emotion == 'angry' and actor < 5\" is",
                ) from error
        if isinstance(where, Mapping):
            for column, wanted in where.items():
                if column not in clips.columns:
                    raise unknown_name("column", column, clips.columns)
                many = isinstance(wanted, (list, tuple, set, frozenset, range, np.ndarray))
                clips = clips[clips[column].isin(list(wanted) if many else [wanted])]
            return clips
        return clips[_mask(where(clips), len(clips))]


def _mask(answer: Any, count: int) -> npt.NDArray[np.bool_]:
    """Return what a ``where`` function said about each clip."""
    import pandas as pd

    try:
        mask = pd.array(answer, dtype="boolean").to_numpy(bool, na_value=False)
    except (TypeError, ValueError):
        mask = np.empty(0, bool)
    if mask.shape != (count,):
        raise UsageError(
            f"the function given as where= returned no mask for {count:,} clips",
            allowed="one boolean a clip is, such as clips['actor'] < 5",
        )
    return np.asarray(mask, bool)


def _read_steadily(path: Path) -> StoreState:
    """Read a state while a writer may be replacing it: its tables can vanish between two reads."""
    for attempt in range(_ATTEMPTS):
        manifest = read_manifest(path)
        try:
            return read_state(path)
        except StoreCorruptError:
            if attempt + 1 == _ATTEMPTS or read_manifest(path) == manifest:
                raise
    raise AssertionError  # the loop returns or raises


def _silence(scale: Scale, reference: float, top_db: float | None) -> reading.Convert | None:
    """Return what padding becomes in decibels: the floor, raised to ``top_db`` below the peak."""
    if scale == "power":
        return None
    floor = 10.0 * np.log10(1e-10) - 10.0 * np.log10(max(1e-10, reference))

    def silence(live: Array) -> Array:
        lowest = floor if top_db is None or not live.size else max(floor, live.max() - top_db)
        return np.asarray(lowest, np.float32)

    return silence


def _only(clips: pd.DataFrame, columns: Sequence[str] | None) -> pd.DataFrame:
    if columns is None:
        return clips.copy()
    columns = [columns] if isinstance(columns, str) else columns
    for column in columns:
        if column not in clips.columns:
            raise unknown_name("column", column, clips.columns)
    return clips[list(columns)].copy()


__all__ = ["DEFAULT_STORE", "ArrayLayout", "Batch", "FeatureStore", "Where"]

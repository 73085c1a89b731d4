"""What reading returns: feature values of clips, with labels and metadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.features import FeatureSpec
from serkit.store.rows import column
from serkit.store.tables import ClipRow

if TYPE_CHECKING:
    import pandas as pd

_TYPES = {field.name: str(field.type) for field in fields(ClipRow)}

METADATA = tuple(name for name in _TYPES if name != "clip_id")
"""Names of the metadata columns."""


@dataclass(frozen=True)
class Batch:
    """The values of one feature for some clips.

    Attributes:
        X: The values: an array of shape ``(n, *item, length)`` (``(n, 256, 495)`` for ``mel256``)
            or ``(n, columns)``; with ``padded=False`` a list of n arrays of true length.
        y: Label numbers, -1 if unknown; ``(n,)``, int64.
        rows: The clips' metadata as plain rows, in the same order.
        metadata: Names of the columns of :attr:`clips`.
        lengths: Unpadded length of each clip on the last axis of ``X``, shape ``(n,)``.
        columns: Names of the columns of ``X``, for table features.
        spec: The feature's specification.

    Example:
        >>> batch = serkit.FeatureStore("features/store").load("functionals", where={"actor": 1})
        >>> batch.X.shape, batch.clip_ids[0]
        ((16, 1362), '03-01-01-01-01-01-01')
        >>> batch.to_pandas().loc["03-01-01-01-01-01-01", "emotion"]
        'neutral'
    """

    X: Any
    y: npt.NDArray[np.int64]
    rows: tuple[ClipRow, ...]
    metadata: tuple[str, ...]
    lengths: npt.NDArray[np.int64]
    columns: tuple[str, ...]
    spec: FeatureSpec

    def __len__(self) -> int:
        return len(self.y)

    @property
    def clip_ids(self) -> tuple[str, ...]:
        """The clips' ids, in the same order."""
        return tuple(row.clip_id for row in self.rows)

    @cached_property
    def clips(self) -> pd.DataFrame:
        """The clips' metadata, indexed by ``clip_id``, in the same order.

        Computed on first access: most batches are only read for ``X`` and ``y``.
        """
        return clip_frame(self.rows, self.metadata)

    def _repr_html_(self) -> str:
        from serkit.store.notebook import batch_html

        shape = getattr(self.X, "shape", None)  # a list where clips differ in length
        return batch_html(self.spec.name, shape, self.rows)

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per clip: metadata, then the feature's values.

        Returns:
            A data frame indexed by ``clip_id``. A table feature adds its columns; an array
            feature adds one column of its name, an array in each cell.
        """
        import pandas as pd

        if self.columns:
            values = pd.DataFrame(self.X, columns=list(self.columns), index=self.clips.index)
        else:
            arrays = pd.Series(list(self.X), index=self.clips.index, dtype=object)
            values = arrays.to_frame(self.spec.name)
        return pd.concat([self.clips, values], axis="columns")


def clip_frame(rows: Sequence[ClipRow], columns: Sequence[str] = METADATA) -> pd.DataFrame:
    """Return clips as a new table indexed by ``clip_id``, in the order of the rows.

    Args:
        rows: The clips.
        columns: The columns to include.
    """
    return _frame(lambda name: list(map(attrgetter(name), rows)), columns)


def sorted_frame(clips: Mapping[str, ClipRow], columns: Sequence[str] = METADATA) -> pd.DataFrame:
    """Return clips as a new table indexed by ``clip_id`` and sorted by it.

    Args:
        clips: The clips by id.
        columns: The columns to include.
    """
    clip_ids = list(clips)
    order = sorted(range(len(clip_ids)), key=clip_ids.__getitem__)

    def values(name: str) -> list[Any]:
        return list(map(column(clips, name).__getitem__, order))

    return _frame(values, columns)


def _frame(values_of: Callable[[str], list[Any]], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    text = pd.Series([""]).dtype  # pandas cannot infer it from an empty table
    kinds: dict[str, Any] = {"str": text, "int": np.dtype(np.int64), "int | None": pd.Int64Dtype()}

    def series(name: str) -> Any:
        values = values_of(name)
        kind = _TYPES[name]
        if name == "actor" and None not in values:
            kind = "int"  # plain integers wherever every speaker is numbered
        return pd.array(values, dtype=kinds[kind])

    index = pd.Index(series("clip_id"), name="clip_id")
    return pd.DataFrame({name: series(name) for name in columns}, index=index)

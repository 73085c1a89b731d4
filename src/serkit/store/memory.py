"""Clips in memory with a store's interface, for clips that are predicted once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt

from serkit.errors import unknown_name
from serkit.features import FeatureSpec, Layout, TableLayout, Values, stored_name
from serkit.labels import LabelSet
from serkit.store.batch import Batch
from serkit.store.options import ReadKeywords, ReadOptions
from serkit.store.padding import pad_front
from serkit.store.reading import read_batch
from serkit.store.tables import ClipRow, IndexRow


@dataclass(frozen=True)
class ClipFeatures:
    """One clip with its features.

    Attributes:
        row: The clip.
        specs: The features.
        values: Their values, by feature name.
        notes: What was done to the samples that nobody would expect, a clause each.
        recording: Recording measures of the clip, see :data:`serkit.dsp.recording.MEASURES`; empty
            if not requested.
    """

    row: ClipRow
    specs: tuple[FeatureSpec, ...]
    values: Mapping[str, Values]
    notes: tuple[str, ...] = ()
    recording: tuple[float, ...] = ()


@dataclass(frozen=True)
class MemoryTables:
    """See :class:`serkit.store.source.ClipTables`."""

    clips: Mapping[str, ClipRow]
    index: Mapping[str, Mapping[str, IndexRow]]


@dataclass(frozen=True)
class _Arrays:
    """One feature's values; a row's offset is its clip's position."""

    layout: Layout
    arrays: Sequence[npt.NDArray[Any]] = field(repr=False)

    def values(self, row: IndexRow) -> npt.NDArray[Any]:
        return np.ascontiguousarray(self.arrays[row.offset])

    def copy(self, row: IndexRow, out: npt.NDArray[Any]) -> None:
        pad_front(self.values(row), out)


class MemoryStore:
    """Clips in memory; see :class:`serkit.store.source.ClipSource`.

    Args:
        clips: One or more clips, all with the same features; their ids differ.
    """

    labels = LabelSet(())

    def __init__(self, clips: Sequence[ClipFeatures]) -> None:
        self._specs = {spec.name: spec for spec in clips[0].specs}
        self._parts = {
            name: _Arrays(spec.layout(), [clip.values[name].array for clip in clips])
            for name, spec in self._specs.items()
        }
        self.state = MemoryTables(
            {clip.row.clip_id: clip.row for clip in clips},
            {name: _index(spec, clips) for name, spec in self._specs.items()},
        )

    def spec(self, feature: str) -> FeatureSpec:
        """Return a feature's specification.

        Raises:
            UnknownNameError: It was not computed.
        """
        name = stored_name(feature)
        if name not in self._specs:
            raise unknown_name("feature", feature, self._specs)
        return self._specs[name]

    def layout(self, feature: str) -> Layout:
        """Return a feature's shape.

        Raises:
            UnknownNameError: It was not computed.
        """
        return self._parts[self.spec(feature).name].layout

    def read(self, feature: str, clip_ids: Iterable[str], **options: Unpack[ReadKeywords]) -> Batch:
        """Read a feature of the clips named, in the order named.

        Raises:
            UnknownNameError: No such feature or clip.
        """
        spec, ids = self.spec(feature), list(clip_ids)
        for clip_id in ids:
            if clip_id not in self.state.clips:
                raise unknown_name("clip", clip_id, self.state.clips)
        rows = [self.state.index[spec.name][clip_id] for clip_id in ids]
        clips = [self.state.clips[clip_id] for clip_id in ids]
        return read_batch(self._parts[spec.name], spec, rows, clips, ReadOptions(**options))


def _index(spec: FeatureSpec, clips: Sequence[ClipFeatures]) -> dict[str, IndexRow]:
    is_table = isinstance(spec.layout(), TableLayout)
    return {
        clip.row.clip_id: IndexRow(
            clip_id=clip.row.clip_id,
            fingerprint=spec.fingerprint,
            pcm_sha256=clip.row.pcm_sha256,
            part="",
            offset=position,
            length=1 if is_table else clip.values[spec.name].array.shape[-1],
            lead=clip.values[spec.name].lead,
            checksum=0,
        )
        for position, clip in enumerate(clips)
    }

"""Measurements for all figures and tables, in one pass over the corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serkit.clips import SAMPLE_RATE
from serkit.errors import CorpusError, IncompleteFeatureError, UnknownNameError
from serkit.progress import ProgressCallback
from serkit.reports.exploration import amplitudes
from serkit.reports.exploration.amplitudes import Counts
from serkit.reports.exploration.clip_map import ClipMap, clip_map
from serkit.reports.exploration.effects import Effects, effects
from serkit.reports.exploration.example import Example, example
from serkit.reports.exploration.grouping import LABEL, Grouping, groupings, speakers_of

if TYPE_CHECKING:
    import pandas as pd

    from serkit.store.store import FeatureStore


_BATCH = 32
"""Clips in memory at a time."""

_LOWEST_PITCH = 55.0
"""Hz that the functionals' pitch, in semitones, counts from."""


@dataclass(frozen=True)
class Quantity:
    """One number a clip that is compared between groups.

    Attributes:
        column: Its column in :attr:`Measurements.clips`.
        title: What it is.
        unit: Its unit; empty for none.
        digits: Decimals in tables.
    """

    column: str
    title: str
    unit: str
    digits: int

    @property
    def label(self) -> str:
        """Its title with the unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


LENGTH = Quantity("seconds", "length", "s", 3)
CHANGE = Quantity("change_deviation", "change deviation", "", 6)
LOUDNESS = Quantity("loudness", "loudness", "dBFS", 1)
PITCH = Quantity("pitch", "pitch", "Hz", 1)
RATE = Quantity("rate", "speaking rate", "peaks/s", 2)

QUANTITIES = (LENGTH, CHANGE, LOUDNESS, PITCH, RATE)

_FUNCTIONALS: Mapping[str, str] = {
    LOUDNESS.column: "energy_speech_mean",
    PITCH.column: "pitch_voiced_p50",
    RATE.column: "peaks_rate",
}
"""Which functional each quantity is taken from."""


@dataclass(frozen=True)
class Measurements:
    """A corpus, measured.

    Attributes:
        clips: One row per clip, indexed by ``clip_id``: the store's columns and those of
            :data:`QUANTITIES` that could be measured.
        groupings: The columns that clips are grouped by.
        counts: By column, how often each amplitude occurs in each group, shape (groups, 65,536);
            empty without the feature ``raw``.
        effects: Which functionals mark which label; None where that cannot be known.
        map: The clips on two principal components; None where that cannot be known.
        example: One clip to look at; None without the feature ``raw``.
        gaps: Missing measurements, and the command that provides them.
    """

    clips: pd.DataFrame
    groupings: tuple[Grouping, ...]
    counts: Mapping[str, Counts]
    effects: Effects | None
    map: ClipMap | None
    example: Example | None
    gaps: tuple[str, ...]

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """Measurements of each clip."""
        return tuple(each for each in QUANTITIES if each.column in self.clips)


def measure(
    store: FeatureStore, *, clip_id: str | None = None, progress: ProgressCallback | None = None
) -> Measurements:
    """Measure a corpus from its features.

    Samples are read in batches of 32 clips and counted, so memory does not grow with the corpus.
    Measurements that need a missing feature are omitted.

    Args:
        store: The store.
        clip_id: The clip to look at; None takes one of middling length.
        progress: Called as ``progress(done, total)`` in clips.

    Raises:
        CorpusError: The store holds no clips.
        UnknownNameError: No such clip.
    """
    clips = store.clips
    if clips.empty:
        raise CorpusError(
            f"the store {store.path} holds no clips", hint="fill it with 'serkit extract SRC'"
        )
    gaps: list[str] = []
    groups = groupings(clips)
    clips["seconds"] = clips["num_frames"] / SAMPLE_RATE
    _add_table(store, clips, "change_deviation", {CHANGE.column: "change_deviation"}, gaps)
    values, columns = _add_table(store, clips, "functionals", _FUNCTIONALS, gaps)
    if PITCH.column in clips:
        clips[PITCH.column] = _LOWEST_PITCH * 2.0 ** (clips[PITCH.column] / 12.0)
    counts, shown = _samples(store, clips, groups, clip_id, gaps, progress)
    found, where = _structure(clips, groups, values, columns)
    return Measurements(clips, groups, counts, found, where, shown, tuple(gaps))


def _add_table(
    store: FeatureStore,
    clips: pd.DataFrame,
    feature: str,
    wanted: Mapping[str, str],
    gaps: list[str],
) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    """Add columns of a table feature to the clips; without it note the gap.

    Returns:
        The whole table, one row for each clip that has it, and the names of its columns.
    """
    import pandas as pd

    try:
        batch = store.load(feature, columns=())
    except (UnknownNameError, IncompleteFeatureError) as error:
        gaps.append(str(error))
        return None, ()
    table = pd.DataFrame(batch.X, index=batch.clips.index, columns=list(batch.columns))
    for column, source in wanted.items():
        if source in table:
            clips[column] = table[source].reindex(clips.index).astype("float64")
    return table, batch.columns


def _samples(
    store: FeatureStore,
    clips: pd.DataFrame,
    groups: Sequence[Grouping],
    clip_id: str | None,
    gaps: list[str],
    progress: ProgressCallback | None,
) -> tuple[dict[str, Counts], Example | None]:
    """Count the amplitudes of every group in one pass over the samples."""
    try:
        total = len(store.select("raw"))
    except (UnknownNameError, IncompleteFeatureError) as error:
        gaps.append(str(error))
        return {}, None
    counts = {g.column: np.zeros((len(g), amplitudes.VALUES), np.int64) for g in groups}
    place = {name: row for row, name in enumerate(clips.index)}
    done = 0
    for batch in store.batches("raw", _BATCH, columns=(), padded=False):
        for name, samples in zip(batch.clips.index, batch.X, strict=True):
            found = amplitudes.count(np.asarray(samples, np.int16))
            for grouping in groups:
                code = grouping.codes[place[name]]
                if code >= 0:
                    counts[grouping.column][code] += found
        done += len(batch)
        if progress:
            progress(done, total)
    return counts, example(store, clips, clip_id) if total else None


def _structure(
    clips: pd.DataFrame,
    groups: Sequence[Grouping],
    table: pd.DataFrame | None,
    columns: tuple[str, ...],
) -> tuple[Effects | None, ClipMap | None]:
    """Find the functionals that mark each label, and map the clips."""
    if table is None or table.empty:
        return None, None
    rows = clips.index.get_indexer(table.index)
    values = table.to_numpy(np.float64)
    by_column = {each.column: each.codes[rows] for each in groups}
    everyone = speakers_of(clips)
    speakers = None if everyone is None else everyone[rows]
    where = clip_map(values, by_column, speakers)
    label = next((each for each in groups if each.column == LABEL), None)
    if label is None or speakers is None:
        return None, where
    found = effects(values, columns, label.codes[rows], label.names, speakers)
    return (found if found.speakers else None), where

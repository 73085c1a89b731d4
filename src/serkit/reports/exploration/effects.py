"""Which features separate which class: effect sizes with intervals by speaker.

The effect of a class on a column is the distance of the speakers' means of that class from the
means of the other classes, in units of the spread of clips of one speaker and class: Cohen's d
within speakers. A voice that is high in every emotion therefore has no effect. Whole speakers are
resampled for the intervals, as for scores (see :mod:`serkit.evaluation.metrics`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

RESAMPLES = 1_000


@dataclass(frozen=True)
class Effects:
    """Effect sizes of C classes on F columns.

    Attributes:
        classes: Names of the classes.
        columns: Names of the columns.
        sizes: (C, F) effect sizes; NaN where a column is constant.
        low: (C, F) lower ends of their 95 % intervals; NaN with fewer than two speakers.
        high: (C, F) upper ends.
        speakers: Speakers with clips of every class, over which the effects are averaged.
    """

    classes: tuple[str, ...]
    columns: tuple[str, ...]
    sizes: Floats
    low: Floats
    high: Floats
    speakers: int

    def strongest(self, label: str, count: int = 5) -> list[int]:
        """Return the columns that mark a class most, strongest first, one of each kind of track.

        Statistics of one track (mean, median, 75 % point of the pitch) say nearly the same, as do
        neighbouring bands, so only the strongest of each kind is taken. Effects whose interval
        includes zero are excluded.
        """
        row = self.classes.index(label)
        sure = ~(self.low[row] * self.high[row] <= 0)
        order = np.argsort(-np.nan_to_num(np.abs(self.sizes[row])), kind="stable")
        chosen: dict[str, int] = {}
        for column in order[sure[order] & np.isfinite(self.sizes[row][order])].tolist():
            chosen.setdefault(track_of(self.columns[column]), column)
            if len(chosen) == count:
                break
        return list(chosen.values())


def track_of(column: str) -> str:
    """Return the kind of track that a column of the functionals describes.

    >>> track_of("pitch_voiced_p50"), track_of("mfcc_02_change_speech_std")
    ('pitch', 'mfcc')
    """
    for middle in ("_change_", "_speech_", "_voiced_", "_modulation_", "_relative_", "_fifth_"):
        column = column.partition(middle)[0]
    return re.sub(r"_\d.*", "", column)


def effects(
    values: npt.NDArray[np.floating],
    columns: tuple[str, ...],
    codes: npt.NDArray[np.intp],
    classes: tuple[str, ...],
    speakers: npt.NDArray[np.intp],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Effects:
    """Compute the effect of every class on every column.

    Args:
        values: (n, F) one row for each clip.
        columns: Names of the columns.
        codes: (n,) each clip's class, from 0; -1 is ignored.
        classes: Names of the C classes.
        speakers: (n,) each clip's speaker, from 0.
        resamples: Draws of speakers behind the intervals.
        seed: Seed of the draws.
    """
    means, spread = _cell_means(values, codes, speakers, len(classes))
    count = len(classes)
    others = (means.sum(axis=1, keepdims=True) - means) / max(count - 1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_speaker = np.where(spread > 0, (means - others) / spread, np.nan)
    heads = len(by_speaker)
    low = high = np.full((count, len(columns)), np.nan)
    if heads > 1:
        draw = np.random.default_rng(seed)
        weights = draw.multinomial(heads, np.full(heads, 1 / heads), size=resamples) / heads
        ends = [
            np.percentile(weights @ by_speaker[:, row], (2.5, 97.5), axis=0) for row in range(count)
        ]
        low, high = np.stack(ends, axis=1)
    sizes = by_speaker.mean(axis=0) if heads else np.full((count, len(columns)), np.nan)
    return Effects(classes, columns, sizes, low, high, heads)


def _cell_means(
    values: npt.NDArray[np.floating],
    codes: npt.NDArray[np.intp],
    speakers: npt.NDArray[np.intp],
    classes: int,
) -> tuple[Floats, Floats]:
    """Return the mean of each speaker and class, and the spread within those cells.

    Speakers without clips of every class are excluded, because their means would cover different
    classes.

    Returns:
        Shapes (speakers, classes, columns) and (columns,).
    """
    kept = codes >= 0
    heads = int(speakers.max(initial=-1)) + 1
    cells = speakers[kept] * classes + codes[kept]
    table = values[kept].astype(np.float64)
    clips = np.bincount(cells, minlength=heads * classes)
    order = np.argsort(cells, kind="stable")
    starts = np.concatenate(([0], np.cumsum(clips)[:-1]))
    filled = clips > 0
    sums = np.zeros((heads * classes, table.shape[1]))
    if len(order):
        sums[filled] = np.add.reduceat(table[order], starts[filled], axis=0)
    means = sums / np.maximum(clips, 1)[:, None]
    within = table - means[cells]
    freedom = max(len(cells) - int(filled.sum()), 1)
    spread = np.sqrt((within**2).sum(axis=0) / freedom)
    # Rounding leaves a trace of spread in a column that is constant in every cell.
    spread[spread <= 1e-9 * np.abs(table).max(axis=0, initial=0)] = 0
    complete = filled.reshape(heads, classes).all(axis=1)
    return means.reshape(heads, classes, -1)[complete], spread

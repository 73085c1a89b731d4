"""One vector a clip: statistics of pitch, level, spectrum, voice quality and timing.

Most columns are one statistic of one track over one set of frames and are named accordingly:
``pitch_voiced_p95``, ``centroid_change_speech_std``. docs/experiments/functionals.md evaluates each
family.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from serkit.dsp import timing
from serkit.dsp.cepstrum import deltas
from serkit.dsp.families import FAMILIES
from serkit.dsp.statistics import DESCRIPTIONS, PLACES, all_statistics
from serkit.dsp.tracks import Tracks, measure

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Column:
    """One number of the vector.

    Attributes:
        name: Unique.
        description: Its meaning and unit.
    """

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Block:
    """The statistics of one family of tracks over one set of frames.

    Attributes:
        family: The family's name, such as those in :data:`~serkit.dsp.families.FAMILIES`.
        frames: ``speech`` or ``voiced``.
        statistics: Out of :data:`~serkit.dsp.statistics.DESCRIPTIONS`.
        change: Whether it is about the tracks' changes a frame.
    """

    family: str
    frames: str
    statistics: tuple[str, ...]
    change: bool = False

    @property
    def rows(self) -> list[int]:
        """The places of its statistics among all."""
        return [PLACES[name] for name in self.statistics]

    def columns(self, families: Mapping[str, Mapping[str, str]] = FAMILIES) -> list[Column]:
        """Return the block's columns, in the order of :func:`block_values`.

        Args:
            families: The tracks' names and meanings, by family.
        """
        middle = ("change_" if self.change else "") + self.frames
        what = ("change a frame of " if self.change else "") + "{}, over " + self.frames + " frames"
        return [
            Column(f"{track}_{middle}_{name}", f"{DESCRIPTIONS[name]} of " + what.format(meaning))
            for name in self.statistics
            for track, meaning in families[self.family].items()
        ]


def block_values(tracks: Tracks, blocks: Sequence[Block]) -> list[Floats]:
    """Compute some blocks.

    Args:
        tracks: What was measured.
        blocks: What is wanted of it.

    Returns:
        The values of each block in the order of :meth:`Block.columns`; all zeros where the clip has
        no such frames.
    """
    changes = _changes(tracks, {block.family for block in blocks if block.change})
    found = {}
    for frames in {block.frames for block in blocks}:
        chosen = tracks.voiced if frames == "voiced" else tracks.speech
        # Several blocks may be about the same tracks.
        wanted = dict.fromkeys((b.family, b.change) for b in blocks if b.frames == frames)
        families = [
            (changes[family] if change else tracks.families[family])[chosen]
            for family, change in wanted
        ]
        for which, statistics in zip(wanted, all_statistics(families), strict=True):
            found[frames, *which] = statistics
    return [found[block.frames, block.family, block.change][block.rows].ravel() for block in blocks]


def _changes(tracks: Tracks, families: Set[str]) -> dict[str, Floats]:
    """Return the changes a frame of families of tracks, computed together."""
    names = sorted(families)
    changes = deltas(np.concatenate([tracks.families[name] for name in names], axis=1))
    found, end = {}, 0
    for name in names:
        first, end = end, end + tracks.families[name].shape[1]
        found[name] = changes[:, first:end]
    return found


_ALL = tuple(DESCRIPTIONS)
_CHANGE = ("mean", "std", "p05", "p95", "iqr", "slope", "kurtosis")

BLOCKS = (
    Block("energy", "speech", _ALL),
    Block("energy", "speech", _ALL, change=True),
    Block("energy", "voiced", _ALL),
    Block("mel", "speech", ("std", "p05", "p95", "iqr", "skewness"), change=True),
    Block("mfcc", "speech", _ALL),
    Block("mfcc", "speech", _CHANGE, change=True),
    Block("shape", "speech", _ALL),
    Block("shape", "speech", _CHANGE, change=True),
    Block("shape", "voiced", _ALL),
    Block("high", "speech", _ALL),
    Block("pitch", "voiced", _ALL),
    Block("pitch", "voiced", _ALL, change=True),
    Block("voice", "voiced", _ALL),
)
"""Which statistics of which tracks are in the vector.

Means of the mel bands and formants are excluded: they separate speakers more than emotions, and
logistic regression and SVM did worse with them.
"""


def functionals(samples: npt.NDArray[np.int16], sample_rate: int) -> Floats:
    """Compute one clip's vector.

    Silence before the first and behind the last speech frame takes no part, other than in its
    own columns. The level counts: most, though not all, columns change with the gain.

    Args:
        samples: int16 amplitudes, shape (samples,).
        sample_rate: Samples a second.

    Returns:
        The value of each of :func:`columns`, finite, shape (columns,).
    """
    tracks = measure(samples, sample_rate, only_used=True)
    parts = block_values(tracks, BLOCKS)
    parts += [np.asarray(part(tracks), np.float32) for part, _ in timing.PARTS]
    return np.concatenate(parts)


@cache
def columns() -> tuple[Column, ...]:
    """Return the columns of :func:`functionals` without computing anything."""
    described = [column for block in BLOCKS for column in block.columns()]
    described += [Column(*item) for _, names in timing.PARTS for item in names.items()]
    return tuple(described)

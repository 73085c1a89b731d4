"""One vector a clip: statistics of pitch, level, spectrum, voice quality and timing.

Most columns are one statistic of one track over one set of frames and are named accordingly:
``pitch_voiced_p95``, ``centroid_change_speech_std``. docs/experiments/functionals.md evaluates each
family.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from serkit.dsp import timing
from serkit.dsp.statistics import DESCRIPTIONS, summarise
from serkit.dsp.tracks import FAMILIES, Tracks, measure

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
        family: The family's name, such as those in :data:`~serkit.dsp.tracks.FAMILIES`.
        frames: ``speech`` or ``voiced``.
        statistics: Out of :data:`~serkit.dsp.statistics.DESCRIPTIONS`.
        change: Whether it is about the tracks' changes a frame.
    """

    family: str
    frames: str
    statistics: tuple[str, ...]
    change: bool = False

    def columns(self, families: Mapping[str, Mapping[str, str]] = FAMILIES) -> list[Column]:
        """Return the block's columns, in the order of :meth:`values`.

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

    def values(self, tracks: Tracks) -> Floats:
        """Compute the block; all zeros where the clip has no such frames."""
        chosen = tracks.voiced if self.frames == "voiced" else tracks.speech
        return summarise(tracks.over(self.family, change=self.change)[chosen], self.statistics)


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
    tracks = measure(samples, sample_rate)
    parts = [block.values(tracks).ravel() for block in BLOCKS]
    parts += [np.asarray(part(tracks), np.float32) for part, _ in timing.PARTS]
    return np.concatenate(parts)


@cache
def columns() -> tuple[Column, ...]:
    """Return the columns of :func:`functionals` without computing anything."""
    described = [column for block in BLOCKS for column in block.columns()]
    described += [Column(*item) for _, names in timing.PARTS for item in names.items()]
    return tuple(described)

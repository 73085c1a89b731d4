"""The columns by which a corpus's clips can be grouped, and the order of the groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.labels import UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

LABEL = "emotion"
"""The column that models learn to predict."""

_ORDER_OF = {LABEL: "emotion_id"}
"""Columns whose groups are ordered by another column."""

_FIRST = (LABEL, "intensity", "sex", "statement", "speaker", "actor")
"""Columns that come first, in this order; others follow by name."""

_TECHNICAL = frozenset(
    {
        *("path", "root", "pcm_sha256", "emotion_id", "repetition", "modality", "vocal_channel"),
        *("sample_rate", "channels", "num_frames", "resampled_from"),
    }
)
"""Columns about recording or location, which are not used for grouping."""

MOST_GROUPS = 100
"""Columns with more values than this (such as unique sentences) are not used for grouping."""


@dataclass(frozen=True)
class Grouping:
    """The clips sorted into groups by one column.

    Attributes:
        column: The column's name.
        names: The groups, in the order in which they are shown.
        codes: (n,) the place of each clip's group in ``names``; -1 where its value is unknown.
    """

    column: str
    names: tuple[str, ...]
    codes: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def is_label(self) -> bool:
        """Whether the groups are the classes that models predict."""
        return self.column == LABEL

    def members(self, values: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Return the values of each group's clips.

        Args:
            values: (n, ...) one item per clip.
        """
        return [values[self.codes == code] for code in range(len(self))]


def groupings(clips: pd.DataFrame) -> tuple[Grouping, ...]:
    """Return a grouping for every column that has at least two known values.

    Args:
        clips: The clips, as :attr:`serkit.store.store.FeatureStore.clips`.
    """
    # A corpus that numbers its actors names them as speakers, too.
    twice = {"actor"} if "speaker" in clips else set()
    columns = sorted(set(clips.columns) - _TECHNICAL - twice, key=_place)
    found = (_group(clips, column) for column in columns)
    return tuple(each for each in found if 2 <= len(each) <= MOST_GROUPS)


def speakers_of(clips: pd.DataFrame) -> npt.NDArray[np.intp] | None:
    """Return each clip's speaker as a number from 0; None where a speaker is unknown."""
    column = "speaker" if "speaker" in clips else "actor"
    grouping = _group(clips, column)
    return None if len(grouping) == 0 or (grouping.codes < 0).any() else grouping.codes


def _place(column: str) -> tuple[int, str]:
    return (_FIRST.index(column) if column in _FIRST else len(_FIRST)), column


def _group(clips: pd.DataFrame, column: str) -> Grouping:
    values = clips[column].astype(object).where(clips[column].notna(), "").map(str)
    order = values
    if column in _ORDER_OF and _ORDER_OF[column] in clips:
        order = clips[_ORDER_OF[column]].astype(str)
    known = ~values.isin(("", UNKNOWN)) & ~((column == "actor") & (values == "0"))
    ranks: dict[str, tuple[float, str]] = {}
    for name, rank in zip(values[known], order[known], strict=True):
        ranks.setdefault(name, _natural(rank))
    names = tuple(sorted(ranks, key=lambda name: ranks[name]))
    codes = {name: code for code, name in enumerate(names)}
    numbers = [
        codes[name] if is_known else -1 for name, is_known in zip(values, known, strict=True)
    ]
    return Grouping(column, names, np.array(numbers, np.intp))


def _natural(text: str) -> tuple[float, str]:
    """Sort numbers by value, in front of words."""
    return (float(text), text) if text.lstrip("-").isdecimal() else (np.inf, text)

"""Recall by class and group: of strong anger by women, of each speaker's sadness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from serkit.results.analysis.evidence import Evidence


@dataclass(frozen=True, slots=True)
class GroupRecall:
    """How well each class is recognised in one group of clips.

    Attributes:
        column: The grouping column.
        group: The group.
        clips: Clips of each class in it.
        right: Of which right.
    """

    column: str
    group: str
    clips: tuple[int, ...]
    right: tuple[int, ...]

    @property
    def recall(self) -> tuple[float | None, ...]:
        """The recall of each class; None where the group has no clip of it."""
        return tuple(r / n if n else None for r, n in zip(self.right, self.clips, strict=True))

    @property
    def uar(self) -> float:
        """The mean recall over the classes that the group has."""
        known = [value for value in self.recall if value is not None]
        return sum(known) / len(known)


def recall_by_group(found: Evidence) -> tuple[GroupRecall, ...]:
    """Return a row for each group of each column."""
    return tuple(
        _row(found, column, str(group), (found.frame[column] == group).to_numpy(bool))
        for column in found.groups
        for group in sorted(found.frame[column].unique(), key=_natural)
    )


def recall_cells(found: Evidence) -> list[dict[str, Any]]:
    """Return every combination of class and groups that has clips, with clips and those right."""
    columns = ["true", *found.groups]
    frame = found.frame[columns].assign(right=found.right)
    cells = frame.groupby(columns, sort=True, observed=True)["right"].agg(["size", "sum"])
    return [
        {**dict(zip(columns, map(str, key), strict=True)), "clips": int(n), "right": int(right)}
        for key, (n, right) in zip(cells.index.tolist(), cells.to_numpy().tolist(), strict=True)
    ]


def _row(found: Evidence, column: str, group: str, chosen: Any) -> GroupRecall:
    classes = len(found.labels)
    true, right = found.true[chosen], found.right[chosen]
    clips: Sequence[int] = np.bincount(true, minlength=classes).tolist()
    hits: Sequence[int] = np.bincount(true[right], minlength=classes).tolist()
    return GroupRecall(column, group, tuple(clips), tuple(hits))


def _natural(name: object) -> tuple[float, str]:
    text = str(name)
    return (float(text), text) if text.isdecimal() else (np.inf, text)

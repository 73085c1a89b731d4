"""A run's predictions with all that is known of the clips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from serkit.results.run import Run

if TYPE_CHECKING:
    import pandas as pd

_PROBABILITY = "p_"

GROUPS = ("intensity", "sex", "statement", "speaker")
"""Columns that recall is broken down by, where a corpus has them."""


@dataclass(frozen=True)
class Evidence:
    """A run's predictions, clip by clip.

    Attributes:
        frame: One row for each test clip, indexed by ``clip_id``: ``true``, ``predicted``,
            ``true_id``, ``predicted_id``, ``speaker``, those of :data:`GROUPS` that are
            known, and ``path`` where the clips' store is at hand.
        labels: The classes, in the order of their numbers.
    """

    frame: pd.DataFrame
    labels: tuple[str, ...]

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Which clips were predicted right, shape (n,)."""
        answers = self.frame["predicted_id"].to_numpy(np.int64)
        return np.asarray(self.true == answers, np.bool_)

    @property
    def true(self) -> npt.NDArray[np.int64]:
        """Each clip's class, shape (n,)."""
        return self.frame["true_id"].to_numpy(np.int64)

    @property
    def probabilities(self) -> npt.NDArray[np.float64]:
        """Shape (n, classes)."""
        return self.frame[[_PROBABILITY + name for name in self.labels]].to_numpy(np.float64)

    @property
    def groups(self) -> tuple[str, ...]:
        """The columns of :data:`GROUPS` with more than one value."""
        known = (name for name in GROUPS if name in self.frame)
        return tuple(name for name in known if self.frame[name].nunique() > 1)


def evidence(run: Run, clips: pd.DataFrame | None = None) -> Evidence:
    """Gather a run's predictions.

    Args:
        run: The run.
        clips: Its clips' metadata, indexed by ``clip_id``, where their store is at hand; adds the
            statement and the path.

    Raises:
        RunError: The run's predictions are damaged.
    """
    frame = run.predictions.copy()
    # The classes are those that have a probability, in the order that they were written in.
    names = [str(c).removeprefix(_PROBABILITY) for c in frame if str(c).startswith(_PROBABILITY)]
    if "speaker" not in frame:
        frame["speaker"] = frame["actor"].astype(str)
    if clips is not None and frame.index.isin(clips.index).all():
        rows = clips.loc[frame.index]
        for column in ("statement", "intensity", "sex"):
            if column in rows:
                frame[column] = rows[column].astype(str)
        frame["path"] = rows["root"].astype(str) + "/" + rows["path"].astype(str)
    return Evidence(frame, tuple(names))

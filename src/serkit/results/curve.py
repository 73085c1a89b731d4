"""Learning curve: a model's UAR against the number of training speakers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from serkit.shown import Shown


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A model trained on some of the speakers, tested on all test clips of the protocol.

    Attributes:
        speakers: Speakers on the training side, those that are chosen on included; the mean over
            the folds.
        uar: UAR over all folds' test clips.
        uar_low: Lower end of its 95 % interval over speakers.
        uar_high: Upper end.
    """

    speakers: float
    uar: float
    uar_low: float
    uar_high: float


@dataclass(frozen=True)
class Curve(Shown):
    """UAR against the number of training speakers.

    Attributes:
        model: The kind of model.
        preset: The preset's name.
        protocol: How the clips are split.
        seed: Of all random numbers, and of which speakers are taken first.
        points: From few speakers to all; every set of speakers holds the smaller ones.
    """

    model: str
    preset: str
    protocol: str
    seed: int
    points: tuple[CurvePoint, ...]

    @property
    def per_doubling(self) -> float:
        """Gain in UAR from doubling the speakers: the slope over the logarithm of their number."""
        return self._line()[0]

    def expected(self, speakers: float) -> float:
        """Return the UAR that the curve leads to, at most 1.

        A straight line over the logarithm of the number of speakers is fitted to the points. Real
        curves flatten, so far extrapolation is too optimistic.

        Args:
            speakers: How many there would be.
        """
        slope, start = self._line()
        return float(np.clip(start + slope * np.log2(speakers), 0.0, 1.0))

    @property
    def ten_more(self) -> float:
        """Expected gain in UAR from ten more speakers."""
        most = self.points[-1].speakers
        return self.expected(most + 10) - self.expected(most)

    def to_json(self) -> dict[str, Any]:
        """Return it all as JSON."""
        found = {"per_doubling": self.per_doubling, "ten_more_speakers": self.ten_more}
        return {**asdict(self), **found}

    def __rich__(self) -> Any:
        """Draw the table that the command line shows."""
        from rich.console import Group

        from serkit.results.wording import percent
        from serkit.tables import table

        title = f"{self.model} ({self.preset}) on {self.protocol}, seed {self.seed}"
        made = table(title, {"training speakers": "right", "UAR %": "right", "95 %": "right"})
        for point in self.points:
            low, high = percent(point.uar_low), percent(point.uar_high)
            made.add_row(f"{point.speakers:g}", percent(point.uar), f"{low} to {high}")
        return Group(made, self.sentence)

    @property
    def sentence(self) -> str:
        """The extrapolation in one sentence."""
        return (
            f"twice as many speakers bring {100 * self.per_doubling:.1f} points; ten more than "
            f"{self.points[-1].speakers:g} would bring about {100 * self.ten_more:.1f}, if the "
            "trend continues"
        )

    def _line(self) -> tuple[float, float]:
        speakers = np.log2([point.speakers for point in self.points])
        slope, start = np.polyfit(speakers, [point.uar for point in self.points], 1)
        return float(slope), float(start)

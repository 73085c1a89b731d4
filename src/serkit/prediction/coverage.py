"""How far recordings may differ from the training clips and still be covered by a stress test.

A run that was stressed knows what its test clips are like as recordings, and what became of its
UAR when they were made quieter, noisier, narrower or clipped. A recording outside that range is
warned of with its figure; so is one inside it, where the run was seen to fall.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from serkit.dsp.recording import MEASURES


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a stress test found in one condition.

    Attributes:
        title: The condition.
        value: The measure's median over the perturbed clips.
        uar: UAR of these clips.
        clean: UAR of the same clips as recorded.
        falls: Whether that is less than as recorded, beyond chance.
    """

    title: str
    value: float
    uar: float
    clean: float
    falls: bool


@dataclass(frozen=True)
class Range:
    """One measure of recordings: of clips as recorded, and of those that were perturbed in it.

    Attributes:
        low: 5th percentile of the clips as recorded.
        high: 95th percentile.
        tested: The conditions that change this measure.
    """

    low: float
    high: float
    tested: tuple[Outcome, ...]


@dataclass(frozen=True)
class Coverage:
    """What a stress test covers.

    Attributes:
        ranges: By measure, out of :data:`serkit.dsp.recording.MEASURES`.
    """

    ranges: Mapping[str, Range]

    def warnings(self, recordings: Sequence[Sequence[float]]) -> list[str]:
        """Describe how recordings differ from the test clips, one sentence per kind.

        Args:
            recordings: For each file the values of :data:`serkit.dsp.recording.MEASURES`.
        """
        found = []
        for number, measure in enumerate(MEASURES):
            values = [recording[number] for recording in recordings]
            for side in _SIDES.get(measure, ()):
                if measure in self.ranges and (text := self._sentence(measure, side, values)):
                    found.append(text)
        return found

    def _sentence(self, measure: str, side: _Side, values: Sequence[float]) -> str:
        known = self.ranges[measure]
        limit = known.low if side.sign < 0 else known.high
        outside = [value for value in values if side.sign * (value - limit) > side.tolerance]
        if not outside:
            return ""
        worst = max(outside, key=lambda value: side.sign * value)
        count = f"{len(outside):,} of {len(values):,} files {'is' if len(outside) == 1 else 'are'}"
        about = f"{count} {side.word} than the training clips ({side.show(worst)}; theirs: "
        about += f"{side.show(known.low)} to {side.show(known.high)})"
        harsher = [t for t in known.tested if side.sign * (t.value - worst) >= 0]
        if not harsher:
            return f"{about}: more than the stress test covers ({_furthest(known, side, limit)})"
        nearest = min(harsher, key=lambda t: side.sign * t.value)
        if not nearest.falls:
            return ""
        return (
            f"{about}: in the stress test ({nearest.title}) UAR fell from "
            f"{100 * nearest.clean:.1f} to {100 * nearest.uar:.1f} %"
        )


def _furthest(known: Range, side: _Side, limit: float) -> str:
    """Describe the condition that goes furthest to one side, and what became of UAR in it."""
    beyond = [tested for tested in known.tested if side.sign * (tested.value - limit) > 0]
    if not beyond:
        return side.show(limit)
    furthest = max(beyond, key=lambda tested: side.sign * tested.value)
    return (
        f"{furthest.title}: {side.show(furthest.value)}, UAR {100 * furthest.uar:.1f} % against "
        f"{100 * furthest.clean:.1f} % as recorded"
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """A way in which a measure may leave its range.

    Attributes:
        sign: +1 above the range, -1 below it.
        word: How a recording is said to be then.
        tolerance: Distance that does not count.
        unit: Of the figure: ``dB``, ``Hz`` or ``%``.
    """

    sign: int
    word: str
    tolerance: float
    unit: str

    def show(self, value: float) -> str:
        if self.unit == "%":
            return f"{100 * value:.1f} %"
        return f"{value:,.0f} {self.unit}"


_SIDES: Mapping[str, tuple[_Side, ...]] = {
    "level": (_Side(-1, "quieter", 3.0, "dB"), _Side(1, "louder", 3.0, "dB")),
    "snr": (_Side(-1, "noisier", 3.0, "dB"),),
    "bandwidth": (_Side(-1, "narrower", 1_000.0, "Hz"),),
    "clipped": (_Side(1, "more clipped", 0.001, "%"),),
}
"""By measure, the ways that are warned of."""

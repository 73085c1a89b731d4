"""The calibration curve: accuracy against predicted probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serkit.results.analysis.evidence import Evidence

BINS = 10


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Clips whose highest probability is in one range.

    Attributes:
        low: Where the range begins.
        high: Where it ends.
        clips: How many clips.
        confidence: Their mean probability.
        accuracy: The share of them that is right.
    """

    low: float
    high: float
    clips: int
    confidence: float
    accuracy: float


def calibration_curve(found: Evidence, bins: int = BINS) -> tuple[CalibrationBin, ...]:
    """Return the bins that hold clips, from unsure to sure; each holds its upper edge."""
    confidence = found.probabilities.max(axis=1)
    edges = np.linspace(0.0, 1.0, bins + 1)
    which = np.digitize(confidence, edges[1:-1], right=True)
    return tuple(
        CalibrationBin(
            float(edges[place]),
            float(edges[place + 1]),
            int(chosen.sum()),
            float(confidence[chosen].mean()),
            float(found.right[chosen].mean()),
        )
        for place in range(bins)
        if (chosen := which == place).any()
    )

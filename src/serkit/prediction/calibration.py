"""Calibrated probabilities and conformal sets, fitted on test speakers.

Every speaker of a run was predicted once by a model not trained on them. Only these predictions are
used for calibration: one temperature, and the threshold of conformal prediction sets. Clips of one
speaker are no independent draws, so speakers count, not clips: hierarchical conformal prediction
(Lee, Barber and Willett, 2023, https://arxiv.org/abs/2306.06342) weighs every speaker the same.

The coverage that is stated was measured on the speakers of each fold with a threshold from those
of the other folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serkit.errors import RunError, UsageError
from serkit.models.probabilities import best_temperature, softmax

Matrix = npt.NDArray[np.float64]

_LEAST = 1e-9


@dataclass(frozen=True)
class Calibration:
    """A calibration fitted on a run's predictions for test speakers.

    Attributes:
        temperature: Logarithms of probabilities are divided by it; above 1 for a model that is too
            sure of itself.
        level: The desired coverage of the sets; None for no sets.
        threshold: Emotions of at least this probability are in a clip's set.
        coverage: Share of new speakers' clips whose set contains the true emotion, mean over
            speakers.
        set_size: Mean number of emotions in a set.
        decided: Share of clips whose set has exactly one emotion.
        speakers: How many speakers there were.
    """

    temperature: float
    level: float | None = None
    threshold: float = 0.0
    coverage: float = float("nan")
    set_size: float = float("nan")
    decided: float = float("nan")
    speakers: int = 0

    def apply(self, probabilities: Matrix) -> Matrix:
        """Return calibrated probabilities, of any shape whose last axis is the emotions."""
        return tempered(probabilities, self.temperature)

    def members(self, probabilities: Sequence[float]) -> tuple[int, ...]:
        """Return the positions of the emotions in a clip's set, of calibrated probabilities.

        The most probable one is always in it.
        """
        values = np.asarray(probabilities)
        inside = values >= self.threshold
        inside[values.argmax()] = True
        return tuple(np.flatnonzero(inside).tolist())

    @property
    def sentence(self) -> str:
        """The measured coverage in one sentence."""
        return (
            f"sets at {100 * (self.level or 0):g} %: for new speakers "
            f"{100 * self.coverage:.1f} % contained the true emotion ({self.speakers} speakers), "
            f"{self.set_size:.1f} emotions per set, {100 * self.decided:.0f} % of clips decided"
        )


def calibrate(
    probabilities: Matrix,
    truth: npt.NDArray[np.int64],
    speakers: npt.NDArray[np.generic],
    folds: npt.NDArray[np.generic],
    *,
    level: float | None = None,
) -> Calibration:
    """Calibrate on predictions for speakers that the models were not trained on.

    Args:
        probabilities: Shape ``(n, emotions)``.
        truth: Numbers of the true emotions, shape ``(n,)``.
        speakers: Shape ``(n,)``.
        folds: The fold that tested each clip, shape ``(n,)``.
        level: The desired coverage of conformal sets, 0.5 to below 1; None for no sets.

    Raises:
        UsageError: The level is out of range.
        RunError: There are too few speakers for it.
    """
    if level is not None and not 0.5 <= level < 1:
        raise UsageError(f"abstain = {level:g}", allowed="0.5 to below 1 is, such as 0.9")
    temperature = fit_temperature(probabilities, truth)
    count = len(np.unique(speakers))
    if level is None:
        return Calibration(temperature, speakers=count)
    threshold = _threshold(tempered(probabilities, temperature), truth, speakers, level)
    if threshold <= 0:
        raise RunError(
            f"{count} speakers are too few for sets at {100 * level:g} %",
            allowed=f"up to {100 * (1 - 1 / (count + 1)):.0f} % is possible",
        )
    coverage, size, decided = _measure(probabilities, truth, speakers, folds, level)
    return Calibration(temperature, level, threshold, coverage, size, decided, count)


def fit_temperature(probabilities: Matrix, truth: npt.NDArray[np.int64]) -> float:
    """Return the temperature with the least log loss, 0.05 to 20."""
    logits = np.log(np.maximum(probabilities, _LEAST))
    return best_temperature(logits, truth, log_bound=3.0, least=_LEAST)


def tempered(probabilities: Matrix, temperature: float) -> Matrix:
    """Return probabilities whose logarithms are divided by a temperature.

    Example:
        >>> tempered(np.array([0.8, 0.2]), 2.0).round(3).tolist()
        [0.667, 0.333]
    """
    return softmax(np.log(np.maximum(probabilities, _LEAST)) / temperature)


def _threshold(
    probabilities: Matrix,
    truth: npt.NDArray[np.int64],
    speakers: npt.NDArray[np.generic],
    level: float,
) -> float:
    """Return the least probability of an emotion in a set; 0 where speakers are too few."""
    score = 1 - probabilities[np.arange(len(truth)), truth]
    names, place, counts = np.unique(speakers, return_inverse=True, return_counts=True)
    weight = 1 / ((len(names) + 1) * counts[place])  # the remaining weight is the new speaker's
    order = np.argsort(score)
    reached = np.cumsum(weight[order]) >= level - 1e-12
    return float(1 - score[order][reached.argmax()]) if reached.any() else 0.0


def _measure(
    probabilities: Matrix,
    truth: npt.NDArray[np.int64],
    speakers: npt.NDArray[np.generic],
    folds: npt.NDArray[np.generic],
    level: float,
) -> tuple[float, float, float]:
    """Return coverage, set size and share decided on each fold's speakers by the other folds'."""
    inside = np.zeros(probabilities.shape, bool)
    for fold in np.unique(folds):
        tested = folds == fold
        others = ~tested & ~np.isin(speakers, speakers[tested])
        if not others.any():
            return float("nan"), float("nan"), float("nan")
        heat = fit_temperature(probabilities[others], truth[others])
        least = _threshold(
            tempered(probabilities[others], heat), truth[others], speakers[others], level
        )
        found = tempered(probabilities[tested], heat)
        sets = found >= least
        sets[np.arange(len(found)), found.argmax(axis=1)] = True
        inside[tested] = sets
    hit = inside[np.arange(len(truth)), truth]
    coverage = np.mean([hit[speakers == name].mean() for name in np.unique(speakers)])
    size = inside.sum(axis=1)
    return float(coverage), float(size.mean()), float((size == 1).mean())

"""Emotions while somebody speaks: a window that slides over blocks as they arrive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.clips import SAMPLE_RATE
from serkit.prediction.activity import levels
from serkit.prediction.predictor import Predictor
from serkit.prediction.samples import audio_of_samples
from serkit.prediction.timeline import Window, spans_of


@dataclass(frozen=True, slots=True)
class Heard:
    """What one block brought.

    Attributes:
        seconds: Since the beginning.
        level: The block's level in dB of full scale; -120 for silence.
        window: The prediction that is due, with its times since the beginning; None if none is.
            Its own prediction is None where there was too little speech.
    """

    seconds: float
    level: float
    window: Window | None

    def to_json(self) -> dict[str, Any]:
        """Return the prediction as an object: ``start, end, speech, emotion, probabilities``.

        ``emotion`` is null, and ``probabilities`` is empty, without a prediction.
        """
        found = self.window.prediction if self.window else None
        return {
            "start": round(self.window.start, 3) if self.window else None,
            "end": round(self.window.end, 3) if self.window else None,
            "speech": round(self.window.speech, 3) if self.window else None,
            "emotion": found.emotion if found else None,
            "probabilities": dict(found.probabilities) if found else {},
        }


def check(window: float, hop: float) -> None:
    """Refuse a window or hop that makes no sense.

    Raises:
        UsageError: One is out of range.
    """
    spans_of(window, window, hop)


def listen(
    predictor: Predictor,
    blocks: Iterable[npt.NDArray[np.int16]],
    *,
    window: float = 3.0,
    hop: float = 1.0,
) -> Iterator[Heard]:
    """Predict emotions in sound as it arrives.

    Args:
        predictor: The models.
        blocks: Samples at 48 kHz, shape ``(n,)`` each.
        window: The window's length in seconds.
        hop: Seconds from one prediction to the next.

    Yields:
        For each block its level, and every ``hop`` seconds the prediction for the last window.

    Raises:
        UsageError: Window or hop is out of range.
    """
    check(window, hop)
    length = round(window * SAMPLE_RATE)
    kept = np.zeros(0, np.int16)
    heard, due = 0, length
    for block in blocks:
        heard += len(block)
        kept = np.concatenate([kept, block])[-length:]
        found = None
        if heard >= due:
            due = heard + round(hop * SAMPLE_RATE)
            found = _predicted(predictor, kept, heard / SAMPLE_RATE)
        power = np.mean(10 ** (levels(block) / 10)) if len(block) else 1e-12
        yield Heard(heard / SAMPLE_RATE, float(10 * np.log10(power)), found)


def _predicted(predictor: Predictor, samples: npt.NDArray[np.int16], end: float) -> Window:
    """Predict the last window, which ends at a time since the beginning."""
    seconds = len(samples) / SAMPLE_RATE
    (found,) = predictor.windows(audio_of_samples(samples), "", window=seconds, hop=seconds)
    return replace(found, start=end - seconds, end=end)

"""Predictions of a fitted model for clips of a store: all together, or speaker by speaker."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from serkit.evaluation.splits import speaker_numbers
from serkit.models import ClipData, Fitted
from serkit.store.source import ClipSource


def predict_clips(
    model: Fitted, store: ClipSource, clip_ids: Sequence[str], labels: int, *, by_speaker: bool
) -> npt.NDArray[np.float64]:
    """Return a model's probabilities for clips, shape ``(n, labels)``.

    Args:
        model: The model.
        store: Where the clips are.
        clip_ids: The clips.
        labels: How many labels the model knows.
        by_speaker: Whether it predicts the clips of one speaker after another.
    """
    if not by_speaker:
        return model.predict(ClipData.of(store, clip_ids))
    probabilities = np.empty((len(clip_ids), labels))
    speakers = speaker_numbers([store.state.clips[i].speaker for i in clip_ids])
    for speaker in np.unique(speakers):
        positions = np.flatnonzero(speakers == speaker)
        clips = ClipData.of(store, [clip_ids[p] for p in positions.tolist()])
        probabilities[positions] = model.predict(clips)
    return probabilities

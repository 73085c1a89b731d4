"""Five folds by actor for any corpus: emotions and sexes balanced as well as the actors allow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serkit.errors import UsageError
from serkit.evaluation.splits import Protocol, Split, SplitClip, by_actor


def _make(clips: Sequence[SplitClip]) -> Split:
    from sklearn.model_selection import StratifiedGroupKFold

    actors = np.array([clip.actor for clip in clips])
    present = len(set(actors.tolist()))
    if present < 2:
        raise UsageError("speaker5 needs 2 actors or more", allowed=f"there is {present}")
    # The folds are part of the protocol, so their seed is fixed.
    folds = StratifiedGroupKFold(min(5, present), shuffle=True, random_state=0)
    kinds = [f"{clip.emotion_id} {clip.sex}" for clip in clips]
    tests = [set(actors[test].tolist()) for _, test in folds.split(actors, kinds, actors)]
    return by_actor("speaker5", clips, sorted(filter(None, tests), key=min))


PROTOCOL = Protocol(
    name="speaker5",
    summary="5 folds by actor, emotions and sexes balanced, for any corpus",
    source="serkit",
    speaker_independent=True,
    make=_make,
)

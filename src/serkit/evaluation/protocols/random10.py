"""Random 10-fold as TIM-Net's: ``KFold(10, shuffle=True, random_state=46)``."""

from __future__ import annotations

from collections.abc import Sequence

from serkit.evaluation.splits import Protocol, Split, SplitClip, labels, random_folds


def _make(clips: Sequence[SplitClip]) -> Split:
    from sklearn.model_selection import KFold

    folds = KFold(10, shuffle=True, random_state=46).split(labels(clips))
    return random_folds("random10", clips, (test for _, test in folds))


PROTOCOL = Protocol(
    name="random10",
    summary="random 10-fold (speakers on both sides: inflated)",
    source="TIM-Net (2023)",
    speaker_independent=False,
    make=_make,
)

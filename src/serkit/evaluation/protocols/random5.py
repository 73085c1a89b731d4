"""Random stratified 5-fold: the same speakers on both sides, so inflated."""

from __future__ import annotations

from collections.abc import Sequence

from serkit.evaluation.splits import Protocol, Split, SplitClip, labels, random_folds


def _make(clips: Sequence[SplitClip]) -> Split:
    from sklearn.model_selection import StratifiedKFold

    splitter = StratifiedKFold(5, shuffle=True, random_state=0)
    folds = splitter.split(labels(clips), labels(clips))
    return random_folds("random5", clips, (test for _, test in folds))


PROTOCOL = Protocol(
    name="random5",
    summary="random stratified 5-fold (speakers on both sides: inflated)",
    source="common practice",
    speaker_independent=False,
    make=_make,
)

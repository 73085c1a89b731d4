"""Five folds by actor, with validation actors: Luna-Jimenez et al. (2022)."""

from __future__ import annotations

from collections.abc import Sequence

from serkit.evaluation.splits import Protocol, Split, SplitClip, by_actor

TEST = (
    (2, 5, 14, 15, 16),
    (3, 6, 7, 13, 18),
    (10, 11, 12, 19, 20),
    (8, 17, 21, 23, 24),
    (1, 4, 9, 22),
)
VALIDATION = ((3, 6), (10, 11), (8, 17), (1, 14), (2, 5))


def _make(clips: Sequence[SplitClip]) -> Split:
    return by_actor("luna5", clips, TEST, VALIDATION)


PROTOCOL = Protocol(
    name="luna5",
    summary="5 folds by actor with fixed validation actors",
    source="Luna-Jimenez et al. (2022), Applied Sciences 12:327",
    speaker_independent=True,
    make=_make,
)

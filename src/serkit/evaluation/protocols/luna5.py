"""Five folds by speaker, with validation speakers: Luna-Jimenez et al. (2022)."""

from __future__ import annotations

from collections.abc import Sequence

from serkit.evaluation.protocols._actors import CORPORA, names_of_actors
from serkit.evaluation.splits import Protocol, Split, SplitClip, by_speaker

TEST = names_of_actors(
    (2, 5, 14, 15, 16),
    (3, 6, 7, 13, 18),
    (10, 11, 12, 19, 20),
    (8, 17, 21, 23, 24),
    (1, 4, 9, 22),
)
VALIDATION = names_of_actors((3, 6), (10, 11), (8, 17), (1, 14), (2, 5))


def _make(clips: Sequence[SplitClip]) -> Split:
    return by_speaker("luna5", clips, TEST, VALIDATION)


PROTOCOL = Protocol(
    name="luna5",
    summary="5 folds by speaker with fixed validation speakers",
    source="Luna-Jimenez et al. (2022), Applied Sciences 12:327",
    speaker_independent=True,
    corpora=CORPORA,
    make=_make,
)

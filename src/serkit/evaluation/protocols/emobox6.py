"""Six folds by speaker: EmoBox's for RAVDESS."""

from __future__ import annotations

from collections.abc import Sequence

from serkit.evaluation.protocols._actors import CORPORA, names_of_actors
from serkit.evaluation.splits import Protocol, Split, SplitClip, by_speaker

TEST = names_of_actors(
    (1, 11, 20, 21),
    (4, 10, 12, 14),
    (8, 9, 19, 23),
    (3, 5, 7, 24),
    (2, 15, 16, 18),
    (6, 13, 17, 22),
)


def _make(clips: Sequence[SplitClip]) -> Split:
    return by_speaker("emobox6", clips, TEST)


PROTOCOL = Protocol(
    name="emobox6",
    summary="6 folds by speaker",
    source="EmoBox (2024)",
    speaker_independent=True,
    corpora=CORPORA,
    make=_make,
)

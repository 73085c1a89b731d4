"""One fold by speaker: train 1-15 and 18, validation 16, 17, 19 and 20, test 21-24."""

from __future__ import annotations

from collections.abc import Sequence

from serkit.evaluation.protocols._actors import CORPORA, names_of_actors
from serkit.evaluation.splits import Protocol, Split, SplitClip, by_speaker, missing_note

TEST = names_of_actors((21, 22, 23, 24))
VALIDATION = names_of_actors((16, 17, 19, 20))
(EVERYONE,) = names_of_actors(range(1, 25))


def _make(clips: Sequence[SplitClip]) -> Split:
    # By design all other speakers are trained on, so the note covers all 24.
    split = by_speaker("audeering", clips, TEST, VALIDATION)
    present = {clip.speaker for clip in clips}
    return Split(split.protocol, split.folds, missing_note(EVERYONE, present, 1, 1))


PROTOCOL = Protocol(
    name="audeering",
    summary="1 fold by speaker: tested on actors 21 to 24",
    source="audEERING",
    speaker_independent=True,
    corpora=CORPORA,
    make=_make,
)

"""One fold by actor: train 1-15 and 18, validation 16, 17, 19 and 20, test 21-24."""

from __future__ import annotations

from collections.abc import Sequence

from serkit.evaluation.splits import Protocol, Split, SplitClip, by_actor, missing_note

TEST = (21, 22, 23, 24)
VALIDATION = (16, 17, 19, 20)


def _make(clips: Sequence[SplitClip]) -> Split:
    # Here the actors that are not tested on are trained on by design, so the note covers all 24.
    split = by_actor("audeering", clips, [TEST], [VALIDATION])
    present = {clip.actor for clip in clips}
    return Split(split.protocol, split.folds, missing_note(range(1, 25), present, 1, 1))


PROTOCOL = Protocol(
    name="audeering",
    summary="1 fold by actor: tested on actors 21 to 24",
    source="audEERING",
    speaker_independent=True,
    make=_make,
)

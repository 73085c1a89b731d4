"""Leave one speaker out: a fold an actor."""

from __future__ import annotations

from collections.abc import Sequence

from serkit.errors import UsageError
from serkit.evaluation.splits import Protocol, Split, SplitClip, by_actor


def _make(clips: Sequence[SplitClip]) -> Split:
    actors = sorted({clip.actor for clip in clips})
    if len(actors) < 2:
        raise UsageError("loso needs 2 actors or more", allowed=f"there is {len(actors)}")
    names = [f"actor {actor}" for actor in actors]
    return by_actor("loso", clips, [(actor,) for actor in actors], names=names)


PROTOCOL = Protocol(
    name="loso",
    summary="1 actor a fold",
    source="leave one speaker out, the field's common practice",
    speaker_independent=True,
    make=_make,
)

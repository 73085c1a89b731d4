"""Leave one speaker out: one fold per speaker."""

from __future__ import annotations

from collections.abc import Sequence

from serkit.clips import natural_order
from serkit.errors import UsageError
from serkit.evaluation.splits import Protocol, Split, SplitClip, by_speaker


def _make(clips: Sequence[SplitClip]) -> Split:
    speakers = sorted({clip.speaker for clip in clips}, key=natural_order)
    if len(speakers) < 2:
        raise UsageError("loso needs 2 speakers or more", allowed=f"there is {len(speakers)}")
    names = [f"speaker {speaker}" for speaker in speakers]
    return by_speaker("loso", clips, [(speaker,) for speaker in speakers], names=names)


PROTOCOL = Protocol(
    name="loso",
    summary="1 speaker a fold",
    source="leave one speaker out, the field's common practice",
    speaker_independent=True,
    make=_make,
)

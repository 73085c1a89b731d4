"""Five folds by speaker for any corpus: emotions and sexes balanced as well as speakers allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from serkit.clips import natural_order
from serkit.errors import UsageError
from serkit.evaluation.splits import Protocol, Split, SplitClip, by_speaker, speaker_numbers


def _make(clips: Sequence[SplitClip]) -> Split:
    from sklearn.model_selection import StratifiedGroupKFold

    names = sorted({clip.speaker for clip in clips}, key=natural_order)
    if len(names) < 2:
        raise UsageError("speaker5 needs 2 speakers or more", allowed=f"there is {len(names)}")
    speakers = speaker_numbers([clip.speaker for clip in clips])
    # The folds are part of the protocol, so their seed is fixed.
    folds = StratifiedGroupKFold(min(5, len(names)), shuffle=True, random_state=0)
    kinds = _kinds(clips, folds.n_splits)
    tests = [set(speakers[test].tolist()) for _, test in folds.split(speakers, kinds, speakers)]
    in_order = sorted(filter(None, tests), key=min)
    return by_speaker("speaker5", clips, [[names[each] for each in test] for test in in_order])


def _kinds(clips: Sequence[SplitClip], folds: int) -> list[str]:
    """Return the balanced properties: emotion and sex, or only emotion if there are too few clips.

    Folds are balanced by a property if at least one of its values has enough clips.
    """
    both = [f"{clip.label} {clip.sex}" for clip in clips]
    return both if max(Counter(both).values()) >= folds else [str(clip.label) for clip in clips]


PROTOCOL = Protocol(
    name="speaker5",
    summary="5 folds by speaker, emotions and sexes balanced, for any corpus",
    source="serkit",
    speaker_independent=True,
    make=_make,
)

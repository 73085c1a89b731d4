"""The protocol ``split``: the parts that a corpus's own table divides its clips into.

A column ``split`` says ``train``, ``test`` and perhaps ``validation``; or it names folds, each of
which is then tested with a model of all others. It is made for the clips at hand, and so is no
plug-in: whether it keeps speakers apart is for them to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from serkit.clips import natural_order
from serkit.errors import UsageError
from serkit.evaluation.splits import Fold, Protocol, Split, SplitClip, validation_clips
from serkit.labels import UNKNOWN

GIVEN = "split"
"""The protocol's name."""

_ROLES: Mapping[str, str] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev", "devel", "development"), "validation"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}
"""What parts of one split are called."""


def given_split(clips: Iterable[SplitClip]) -> Protocol:
    """Return the protocol that follows the parts of a table.

    Args:
        clips: The clips that it will split. It is speaker-independent where no speaker is in two
            parts, and everybody is known.
    """
    return Protocol(
        name=GIVEN,
        summary="the parts that the corpus's own table names",
        source="the corpus's table",
        speaker_independent=_keeps_speakers_apart(clips),
        make=_make,
    )


def _keeps_speakers_apart(clips: Iterable[SplitClip]) -> bool:
    part_of: dict[str, str] = {}
    for clip in clips:
        if not clip.split:
            continue
        if clip.speaker == UNKNOWN or part_of.setdefault(clip.speaker, _part(clip)) != _part(clip):
            return False
    return True


def _part(clip: SplitClip) -> str:
    """Return the role that a part plays, or the part's own name where it is a fold."""
    return _ROLES.get(clip.split.casefold(), clip.split)


def _make(clips: Sequence[SplitClip]) -> Split:
    known = [clip for clip in clips if clip.split]
    parts = sorted({_part(clip) for clip in known}, key=natural_order)
    if not known:
        raise UsageError(
            "no clip says which part of a split it belongs to",
            hint="name the parts in a column 'split' of the table (train, validation, test)",
        )
    if {"train", "test"} & set(parts):
        folds: tuple[Fold, ...] = (_fixed(known, parts),)
    elif len(parts) > 1:
        folds = tuple(_tested(part, part, known, number) for number, part in enumerate(parts))
    else:
        raise UsageError(
            f"every clip is in the part {parts[0]!r}", allowed="two parts or more make a split"
        )
    left_out = len(clips) - len(known)
    notes = (f"{left_out:,} clips are in no part of the split and left out",) if left_out else ()
    return Split(GIVEN, folds, notes)


def _fixed(clips: Sequence[SplitClip], parts: Sequence[str]) -> Fold:
    """Return the one fold of ``train``, perhaps ``validation``, and ``test``."""
    usual = {"train", "validation", "test"}
    if others := sorted(set(parts) - usual):
        raise UsageError(
            f"the split names {', '.join(others)} beside {', '.join(sorted(usual & set(parts)))}",
            allowed="train, validation and test are allowed, or a fold's name for every clip",
        )
    if missing := sorted({"train", "test"} - set(parts)):
        raise UsageError(
            f"the split has no part {missing[0]!r}", allowed="train and test are needed"
        )
    if "validation" not in parts:
        return _tested("1", "test", clips, 0)
    ids = {part: tuple(c.clip_id for c in clips if _part(c) == part) for part in parts}
    return Fold("1", ids["train"], ids["validation"], ids["test"])


def _tested(name: str, part: str, clips: Sequence[SplitClip], number: int) -> Fold:
    """Test one part; of all others, set two speakers' clips aside to choose on."""
    rest = [clip for clip in clips if _part(clip) != part]
    chosen = validation_clips(rest, number)
    return Fold(
        name,
        tuple(clip.clip_id for clip in rest if clip.clip_id not in chosen),
        tuple(clip.clip_id for clip in rest if clip.clip_id in chosen),
        tuple(clip.clip_id for clip in clips if _part(clip) == part),
    )

"""The audit of a split for leaks: it runs before anything is fitted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from serkit.errors import LeakageError, UsageError
from serkit.evaluation.fold import Fold, Split, SplitClip


def audit(
    split: Split, clips: Iterable[SplitClip], *, speaker_independent: bool
) -> tuple[str, ...]:
    """Reject a split that leaks.

    No clip may have two roles in a fold or be tested twice, and validation speakers may not be in
    the training clips. A speaker-independent protocol must also keep every speaker, and identical
    samples under different names, on one side. Random protocols share speakers by design and, in
    published work, identical samples; these are only noted, so that published results can be
    reproduced.

    Returns:
        For protocols that are not speaker-independent, a note on identical clips on both sides.

    Raises:
        LeakageError: The message names the fold and the clips or actors on both sides.
        UsageError: A fold has no training or no test clips.
    """
    by_id = {clip.clip_id: clip for clip in clips}
    tested: set[str] = set()
    notes = []
    for fold in split.folds:
        where = f"fold {fold.name} of {split.protocol}"
        if not fold.train or not fold.test:
            side = "test" if fold.train else "train"
            raise UsageError(
                f"{where} has no clips to {side} on",
                hint="use speaker5, which works for any speakers, or extract the whole corpus",
            )
        train, validation, test = map(set, (fold.train, fold.validation, fold.test))
        _disjoint(f"{where}: clips", (train | validation, test), (train, validation))
        if again := tested & test:
            raise LeakageError(f"{where} tests clips of an earlier fold again: {_some(again)}")
        tested |= test
        if speaker_independent:
            fitted, chosen_on, tested_on = (
                {by_id[i].speaker for i in ids} for ids in (train, validation, test)
            )
            pairs = (fitted | chosen_on, tested_on), (fitted, chosen_on)
            _disjoint(f"{where}: speakers", *pairs)
        if identical := _identical(fold, by_id):
            if speaker_independent:
                raise _hold_identical_samples(f"{where}: {identical}")
            notes.append(f"fold {fold.name}: {identical} hold identical samples")
    return tuple(notes)


def _disjoint(what: str, *pairs: tuple[set[Any], set[Any]]) -> None:
    for one, other in pairs:
        both = one & other
        if both:
            raise LeakageError(f"{what} on both sides: {_some(both)}")


def _identical(fold: Fold, by_id: Mapping[str, SplitClip]) -> str:
    """Name the clips of different roles that hold the same samples."""
    first: dict[str, tuple[str, str]] = {}
    pairs = []
    for role in ("test", "validation", "train"):
        for clip_id in getattr(fold, role):
            other, its_role = first.setdefault(by_id[clip_id].pcm_sha256, (clip_id, role))
            if its_role != role:
                pairs.append(f"{other} ({its_role}) and {clip_id} ({role})")
    more = f", and {len(pairs) - 3:,} further pairs" if len(pairs) > 3 else ""
    return "; ".join(pairs[:3]) + more


def _hold_identical_samples(what: str) -> LeakageError:
    return LeakageError(
        f"{what} hold identical samples",
        allowed="no model may be trained on what it is tested on",
        hint="remove one of each pair from the folder ('serkit check SRC' lists them all), "
        "then run 'serkit extract SRC --prune'",
    )


def _some(found: set[Any]) -> str:
    return f"{', '.join(map(str, sorted(found)[:3]))} ({len(found)} in all)"

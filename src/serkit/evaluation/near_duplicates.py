"""Clips of the same take on different sides of a fold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from serkit.evaluation.splits import Fold, Split
from serkit.store.soundprints import near_duplicates
from serkit.store.source import ClipStore

_ROLES = ("test", "validation", "train")

_NAMED = 3
"""Pairs that a note names."""


def noting_near_duplicates(split: Split, store: ClipStore, clip_ids: Iterable[str]) -> Split:
    """Return the split with a note on each fold that has one take on two sides.

    Args:
        split: The split.
        store: The store of its clips.
        clip_ids: The clips.
    """
    near = near_duplicate_notes(split, near_duplicates(store, clip_ids))
    return replace(split, notes=(*split.notes, *near))


def near_duplicate_notes(split: Split, pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Name the pairs of clips on two sides of a fold, a sentence for each fold that has any.

    Args:
        split: The split.
        pairs: Ids of clips that hold the same take.

    Example:
        >>> fold = Fold("1", train=("a", "b"), validation=("c",), test=("d",))
        >>> near_duplicate_notes(Split("mine", (fold,)), [("a", "b"), ("a", "d")])
        ('fold 1: d (test) and a (train) are nearly the same sound, one take in two files',)
    """
    pairs = list(pairs)
    return tuple(
        f"fold {fold.name}: {_shortened(found)} are nearly the same sound, one take in two files"
        for fold in split.folds
        if (found := list(_apart(fold, pairs)))
    )


def _apart(fold: Fold, pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    role_of = {clip_id: role for role in _ROLES for clip_id in getattr(fold, role)}
    for pair in pairs:
        roles = {role_of[clip_id]: clip_id for clip_id in pair if clip_id in role_of}
        if len(roles) == 2:
            yield " and ".join(f"{roles[role]} ({role})" for role in _ROLES if role in roles)


def _shortened(found: list[str]) -> str:
    more = f", and {len(found) - _NAMED:,} further pairs," if len(found) > _NAMED else ""
    return "; ".join(found[:_NAMED]) + more

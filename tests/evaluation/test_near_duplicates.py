"""Copies of a take on two sides of a fold are named with their sides."""

from __future__ import annotations

from serkit.evaluation.near_duplicates import near_duplicate_notes
from serkit.evaluation.splits import Fold, Split

FOLDS = (
    Fold("1", train=("a", "b", "e", "f"), validation=("c",), test=("d",)),
    Fold("2", train=("a", "b"), validation=(), test=("c",)),
)
SPLIT = Split("mine", FOLDS)


def test_pairs_on_one_side_or_outside_are_not_named():
    assert near_duplicate_notes(SPLIT, [("a", "b"), ("a", "z")]) == ()


def test_pairs_are_named_fold_by_fold_the_tested_clip_first():
    assert near_duplicate_notes(SPLIT, [("a", "c"), ("a", "d")]) == (
        "fold 1: c (validation) and a (train); d (test) and a (train) are nearly the same sound, "
        "one take in two files",
        "fold 2: c (test) and a (train) are nearly the same sound, one take in two files",
    )


def test_of_many_pairs_three_are_named_and_the_rest_counted():
    (note, _) = near_duplicate_notes(SPLIT, [(clip, "d") for clip in "abefc"] + [("a", "c")])
    assert "d (test) and e (train), and 3 further pairs, are nearly the same sound" in note

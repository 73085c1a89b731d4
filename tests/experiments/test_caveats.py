"""What a run's labels and clips make of its figures is noted on the run, and so on the board."""

from __future__ import annotations

import pytest

from serkit.evaluation.splits import Fold, Split
from serkit.experiments.caveats import caveats

EMOTIONS = {"a": "calm", "b": "sad", "c": "calm", "d": "angry"}


def split(*folds):
    return Split("p", tuple(Fold(str(i), *roles) for i, roles in enumerate(folds, start=1)))


def test_an_ordinary_split_has_none():
    assert caveats(split((("a",), ("b",), ("c",))), EMOTIONS, []) == ()


def test_a_class_that_is_tested_and_never_trained_on_is_named_with_its_fold():
    found = caveats(split((("a",), (), ("c",)), (("a",), ("c",), ("b", "d"))), EMOTIONS, [])
    assert found[-1] == "fold 2 tests angry, sad, which is never trained on: recall is 0 there"


def test_validation_clips_are_of_the_training_side():
    assert caveats(split((("a",), ("b",), ("b",))), EMOTIONS, []) == ()


def test_a_single_class_is_named():
    found = caveats(split((("a",), (), ("c",))), EMOTIONS, [])
    assert found == ("every clip is calm: a model that always says so reaches 100 %",)


@pytest.mark.parametrize(
    ("clips", "said"),
    [
        (["x"], "1 clip of the store is left out, as a feature of it failed: x"),
        (
            ["v", "w", "x", "y"],
            "4 clips of the store are left out, as a feature of them failed: v, w, x, ...",
        ),
    ],
)
def test_clips_that_are_left_out_are_counted_and_named(clips, said):
    assert caveats(split((("a",), ("b",), ("c",))), EMOTIONS, clips) == (said,)

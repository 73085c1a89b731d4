"""The protocol that follows the column 'split' of a table."""

from dataclasses import replace

import pytest

from serkit.errors import UsageError
from serkit.evaluation.given import given_split
from serkit.evaluation.splits import SplitClip


def clips(**parts: str) -> list[SplitClip]:
    """Return two clips of each speaker in a part: ``clips(anna="train", ben="test")``."""
    return [
        SplitClip(f"{name}-{label}", name, "female", label, f"{name}{label}", "own", part)
        for name, part in parts.items()
        for label in range(2)
    ]


def speakers(ids: tuple[str, ...]) -> list[str]:
    return sorted({clip_id.partition("-")[0] for clip_id in ids})


def test_train_validation_and_test_are_kept() -> None:
    known = clips(anna="train", ben="dev", cid="Test")
    (fold,) = given_split(known).split(known).folds
    sides = [speakers(side) for side in (fold.train, fold.validation, fold.test)]
    assert sides == [["anna"], ["ben"], ["cid"]]


def test_without_validation_training_speakers_are_set_aside() -> None:
    known = clips(anna="train", ben="train", cid="train", dora="test")
    (fold,) = given_split(known).split(known).folds
    assert len(speakers(fold.validation)) == 2
    assert speakers(fold.test) == ["dora"]


def test_names_of_folds_are_each_tested_once() -> None:
    known = clips(anna="1", ben="2", cid="10")
    split = given_split(known).split(known)
    assert [(fold.name, speakers(fold.test)) for fold in split.folds] == [
        ("1", ["anna"]),
        ("2", ["ben"]),
        ("10", ["cid"]),
    ]


def test_it_is_speaker_independent_where_no_speaker_is_in_two_parts() -> None:
    apart = clips(anna="train", ben="test")
    assert given_split(apart).speaker_independent
    both = [*apart, replace(apart[0], clip_id="anna-9", pcm_sha256="9", split="test")]
    assert not given_split(both).speaker_independent
    given_split(both).split(both)  # allowed, and stamped


def test_it_is_not_speaker_independent_if_speakers_are_unknown() -> None:
    assert not given_split(clips(unknown="train", ben="test")).speaker_independent


def test_clips_in_no_part_are_left_out_and_counted() -> None:
    known = clips(anna="train", ben="test", cid="")
    split = given_split(known).split(known)
    assert "2 clips are in no part of the split and left out" in split.notes


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"anna": ""}, "no clip says which part of a split it belongs to"),
        ({"anna": "train", "ben": "train"}, "the split has no part 'test'"),
        ({"anna": "test"}, "the split has no part 'train'"),
        ({"anna": "1"}, "every clip is in the part '1'"),
        ({"anna": "train", "ben": "test", "cid": "extra"}, "names extra beside test, train"),
    ],
)
def test_what_is_no_split_is_refused(parts: dict[str, str], message: str) -> None:
    known = clips(**parts)
    with pytest.raises(UsageError, match=message):
        given_split(known).split(known)

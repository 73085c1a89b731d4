"""Label sets: names in their order, numbers both ways, and what is no label."""

from __future__ import annotations

import pytest

from serkit.clips import natural_order
from serkit.corpora.ravdess import LABELS
from serkit.errors import UnknownNameError, UsageError
from serkit.labels import NO_LABEL, UNKNOWN, UNRECORDED, LabelSet

MOODS = LabelSet(("zornig", "froh", "mutlos"))


def test_the_order_of_the_names_is_that_of_the_numbers():
    assert [MOODS.index(name) for name in MOODS] == [0, 1, 2]
    assert [MOODS[number] for number in range(len(MOODS))] == ["zornig", "froh", "mutlos"]


def test_occurring_labels_are_sorted_without_unknown():
    assert LabelSet.of(["b", UNKNOWN, "a", "b"]).names == ("a", "b")


def test_unknown_has_a_number_that_is_no_class():
    assert MOODS.number(UNKNOWN) == NO_LABEL == -1
    assert MOODS.number("froh") == 1


def test_a_label_that_is_not_in_the_set_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match="unknown label 'fro': did you mean 'froh'"):
        MOODS.index("fro")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a", " "), "' ' is not a label; any text but '' and 'unknown' is"),
        (("a", UNKNOWN), "'unknown' is not a label; any text but '' and 'unknown' is"),
        (("a", "b", "a"), "the label 'a' is there 2 times; once is"),
    ],
)
def test_invalid_label_sets(names, message):
    with pytest.raises(UsageError) as caught:
        LabelSet(names)
    assert str(caught.value) == message


def test_it_survives_a_round_trip_through_a_record():
    assert LabelSet.from_json(MOODS.to_json()) == MOODS
    with pytest.raises(UsageError, match="labels = 'froh'; a list of names is allowed"):
        LabelSet.from_json("froh")


def test_records_from_before_labels_were_recorded_have_ravdess_s():
    assert LabelSet.from_json(None) == UNRECORDED == LABELS


def test_names_are_sorted_as_people_do():
    names = ["10", "9", "09", "anna", "Ben", "s2b", "s10a", "s2a", "", "²", "٣"]
    assert sorted(names, key=natural_order)[:4] == ["", "٣", "09", "9"]
    assert sorted(["s10a", "s2b", "s2a"], key=natural_order) == ["s2a", "s2b", "s10a"]

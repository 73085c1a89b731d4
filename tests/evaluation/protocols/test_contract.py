"""What every protocol must keep to; a new one is tested here as soon as its module is there."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from serkit.errors import UsageError
from serkit.evaluation.splits import PROTOCOLS, Fold, audit
from serkit.testing import check_protocol, example_clips

ALL = example_clips()
MISSING = {4, 13, 19, 22}
"""The actors who are not among the clips that can be had here."""
TWENTY = example_clips(set(range(1, 25)) - MISSING)
ACTORS = {clip.clip_id: int(clip.speaker) for clip in ALL}

CROSS_VALIDATIONS = ("luna5", "emobox6", "loso", "random5", "random10", "speaker5")
BY_ACTOR = ("luna5", "emobox6", "audeering", "loso", "speaker5")
RANDOM = ("random5", "random10", "notebook", "notebook-logreg", "notebook-lstm")

LUNA5 = [{2, 5, 14, 15, 16}, {3, 6, 7, 13, 18}, {10, 11, 12, 19, 20}, {8, 17, 21, 23, 24}]
LUNA5 += [{1, 4, 9, 22}]
LUNA5_VALIDATION = [{3, 6}, {10, 11}, {8, 17}, {1, 14}, {2, 5}]
EMOBOX6 = [{1, 11, 20, 21}, {4, 10, 12, 14}, {8, 9, 19, 23}, {3, 5, 7, 24}]
EMOBOX6 += [{2, 15, 16, 18}, {6, 13, 17, 22}]
NOTE = "speakers 4, 13, 19, 22 are not there; the folds keep the rest"


def split(protocol: str, clips=ALL):
    return PROTOCOLS.get(protocol).split(clips)


def actors(clip_ids) -> set[int]:
    return {ACTORS[clip_id] for clip_id in clip_ids}


def actors_tested(protocol: str, clips=ALL) -> list[set[int]]:
    return [actors(fold.test) for fold in split(protocol, clips).folds]


def sides(fold: Fold) -> tuple[set[int], set[int], set[int]]:
    return actors(fold.train), actors(fold.validation), actors(fold.test)


def test_there_is_a_test_of_every_protocol():
    assert set(PROTOCOLS.names()) == {*BY_ACTOR, *RANDOM}


@pytest.mark.filterwarnings("ignore:The least populated class")
@pytest.mark.parametrize("name", PROTOCOLS.names())
def test_it_keeps_the_contract(name):
    protocol = PROTOCOLS.get(name)
    assert protocol.name == name
    check_protocol(protocol)


@pytest.mark.parametrize("clips", [ALL, TWENTY], ids=["24 actors", "20 actors"])
@pytest.mark.parametrize("name", CROSS_VALIDATIONS)
def test_a_cross_validation_tests_every_clip_once(name, clips):
    times = Counter(clip_id for fold in split(name, clips).folds for clip_id in fold.test)
    assert times == {clip.clip_id: 1 for clip in clips}


@pytest.mark.parametrize("clips", [ALL, TWENTY], ids=["24 actors", "20 actors"])
@pytest.mark.parametrize("name", PROTOCOLS.names())
def test_a_fold_uses_every_clip_in_one_role(name, clips):
    for fold in split(name, clips).folds:
        roles = Counter((*fold.train, *fold.validation, *fold.test))
        assert roles == {clip.clip_id: 1 for clip in clips}


@pytest.mark.parametrize("name", PROTOCOLS.names())
def test_selection_clips_are_of_other_actors_than_fitted_ones(name):
    for fold in split(name).folds:
        train, validation, _ = sides(fold)
        assert validation
        assert not train & validation


@pytest.mark.parametrize("name", BY_ACTOR)
def test_it_is_marked_speaker_independent_and_is(name):
    assert PROTOCOLS.get(name).speaker_independent
    for fold in split(name, TWENTY).folds:
        train, validation, test = sides(fold)
        assert not test & (train | validation)


@pytest.mark.parametrize("name", RANDOM)
def test_a_random_split_is_marked_so_and_has_the_actors_on_both_sides(name):
    assert not PROTOCOLS.get(name).speaker_independent
    for fold in split(name).folds:
        assert actors(fold.test) & actors(fold.train)


@pytest.mark.parametrize("name", PROTOCOLS.names())
def test_the_order_in_which_clips_come_changes_nothing(name):
    shuffled = random.Random(1).sample(ALL, len(ALL))
    assert shuffled != list(ALL)
    assert split(name, shuffled) == split(name)


def test_the_protocols_are_different_splits():
    digests = {name: split(name).digest for name in PROTOCOLS.names()}
    assert len(set(digests.values())) == len(digests)


@pytest.mark.parametrize("name", PROTOCOLS.names())
def test_with_all_actors_there_is_nothing_to_note(name):
    assert split(name).notes == ()


class TestLuna5:
    def test_it_tests_the_published_actors(self):
        assert actors_tested("luna5") == LUNA5

    def test_it_chooses_on_the_published_actors(self):
        assert [actors(fold.validation) for fold in split("luna5").folds] == LUNA5_VALIDATION

    def test_with_twenty_actors_the_folds_shrink_with_a_note(self):
        found = split("luna5", TWENTY)
        assert actors_tested("luna5", TWENTY) == [fold - MISSING for fold in LUNA5]
        assert [actors(fold.validation) for fold in found.folds] == LUNA5_VALIDATION
        assert found.notes == (NOTE,)

    def test_missing_validation_actors_are_replaced(self):
        few = [clip for clip in ALL if int(clip.speaker) not in (3, 6)]
        first = split("luna5", few).folds[0]
        train, validation, test = sides(first)
        assert len(validation) == 2
        assert {actor % 2 for actor in validation} == {0, 1}
        assert not validation & (test | {3, 6} | train)

    def test_folds_without_test_speakers_are_left_out_and_noted(self):
        found = split("luna5", example_clips([2, 5, 3, 6, 7, 10]))
        assert [fold.name for fold in found.folds] == ["1", "2", "3"]
        assert found.notes[1:] == ("3 of 5 folds remain",)

    def test_actors_it_does_not_name_are_trained_on_and_noted(self):
        stranger = example_clips([25, 26])
        found = split("luna5", [*ALL, *stranger])
        assert found.notes == ("speakers 25, 26 are never tested on",)
        assert all({c.clip_id for c in stranger} <= set(fold.train) for fold in found.folds)

    def test_a_corpus_without_its_test_actors_is_refused(self):
        with pytest.raises(UsageError) as caught:
            split("luna5", example_clips([25, 26]))
        assert str(caught.value) == (
            "none of the test speakers of luna5 is in the corpus; use speaker5 for other speakers"
        )


class TestEmobox6:
    def test_it_tests_the_published_actors(self):
        assert actors_tested("emobox6") == EMOBOX6

    def test_it_chooses_on_a_man_and_a_woman(self):
        for fold in split("emobox6").folds:
            assert {actor % 2 for actor in actors(fold.validation)} == {0, 1}

    def test_with_twenty_actors_the_folds_keep_the_rest(self):
        assert actors_tested("emobox6", TWENTY) == [fold - MISSING for fold in EMOBOX6]
        assert split("emobox6", TWENTY).notes == (NOTE,)


class TestAudeering:
    def test_its_sides_are_the_published_ones(self):
        (fold,) = split("audeering").folds
        assert sides(fold) == ({*range(1, 16), 18}, {16, 17, 19, 20}, {21, 22, 23, 24})

    def test_with_twenty_actors_each_side_keeps_the_rest_and_the_note_names_all_missing(self):
        (fold,) = split("audeering", TWENTY).folds
        assert sides(fold) == ({*range(1, 16), 18} - MISSING, {16, 17, 20}, {21, 23, 24})
        assert split("audeering", TWENTY).notes == (NOTE,)


class TestLoso:
    @pytest.mark.parametrize("clips", [ALL, TWENTY], ids=["24 actors", "20 actors"])
    def test_each_actor_is_a_fold_and_names_it(self, clips):
        present = sorted({int(clip.speaker) for clip in clips})
        assert actors_tested("loso", clips) == [{actor} for actor in present]
        assert [f.name for f in split("loso", clips).folds] == [f"speaker {a}" for a in present]

    def test_it_has_no_actors_of_its_own_to_miss(self):
        assert split("loso", TWENTY).notes == ()


class TestSpeaker5:
    @pytest.mark.parametrize("clips", [ALL, TWENTY], ids=["24 actors", "20 actors"])
    def test_it_has_five_folds_of_nearly_as_many_actors(self, clips):
        sizes = [len(test) for test in actors_tested("speaker5", clips)]
        assert len(sizes) == 5
        assert max(sizes) - min(sizes) <= 1

    def test_the_emotions_are_balanced(self):
        emotion = {clip.clip_id: clip.label for clip in ALL}
        for fold in split("speaker5").folds:
            counts = Counter(emotion[clip_id] for clip_id in fold.test)
            assert {counts[e] / counts[0] for e in range(1, 8)} == {2.0}

    @pytest.mark.parametrize("clips", [ALL, TWENTY], ids=["24 actors", "20 actors"])
    def test_the_sexes_are_balanced(self, clips):
        sex = {int(clip.speaker): clip.sex for clip in clips}
        for tested in actors_tested("speaker5", clips):
            men = sum(sex[actor] == "male" for actor in tested)
            assert abs(men - (len(tested) - men)) <= 1

    def test_any_actors_will_do(self):
        assert len(split("speaker5", example_clips([31, 47, 90])).folds) == 3


PAIR = ("03-01-03-01-02-01-07", "03-01-03-01-02-02-07")
"""RAVDESS holds one clip twice, under two names of one actor."""


class TestIdenticalSamples:
    CLIPS = tuple(replace(c, pcm_sha256="twin") if c.clip_id in PAIR else c for c in ALL)

    @pytest.mark.parametrize("name", ["random5", "random10", "notebook"])
    def test_a_random_protocol_notes_where_they_are_on_both_sides(self, name):
        found = split(name, self.CLIPS)
        assert found.notes
        for note in found.notes:
            assert note.startswith("fold ")
            assert note.endswith(" hold identical samples")
            assert all(clip_id in note for clip_id in PAIR)
        assert found.digest == split(name).digest

    @pytest.mark.parametrize("name", BY_ACTOR)
    def test_by_actor_they_are_on_one_side(self, name):
        assert split(name, self.CLIPS).notes == split(name).notes


@pytest.mark.parametrize("name", ["speaker5", "loso"])
def test_one_actor_cannot_be_divided(name):
    with pytest.raises(UsageError) as caught:
        split(name, example_clips([7]))
    assert str(caught.value) == f"{name} needs 2 speakers or more; there is 1"


class TestRandomProtocols:
    """Compared with scikit-learn called by hand over the clips sorted by id."""

    IDS = np.array(sorted(clip.clip_id for clip in ALL))
    LABELS = np.array([int(clip_id[6:8]) - 1 for clip_id in IDS])

    @pytest.mark.parametrize(
        ("name", "state", "stratified"),
        [
            ("notebook", 109, True),
            ("notebook-logreg", 1777, False),
            ("notebook-lstm", 109, False),
        ],
    )
    def test_the_study_s_splits(self, name, state, stratified):
        _, test = train_test_split(
            self.IDS,
            test_size=0.2,
            random_state=state,
            stratify=self.LABELS if stratified else None,
        )
        (fold,) = split(name).folds
        assert len(fold.test) == 288
        assert set(fold.test) == set(test)

    @pytest.mark.parametrize(
        ("name", "folds"),
        [
            ("random5", StratifiedKFold(5, shuffle=True, random_state=0)),
            ("random10", KFold(10, shuffle=True, random_state=46)),
        ],
    )
    def test_the_random_folds(self, name, folds):
        by_hand = [set(self.IDS[test]) for _, test in folds.split(self.IDS, self.LABELS)]
        assert [set(fold.test) for fold in split(name).folds] == by_hand

    @pytest.mark.parametrize("name", RANDOM)
    def test_only_the_study_s_own_choose_on_the_test_clips(self, name):
        assert PROTOCOLS.get(name).choose_on_test == name.startswith("notebook")

    @pytest.mark.filterwarnings("ignore:The least populated class")
    @pytest.mark.parametrize("name", ["notebook", "random5", "random10"])
    def test_too_few_clips_are_refused_in_a_sentence(self, name):
        with pytest.raises(UsageError) as caught:
            split(name, ALL[:7:3])
        assert str(caught.value).startswith(f"{name} cannot split 3 clips: ")
        assert str(caught.value).endswith("; extract the whole corpus")


def a_few(of_each: int):
    """Clips as above, but only every n-th, so that many subsets are quickly split."""
    return [clip for i, clip in enumerate(ALL) if i % of_each == 0]


FEW = a_few(6)


@pytest.mark.parametrize("name", BY_ACTOR)
@settings(max_examples=40)
@given(present=st.sets(st.integers(1, 24), min_size=1))
def test_any_subset_of_speakers_is_split_without_leaks_or_refused(name, present):
    clips = [clip for clip in FEW if int(clip.speaker) in present]
    try:
        found = split(name, clips)
    except UsageError:
        return
    audit(found, clips, speaker_independent=True)
    for fold in found.folds:
        train, validation, test = sides(fold)
        assert train
        assert test
        assert not train & test
        assert not validation & (train | test)
        assert train | validation | test == present


@settings(max_examples=40)
@given(present=st.sets(st.integers(1, 24), min_size=2))
def test_speaker5_works_for_any_two_actors_or_more(present):
    found = split("speaker5", [clip for clip in FEW if int(clip.speaker) in present])
    assert set.union(*(actors(fold.test) for fold in found.folds)) == present


RECORDED = Path(__file__).parents[3] / "docs" / "record" / "runs"
MADE_FOR_RAVDESS = ("luna5", "emobox6", "audeering", "notebook", "notebook-logreg", "notebook-lstm")


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*/run.json")), ids=lambda p: p.parent.name)
def test_the_runs_on_record_were_split_as_their_protocols_split_today(path):
    record = json.loads(path.read_text(encoding="utf-8"))
    assert split(record["protocol"], TWENTY).digest == record["split_digest"]


class TestWhatAProtocolIsMadeFor:
    STRANGERS = tuple(replace(clip, corpus="emodb") for clip in TWENTY)

    @pytest.mark.parametrize("name", MADE_FOR_RAVDESS)
    def test_other_corpora_are_refused(self, name):
        with pytest.raises(UsageError) as caught:
            split(name, self.STRANGERS)
        assert str(caught.value) == (
            f"{name} is made for ravdess and synthetic, and these clips are of emodb; "
            "use speaker5, loso or random5, which work for any corpus"
        )

    @pytest.mark.parametrize("name", sorted({*BY_ACTOR, *RANDOM} - set(MADE_FOR_RAVDESS)))
    def test_the_others_work_for_any(self, name):
        assert split(name, self.STRANGERS).digest == split(name, TWENTY).digest


class TestUnknownSpeakers:
    NOBODY = tuple(replace(clip, speaker="unknown") for clip in TWENTY[:400])

    @pytest.mark.parametrize("name", ["speaker5", "loso"])
    def test_speakers_cannot_be_kept_apart(self, name):
        with pytest.raises(UsageError) as caught:
            split(name, [*TWENTY[400:], *self.NOBODY])
        assert str(caught.value) == (
            f"the speaker is unknown in 400 of 1,200 clips, and {name} has to keep speakers apart; "
            "name the speakers, or use random5, whose runs are stamped"
        )

    @pytest.mark.parametrize("name", ["random5", "random10"])
    def test_random_protocols_choose_on_clips_at_random(self, name):
        found = split(name, self.NOBODY)
        for fold in found.folds:
            assert {*fold.train} | {*fold.validation} | {*fold.test} == {
                clip.clip_id for clip in self.NOBODY
            }
            assert len(fold.validation) == (400 - len(fold.test)) // 8

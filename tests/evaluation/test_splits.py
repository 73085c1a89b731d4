"""Splits: what the audit refuses, what a split's identity is, whom one chooses on."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serkit.errors import LeakageError, UnknownNameError, UsageError
from serkit.evaluation.splits import (
    PROTOCOLS,
    Fold,
    Protocol,
    Split,
    SplitClip,
    audit,
    choose_validation_speakers,
    missing_note,
)
from serkit.testing import example_clips

NAMES = ("1", "2", "10", "anna", "Ben", "Çelik", "spk2", "spk10", "03")

CLIPS = tuple(
    SplitClip(
        f"{letter}{actor}", str(actor), "male" if actor % 2 else "female", 0, f"{letter}{actor}"
    )
    for actor in (1, 2, 3, 4)
    for letter in "ab"
)
"""Two clips of each of four actors: a1, b1, a2, ..."""

PAIRS = {"train": "a3 (test) and b1 (train)", "validation": "a3 (test) and b2 (validation)"}
GOOD = Fold("1", ("a1", "b1"), ("a2", "b2"), ("a3", "b3"))


def refused(*folds: Fold, clips=CLIPS, speaker_independent: bool = True) -> str:
    with pytest.raises((LeakageError, UsageError)) as caught:
        audit(Split("mine", folds), clips, speaker_independent=speaker_independent)
    return str(caught.value)


def test_scikit_learn_s_split_warnings_are_hidden():
    clips = [replace(clip, label=int(clip.clip_id == "a4")) for clip in CLIPS]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(PROTOCOLS.get("speaker5").split(clips).folds) == 4


class TestAudit:
    def test_a_split_by_actor_is_let_through(self):
        audit(Split("mine", (GOOD,)), CLIPS, speaker_independent=True)

    def test_an_actor_who_is_trained_on_and_tested(self):
        fold = replace(GOOD, train=("a1", "b1", "a3"), test=("b3",))
        assert refused(fold) == "fold 1 of mine: speakers on both sides: 3 (1 in all)"

    def test_an_actor_who_is_chosen_on_and_tested(self):
        fold = replace(GOOD, validation=("a2", "a3"), test=("b2", "b3"))
        assert refused(fold) == "fold 1 of mine: speakers on both sides: 2, 3 (2 in all)"

    def test_an_actor_who_is_trained_on_and_chosen_on(self):
        fold = replace(GOOD, train=("a1", "a2"))
        assert refused(replace(fold, validation=("b2",))) == (
            "fold 1 of mine: speakers on both sides: 2 (1 in all)"
        )

    def test_random_protocols_have_actors_on_both_sides(self):
        fold = Fold("1", ("a1", "a2"), (), ("b1", "b2"))
        audit(Split("mine", (fold,)), CLIPS, speaker_independent=False)

    @pytest.mark.parametrize("side", ["train", "validation"])
    def test_identical_samples_under_two_names(self, side):
        other = {"train": "b1", "validation": "b2"}[side]
        clips = [replace(c, pcm_sha256="twin") if c.clip_id in ("a3", other) else c for c in CLIPS]
        assert refused(GOOD, clips=clips) == (
            f"fold 1 of mine: {PAIRS[side]} hold identical samples; no model may be trained on "
            "what it is tested on; remove one of each pair from the folder ('serkit check SRC' "
            "lists them all), then run 'serkit extract SRC --prune'"
        )

    def test_many_pairs_are_counted(self):
        clips = [replace(c, pcm_sha256="twin") for c in CLIPS]
        assert re.search(r"a3 \(test\).*, and \d further pairs hold", refused(GOOD, clips=clips))

    def test_random_protocols_note_identical_samples(self):
        names = {"a3": "x", "b3": "y", "a1": "x", "b1": "y"}
        clips = [replace(c, pcm_sha256=names.get(c.clip_id, c.clip_id)) for c in CLIPS]
        notes = audit(Split("mine", (GOOD,)), clips, speaker_independent=False)
        assert notes == (
            "fold 1: a3 (test) and a1 (train); b3 (test) and b1 (train) hold identical samples",
        )

    def test_identical_samples_on_one_side_are_let_through(self):
        clips = [replace(c, pcm_sha256="twin") if c.speaker == "3" else c for c in CLIPS]
        audit(Split("mine", (GOOD,)), clips, speaker_independent=True)

    @pytest.mark.parametrize("speaker_independent", [True, False])
    @pytest.mark.parametrize(
        "fold",
        [
            replace(GOOD, train=("a1", "b1", "a2")),
            replace(GOOD, train=("a1", "a2", "a3"), validation=()),
            replace(GOOD, validation=("a2",), test=("a2", "a3")),
        ],
        ids=["train and validation", "train and test", "validation and test"],
    )
    def test_a_clip_in_two_roles(self, fold, speaker_independent):
        fold = replace(fold, name="7")
        text = refused(fold, speaker_independent=speaker_independent)
        assert text.startswith("fold 7 of mine: clips on both sides: a")
        assert text.endswith("(1 in all)")

    @pytest.mark.parametrize("speaker_independent", [True, False])
    def test_a_clip_tested_in_two_folds(self, speaker_independent):
        again = Fold("2", ("a1",), (), ("a3", "b3"))
        assert refused(GOOD, again, speaker_independent=speaker_independent) == (
            "fold 2 of mine tests clips of an earlier fold again: a3, b3 (2 in all)"
        )

    def test_a_long_list_is_cut_and_counted(self):
        fold = replace(GOOD, train=("a1", "b1", "a2", "b2"))
        assert refused(fold) == "fold 1 of mine: clips on both sides: a2, b2 (2 in all)"
        everyone = tuple(clip.clip_id for clip in CLIPS)
        assert refused(Fold("1", everyone, (), everyone)) == (
            "fold 1 of mine: clips on both sides: a1, a2, a3 (8 in all)"
        )

    @pytest.mark.parametrize(("side", "verb"), [("train", "train"), ("test", "test")])
    def test_a_fold_with_an_empty_side(self, side, verb):
        assert refused(replace(GOOD, **{side: ()})) == (
            f"fold 1 of mine has no clips to {verb} on; "
            "use speaker5, which works for any speakers, or extract the whole corpus"
        )

    def test_a_fold_without_validation_is_allowed(self):
        audit(Split("mine", (replace(GOOD, validation=()),)), CLIPS, speaker_independent=True)


class TestProtocol:
    @staticmethod
    def protocol(make) -> Protocol:
        return Protocol("mine", "a summary", "me", True, make)

    def test_it_receives_the_clips_sorted_by_id(self):
        seen = []

        def make(clips):
            seen.extend(clip.clip_id for clip in clips)
            return Split("mine", (GOOD,))

        self.protocol(make).split(reversed(CLIPS))
        assert seen == sorted(clip.clip_id for clip in CLIPS)

    def test_its_splits_are_audited(self):
        leaky = self.protocol(lambda _: Split("mine", (replace(GOOD, train=("a3",)),)))
        with pytest.raises(LeakageError, match="fold 1 of mine: clips on both sides: a3"):
            leaky.split(CLIPS)

    def test_no_clips_cannot_be_split(self):
        with pytest.raises(UsageError) as caught:
            PROTOCOLS.get("luna5").split([])
        assert str(caught.value) == "there are no clips to split; run 'serkit extract SRC' first"

    def test_an_unknown_name_suggests_the_closest(self):
        with pytest.raises(UnknownNameError) as caught:
            PROTOCOLS.get("luna6")
        assert str(caught.value).startswith("unknown protocol 'luna6': did you mean 'luna5'")
        assert str(caught.value).endswith("; see 'serkit protocols'")


class TestDigest:
    def test_the_order_of_clips_in_a_role_does_not_count(self):
        other = replace(GOOD, train=GOOD.train[::-1], test=GOOD.test[::-1])
        assert Split("mine", (GOOD,)).digest == Split("mine", (other,)).digest

    def test_names_and_notes_do_not_count(self):
        other = Split("yours", (replace(GOOD, name="x"),), ("a note",))
        assert other.digest == Split("mine", (GOOD,)).digest

    @pytest.mark.parametrize(
        "other",
        [
            replace(GOOD, train=("a1",)),
            replace(GOOD, train=GOOD.validation, validation=GOOD.train),
            replace(GOOD, test=("a3", "b3", "a4")),
        ],
    )
    def test_the_digest_depends_on_roles(self, other):
        assert Split("mine", (GOOD,)).digest != Split("mine", (other,)).digest

    def test_it_never_changes(self):
        # Runs of different days are ranked together by it.
        roles = b'[[["a1","b1"],["a2","b2"],["a3","b3"]]]'
        assert Split("mine", (GOOD,)).digest == sha256(roles).hexdigest()


class TestMissingNote:
    @pytest.mark.parametrize(
        ("named", "present", "folds", "notes"),
        [
            ({"1", "2"}, {"1", "2"}, (2, 2), ()),
            (
                {"2", "10", "1"},
                {"1"},
                (1, 1),
                ("speakers 2, 10 are not there; the folds keep the rest",),
            ),
            (
                {"1", "2"},
                {"1", "7", "9"},
                (2, 1),
                (
                    "speaker 2 is not there; the folds keep the rest",
                    "1 of 2 folds remain",
                    "speakers 7, 9 are never tested on",
                ),
            ),
        ],
    )
    def test_it_says_who_is_missing_and_who_is_extra(self, named, present, folds, notes):
        assert missing_note(named, present, *folds) == notes


class TestChooseValidationSpeakers:
    @given(
        speakers=st.sets(st.sampled_from(NAMES)),
        number=st.integers(0, 30),
        women=st.sets(st.sampled_from(NAMES)),
    )
    def test_training_speakers_always_remain(self, speakers, number, women):
        clips = [SplitClip(s, s, "female" if s in women else "male", 0, s) for s in speakers]
        chosen = choose_validation_speakers(clips, speakers, number)
        assert len(set(chosen)) == len(chosen) == min(2, max(0, len(speakers) - 1))
        assert set(chosen) <= speakers
        if len(speakers) > 2 and women & speakers and speakers - women:
            assert len({s in women for s in chosen}) == 2

    def test_other_folds_choose_others(self):
        names = [str(number) for number in range(7, 15)]
        clips = [SplitClip(n, n, "female" if int(n) % 2 else "male", 0, "") for n in names]
        found = [choose_validation_speakers(clips, names, n) for n in range(4)]
        assert found == [("8", "7"), ("10", "9"), ("12", "11"), ("14", "13")]


class TestValidationActors:
    def test_remaining_speakers_are_split_between_training_and_validation(self):
        """Of luna5's first fold, actor 2 is tested, and 3 and 6 are those to choose on."""
        split = PROTOCOLS.get("luna5").split(example_clips((2, 3, 6)))
        first = split.folds[0]
        actors = [{int(i[-2:]) for i in ids} for ids in (first.train, first.validation, first.test)]
        assert actors[2] == {2}
        assert actors[0]
        assert actors[0] | actors[1] == {3, 6}

    def test_the_protocol_s_validation_speakers_are_used_if_others_remain(self):
        split = PROTOCOLS.get("luna5").split(example_clips((2, 3, 6, 7)))
        assert {int(i[-2:]) for i in split.folds[0].validation} == {3, 6}

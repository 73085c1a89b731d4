"""Searching parameters on inner folds: what is searched, on which clips, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from serkit import FeatureStore
from serkit.errors import TrainingError, UnknownNameError, UsageError
from serkit.models import TRAINERS, FitContext, FoldData, Preset, Trainer
from serkit.models.tuning.inner import STEPS, divide, judge
from serkit.models.tuning.search import GivenUpError, Search, best_of, seconds_of
from serkit.models.tuning.space import inside, space_of
from serkit.parameters import Parameters, parameter
from serkit.ranges import Among, Between


class TestRanges:
    @pytest.mark.parametrize(("low", "high"), [(2, 1), (1, 1), (0, float("inf"))])
    def test_ends_in_disorder_are_refused(self, low, high):
        with pytest.raises(ValueError, match="is not a range from low to high"):
            Between(low, high)

    def test_nought_has_no_logarithm(self):
        with pytest.raises(ValueError, match="0 has no logarithm"):
            Between(0, 1, log=True)

    @pytest.mark.parametrize("values", [(), (1,), (1, 1)])
    def test_one_value_is_no_choice(self, values):
        with pytest.raises(ValueError, match="two or more different values are needed"):
            Among(values)

    @pytest.mark.parametrize("name", TRAINERS.names())
    def test_a_model_allows_every_end_that_it_declares(self, name):
        trainer = TRAINERS.get(name)
        for key, declared in trainer.parameters.declared().items():
            for value in declared.search.ends if declared.search else ():
                assert trainer.settle("best", {key: value}).to_json()[key] == value


def space(search="", model="logreg", **fixed):
    trainer = TRAINERS.get(model)
    return space_of(trainer, trainer.settle("best", fixed), search, tuple(fixed))


def refused(search="", model="logreg", **fixed):
    with pytest.raises(UsageError) as caught:
        space(search, model, **fixed)
    return str(caught.value)


class TestSpace:
    def test_all_declared_ranges_are_searched(self):
        assert set(space()) == {"C", "clip", "whiten"}

    def test_what_is_set_is_not_searched(self):
        assert set(space(C=1.0)) == {"clip", "whiten"}

    def test_only_what_is_named_is_searched(self):
        assert space("C; whiten=0.8:0.9") == {
            "C": Between(0.03, 30.0, log=True),
            "whiten": Between(0.8, 0.9),
        }

    def test_a_range_over_decades_is_searched_by_its_logarithm(self):
        assert space("C=0.1:1")["C"] == Between(0.1, 1.0, log=True)

    def test_values_may_hold_commas(self):
        assert space("units=32,32|64,64", "lstm") == {"units": Among(("32,32", "64,64"))}

    def test_whole_numbers_stay_whole(self):
        found = space("epochs=10:20", "lstm")["epochs"]
        assert (found.low, type(found.low), type(found.high)) == (10, int, int)

    def test_the_preset_s_values_inside_are_where_a_search_starts(self):
        assert inside(space(), {"C": 0.0, "clip": 4.0, "whiten": 0.9}) == {
            "clip": 4.0,
            "whiten": 0.9,
        }

    def test_an_unknown_parameter_suggests_the_closest(self):
        with pytest.raises(UnknownNameError, match="parameter of logreg 'whitem': did you mean"):
            space("whitem=0.8:0.9")

    @pytest.mark.parametrize(
        ("search", "said"),
        [
            ("C=3:1", "C=3:1 cannot be searched: 3 to 1 is not a range from low to high; "),
            ("C=1", "C=1 cannot be searched: '1' is no range; C=LOW:HIGH or C=A|B|C is allowed"),
            ("C=-1:1", "C = -1.0 is too small; 0 or more is allowed"),
            ("C=a:b", "C = 'a' has the wrong type; a value such as 0.0 is allowed"),
            ("scheme=ovr:multinomial", "scheme=ovr:multinomial cannot be searched: "),
            ("scheme=ovr|ovo", "scheme = 'ovo' is not allowed; one of 'multinomial', 'ovr' is"),
            ("max_iter", "max_iter declares no range to search; give one: --search max_iter=LOW"),
            (
                "scheme",
                "scheme declares no range to search; give one: --search 'scheme=multinomial|ovr'",
            ),
            ("refit", "refit declares no range to search; give one: --search 'refit=true|false'"),
            (
                "features=functionals|mel128",
                "features decides what is read, and cannot be searched; train once for each "
                "value: --set features=VALUE",
            ),
        ],
    )
    def test_what_cannot_be_searched_is_refused(self, search, said):
        assert refused(search).startswith(said)

    def test_nothing_is_searched_twice(self):
        assert refused("C=0.1:1;whiten;C=1:2") == (
            "C is searched twice; name it once, such as --search C"
        )

    def test_nothing_is_both_set_and_searched(self):
        assert refused("C", C=1.0) == ("C is set and searched; leave out --set C or --search C")

    def test_a_model_without_ranges_needs_one(self):
        assert refused(model="majority") == (
            "majority has no parameter left to search; name one: --search KEY=LOW:HIGH; see "
            "'serkit models majority'"
        )


@pytest.fixture(scope="module")
def fold(speech_store) -> FoldData:
    """Actors 1 to 4 to fit on, actor 5 to choose on."""
    store = FeatureStore(speech_store)

    def of(*actors):
        return store.clips[store.clips["actor"].isin(actors)].index

    return FoldData.of(store, of(1, 2, 3, 4), of(5), voices=("speed090",))


class TestInnerFolds:
    @pytest.mark.parametrize("chooses", [False, True])
    def test_no_speaker_is_on_two_sides_and_each_is_judged_once(self, fold, chooses):
        folds = divide(fold, 3, chooses=chooses)
        judged = np.concatenate([np.unique(each.judged.speakers) for each in folds])
        assert sorted(judged) == sorted(set(fold.everything.speakers))
        for each in folds:
            data = each.data
            sides = [set(s.speakers) for s in (data.train, data.validation, each.judged)]
            assert bool(sides[1]) == chooses
            assert sum(map(len, sides)) == len(set.union(*sides)) == 5
            assert {*data.everything.speakers} == sides[0] | sides[1]

    def test_only_clips_that_are_fitted_on_have_copies(self, fold):
        for each in divide(fold, 3, chooses=True):
            assert each.data.train.voices == each.data.everything.voices == ("speed090",)
            assert each.judged.voices == each.data.validation.voices == ()

    def test_one_fold_judges_on_the_validation_clips_and_never_fits_on_them(self, fold):
        (only,) = divide(fold, 1, chooses=True)
        assert only.judged is fold.validation
        assert only.data.everything is fold.train

    def test_one_fold_needs_validation_clips(self, fold):
        without = replace(fold, validation=fold.validation.take(()))
        with pytest.raises(TrainingError, match="inner = 1 judges on the validation speakers"):
            divide(without, 1, chooses=False)

    def test_too_few_speakers_are_refused(self, fold):
        few = replace(fold, everything=fold.everything.subset(fold.everything.speakers < 2))
        with pytest.raises(TrainingError) as caught:
            divide(few, 4, chooses=True)
        assert str(caught.value) == (
            "2 speakers cannot be divided into 3 inner folds; train on more speakers, or use "
            "--inner 1"
        )


@dataclass(frozen=True)
class OracleParameters(Parameters):
    right: float = parameter(0.5, "share of clips that it is right about", minimum=0, maximum=1)


@dataclass(frozen=True)
class Oracle:
    """Right about the first clips, as many as it is told."""

    right: float

    def predict(self, data):
        known = np.arange(len(data)) < self.right * len(data)
        return np.eye(8)[np.where(known, data.labels, (data.labels + 1) % 8)]


def oracle():
    def fit(_data, parameters, context):
        for epoch in (1, 2):
            context.judged(epoch / 2, parameters.right * epoch / 2)
        return Oracle(parameters.right)

    return Trainer(
        "oracle",
        "right",
        OracleParameters,
        {"best": Preset("", OracleParameters())},
        lambda _: (),
        fit,
        lambda _: Oracle(0.0),
    )


class TestJudging:
    def test_epochs_and_folds_are_reported_in_order(self, fold):
        told = []
        found = judge(
            oracle(),
            OracleParameters(right=1.0),
            divide(fold, 2, chooses=False),
            FitContext(),
            lambda step, uar: told.append((step, uar)),
        )
        assert found == 1.0
        assert told == [
            (50, 0.5),
            (STEPS - 1, 1.0),
            (STEPS, 1.0),
            (STEPS + 50, 0.5),
            (2 * STEPS - 1, 1.0),
            (2 * STEPS, 1.0),
        ]

    def test_a_setting_may_be_given_up_after_an_epoch(self, fold):
        def give_up(step, _uar):
            raise GivenUpError(step)

        with pytest.raises(GivenUpError) as caught:
            judge(
                oracle(), OracleParameters(), divide(fold, 2, chooses=False), FitContext(), give_up
            )
        assert caught.value.args == (50,)


SPACE = {"x": Between(-3.0, 3.0), "deep": Between(1, 4), "kind": Among(("a", "b"))}
START = {"x": 2.0, "deep": 1}


def hill(_number, values, report):
    """Return a score that is best where x is 1, in three steps."""
    score = 1 - abs(values["x"] - 1) / 10 - 0.01 * values["deep"] + 0.02 * (values["kind"] == "b")
    for step in (1, 2, 3):
        report(step, score * step / 3)
    return score


def searched(objective=hill, journal=None, trials=25, **options):
    search = Search(SPACE, START, trials, random=5, **options)
    return search.run(objective, journal, lambda _done: None)


class TestSearch:
    def test_begins_with_the_preset_and_ends_near_the_best(self):
        found = searched()
        assert {key: found[0].values[key] for key in START} == START
        best = best_of(found)
        assert len(found) == 25
        assert abs(best.values["x"] - 1) < 0.3
        assert best.uar > found[0].uar

    def test_settings_below_the_median_are_given_up(self):
        states = [each.state for each in searched()]
        assert states[:5] == ["complete"] * 5
        assert "pruned" in states
        assert {each.state for each in searched(prune=False)} == {"complete"}

    def test_numbers_can_be_typed(self):
        assert all(
            len(f"{each.values['x']:.3g}") >= len(str(each.values["x"])) - 2
            for each in searched(trials=5)
        )

    def test_another_seed_tries_other_settings(self):
        assert searched(trials=5)[1:] != searched(trials=5, seed=1)[1:]

    @pytest.mark.parametrize("dies_in", [0, 3, 9])
    def test_a_killed_search_resumes_to_the_same_trials(self, tmp_path, dies_in):
        journal = tmp_path / "study.log"

        def killed(number, values, report):
            if number == dies_in:
                raise KeyboardInterrupt
            return hill(number, values, report)

        with pytest.raises(KeyboardInterrupt):
            searched(killed, journal, trials=12)
        tried = []

        def counted(number, values, report):
            tried.append(number)
            return hill(number, values, report)

        assert searched(counted, journal, trials=12) == searched(trials=12)
        assert tried == list(range(dies_in, 12))
        assert seconds_of(journal) > 0

    def test_half_a_line_of_a_process_that_died_is_cut_off(self, tmp_path):
        journal = tmp_path / "study.log"
        searched(journal=journal, trials=3)
        whole = journal.read_bytes()
        journal.write_bytes(whole + b'{"op_code": 4, "wor')
        assert searched(journal=journal, trials=6) == searched(trials=6)

    def test_a_setting_that_cannot_be_fitted_counts_and_the_search_goes_on(self, tmp_path):
        journal = tmp_path / "study.log"

        def fails(number, values, report):
            if number in (1, 2):
                raise TrainingError("the loss became nan")
            return hill(number, values, report)

        found = searched(fails, journal, trials=4)
        assert [each.state for each in found] == ["complete", "failed", "failed", "complete"]
        assert searched(hill, journal, trials=4) == found

    def test_nothing_but_failures_is_refused_with_the_reason(self):
        def fails(*_):
            raise TrainingError("the loss became nan")

        with pytest.raises(TrainingError) as caught:
            searched(fails, trials=2)
        assert str(caught.value) == (
            "none of 2 settings could be fitted: the loss became nan; search other ranges: "
            "--search KEY=LOW:HIGH"
        )

    def test_no_study_has_taken_no_time(self, tmp_path):
        assert seconds_of(None) == seconds_of(tmp_path / "none.log") == 0.0
        (tmp_path / "empty.log").touch()
        assert seconds_of(tmp_path / "empty.log") == 0.0

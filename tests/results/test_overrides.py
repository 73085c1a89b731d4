"""What a run was given beyond its preset, also where the preset has changed since."""

from __future__ import annotations

from serkit.models import TRAINERS
from serkit.results.overrides import differing, given_today, preset_today

USUAL = TRAINERS.get("logreg").settle("best", {}).to_json()


def record(values, given, **otherwise):
    return {"model": "logreg", "preset": "best", "values": values, "given": given, **otherwise}


def test_is_what_differs_from_the_preset():
    values = {**USUAL, "C": 7.0}
    assert differing(TRAINERS.get("logreg"), "best", values) == {"C": 7.0}
    assert differing(TRAINERS.get("logreg"), "best", USUAL) == {}


def test_overrides_are_relative_to_the_current_preset():
    assert given_today(record({**USUAL, "C": 7.0}, given={})) == {"C": 7.0}


def test_values_that_became_the_preset_s_are_not_overrides():
    assert given_today(record(USUAL, given={"C": USUAL["C"]})) == {}


def test_a_removed_parameter_is_still_listed():
    values = {**USUAL, "shrinkage": 0.5}
    assert given_today(record(values, given={"shrinkage": 0.5})) == {"shrinkage": 0.5}


def test_without_the_trainer_or_the_preset_the_record_is_believed():
    for gone in ({"model": "no-such-model"}, {"preset": "no-such-preset"}):
        assert given_today(record({**USUAL, "C": 7.0}, given={"x": 1}, **gone)) == {"x": 1}


class TestAPresetThatGaveWayToABetterOne:
    """``best`` of ``lstm`` was once what is ``mel`` today."""

    def of_lstm(self, preset, **given):
        values = TRAINERS.get("lstm").settle(preset, given).to_json()
        return record(values, given=given, model="lstm")

    def test_is_named_as_today_and_needs_no_overrides(self):
        assert preset_today(self.of_lstm("mel")) == "mel"
        assert given_today(self.of_lstm("mel")) == {}

    def test_keeps_the_run_s_own_overrides(self):
        assert preset_today(self.of_lstm("mel", epochs=9)) == "mel"
        assert given_today(self.of_lstm("mel", epochs=9)) == {"epochs": 9}

    def test_a_preset_that_is_unchanged_keeps_its_name(self):
        assert preset_today(self.of_lstm("best", epochs=9)) == "best"

    def test_a_setting_that_another_preset_has_too_is_still_an_override(self):
        values = {**USUAL, "copies": "speed090,speed110"}
        ran = record(values, given={"copies": "speed090,speed110"})
        assert (preset_today(ran), given_today(ran)) == ("best", {"copies": "speed090,speed110"})

    def test_a_run_without_the_parameters_that_set_it_apart_has_their_former_values(self):
        """``best`` of ``tcn`` reads functionals by a linear layer today, once by a hidden one."""
        tcn = TRAINERS.get("tcn")
        values = tcn.settle("branch", {}).to_json()
        for newer in ("beside_path", "beside_l2", "average"):
            del values[newer]
        ran = record(values, given={}, model="tcn")
        assert (preset_today(ran), given_today(ran)) == ("branch", {})
        today = record(tcn.settle("best", {}).to_json(), given={}, model="tcn")
        assert (preset_today(today), given_today(today)) == ("best", {})

    def test_a_run_of_the_former_robust_net_is_one_of_scenes(self):
        ffnn = TRAINERS.get("ffnn")
        values = ffnn.settle("scenes", {}).to_json()
        del values["wide"]  # newer than the run
        ran = {**record(values, given={}, model="ffnn"), "preset": "robust"}
        assert (preset_today(ran), given_today(ran)) == ("scenes", {})

    def test_values_that_no_preset_has_are_of_the_one_that_needs_the_fewest_flags(self):
        ffnn = TRAINERS.get("ffnn")
        values = {**ffnn.settle("scenes", {}).to_json(), "copies": "murmur10"}
        ran = {**record(values, given={}, model="ffnn"), "preset": "robust"}
        assert (preset_today(ran), given_today(ran)) == ("scenes", {"copies": "murmur10"})

    def test_values_that_no_preset_has_keep_the_recorded_name(self):
        assert preset_today(record({**USUAL, "C": 7.0}, given={})) == "best"

    def test_without_the_trainer_or_the_preset_the_record_is_believed(self):
        for gone in ({"model": "no-such-model"}, {"preset": "no-such-preset"}):
            assert preset_today(record(USUAL, given={}, **gone)) == gone.get("preset", "best")

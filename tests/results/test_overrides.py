"""What a run was given beyond its preset, also where the preset has changed since."""

from __future__ import annotations

from serkit.models import TRAINERS
from serkit.results.overrides import differing, given_today

USUAL = TRAINERS.get("logreg").settle("best", {}).to_json()


def record(values, given, **otherwise):
    return {"model": "logreg", "preset": "best", "values": values, "given": given, **otherwise}


def test_is_what_differs_from_the_preset():
    values = {**USUAL, "C": 7.0}
    assert differing(TRAINERS.get("logreg"), "best", values) == {"C": 7.0}
    assert differing(TRAINERS.get("logreg"), "best", USUAL) == {}


def test_of_a_preset_that_has_changed_since_is_what_must_be_given_today():
    assert given_today(record({**USUAL, "C": 7.0}, given={})) == {"C": 7.0}


def test_values_that_became_the_preset_s_are_not_overrides():
    assert given_today(record(USUAL, given={"C": USUAL["C"]})) == {}


def test_a_removed_parameter_is_still_listed():
    values = {**USUAL, "shrinkage": 0.5}
    assert given_today(record(values, given={"shrinkage": 0.5})) == {"shrinkage": 0.5}


def test_without_the_trainer_or_the_preset_the_record_is_believed():
    for gone in ({"model": "no-such-model"}, {"preset": "no-such-preset"}):
        assert given_today(record({**USUAL, "C": 7.0}, given={"x": 1}, **gone)) == {"x": 1}

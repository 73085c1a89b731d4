"""Parameters: one place that checks types and ranges, one form of message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serkit.errors import UnknownNameError, UsageError
from serkit.parameters import Parameter, integer, number, settle, text

BANDS = Parameter(128, "number of bands", minimum=1)
EDGE = Parameter(0.0, "edge in Hz", minimum=0)
SCALE = Parameter("linear", "scale", choices=("linear", "log"))
CENTRED = Parameter(True, "whether frames are centred")


def message(call, *arguments):
    with pytest.raises(UsageError) as caught:
        call(*arguments)
    return str(caught.value)


class TestCheck:
    @pytest.mark.parametrize(
        ("parameter", "value"), [(BANDS, 64), (EDGE, 20.5), (SCALE, "log"), (CENTRED, False)]
    )
    def test_a_value_of_the_default_s_type_is_taken(self, parameter, value):
        assert parameter.check("x", value) == value

    def test_a_whole_number_will_do_for_a_float_and_becomes_one(self):
        value = EDGE.check("fmin", 20)
        assert value == 20.0
        assert type(value) is float

    @pytest.mark.parametrize(
        ("parameter", "value"),
        [
            (BANDS, 64.0),
            (BANDS, "64"),
            (BANDS, True),
            (BANDS, None),
            (BANDS, [64]),
            (EDGE, True),
            (EDGE, "1"),
            (SCALE, 1),
            (CENTRED, 1),
        ],
    )
    def test_a_value_of_another_type_is_refused(self, parameter, value):
        assert message(parameter.check, "x", value) == (
            f"x = {value!r} is of the wrong type; a value such as {parameter.default!r} is allowed"
        )

    def test_a_value_below_the_minimum_is_refused(self):
        assert message(BANDS.check, "n_mels", 0) == "n_mels = 0 is too small; 1 or more is allowed"

    def test_nan_is_below_every_minimum(self):
        assert "fmin = nan is too small" in message(EDGE.check, "fmin", float("nan"))

    def test_the_minimum_itself_is_allowed(self):
        assert BANDS.check("n_mels", 1) == 1

    def test_a_value_that_is_no_choice_is_refused(self):
        assert message(SCALE.check, "scale", "mel") == (
            "scale = 'mel' is not allowed; one of 'linear', 'log' is"
        )


class TestParse:
    @pytest.mark.parametrize(
        ("parameter", "given_text", "value"),
        [(BANDS, "64", 64), (EDGE, "20", 20.0), (EDGE, "2e1", 20.0), (SCALE, "log", "log")]
        + [(CENTRED, word, True) for word in ("true", "True", "yes", "1")]
        + [(CENTRED, word, False) for word in ("false", "FALSE", "no", "0")],
    )
    def test_text_becomes_the_parameter_s_type(self, parameter, given_text, value):
        parsed = parameter.parse("x", given_text)
        assert parsed == value
        assert type(parsed) is type(parameter.default)

    @pytest.mark.parametrize(
        ("parameter", "given_text"), [(BANDS, "64.5"), (BANDS, ""), (EDGE, "x"), (CENTRED, "on?")]
    )
    def test_text_that_is_not_of_the_type_is_refused(self, parameter, given_text):
        assert f"x = {given_text!r} is of the wrong type" in message(
            parameter.parse, "x", given_text
        )

    def test_what_is_parsed_is_checked(self):
        assert "n_mels = -3 is too small" in message(BANDS.parse, "n_mels", "-3")

    @given(st.integers(1))
    def test_every_allowed_integer_survives_its_text(self, value):
        assert BANDS.parse("n_mels", str(value)) == value

    @given(st.floats(0, allow_nan=False, allow_infinity=False))
    def test_every_allowed_float_survives_its_text(self, value):
        assert EDGE.parse("fmin", str(value)) == value


KNOWN = {"n_mels": BANDS, "fmin": EDGE}


class TestSettle:
    def test_defaults_fill_what_is_not_given_and_names_are_sorted(self):
        settled = settle("mel", KNOWN, {"n_mels": 64})
        assert list(settled.items()) == [("fmin", 0.0), ("n_mels", 64)]

    def test_an_unknown_parameter_is_an_error_that_names_the_nearest(self):
        with pytest.raises(UnknownNameError) as caught:
            settle("mel64 (mel)", KNOWN, {"n_mel": 64})
        assert str(caught.value) == (
            "unknown parameter of mel64 (mel) 'n_mel': did you mean 'n_mels'?; "
            "there are: fmin, n_mels"
        )

    def test_a_bad_value_is_an_error(self):
        assert "n_mels = 0 is too small" in message(settle, "mel", KNOWN, {"n_mels": 0})


def test_settled_values_are_read_with_their_types():
    values = {"n": 3, "x": 2.5, "s": "log"}
    assert (integer(values, "n"), number(values, "x"), text(values, "s")) == (3, 2.5, "log")


class TestUpperEnd:
    SHARE = Parameter(0.5, "share of clips", minimum=0, maximum=1)

    @pytest.mark.parametrize("value", [0.0, 1, 0.25])
    def test_up_to_the_maximum_is_taken(self, value):
        assert self.SHARE.check("share", value) == value

    def test_a_value_above_the_maximum_is_refused(self):
        assert message(self.SHARE.check, "share", 1.5) == (
            "share = 1.5 is too large; 1 or less is allowed"
        )

    @pytest.mark.parametrize("value", [float("inf"), float("nan"), float("-inf")])
    def test_what_is_not_finite_is_refused_where_no_end_is_set_too(self, value):
        free = Parameter(0.5, "anything")
        assert message(free.check, "x", value) == (
            f"x = {value!r} is not finite; a finite number is allowed"
        )

"""Parameters: one place that checks types and ranges, one form of message."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serkit.errors import UnknownNameError, UsageError
from serkit.parameters import Parameter, Parameters, parameter, settle

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

    def test_an_integer_is_accepted_as_a_float(self):
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
            f"x = {value!r} has the wrong type; a value such as {parameter.default!r} is allowed"
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
        assert f"x = {given_text!r} has the wrong type" in message(parameter.parse, "x", given_text)

    def test_parsed_values_are_checked(self):
        assert "n_mels = -3 is too small" in message(BANDS.parse, "n_mels", "-3")

    @given(st.integers(1))
    def test_every_allowed_integer_survives_its_text(self, value):
        assert BANDS.parse("n_mels", str(value)) == value

    @given(st.floats(0, allow_nan=False, allow_infinity=False))
    def test_every_allowed_float_survives_its_text(self, value):
        assert EDGE.parse("fmin", str(value)) == value


@dataclass(frozen=True)
class Bands(Parameters):
    n_mels: int = parameter(128, "number of bands", minimum=1)
    fmin: float = parameter(0.0, "edge in Hz", minimum=0)


@dataclass(frozen=True)
class Frames(Parameters):
    hop: int = parameter(512, "samples from one frame to the next", minimum=1)
    centred: bool = parameter(True, "whether frames are centred", is_identity=False)


@dataclass(frozen=True)
class Spectrum(Bands, Frames):
    scale: str = parameter("linear", "scale", choices=("linear", "log"))
    n_mels: int = parameter(64, "number of bands, fewer here", minimum=8)


class TestParameters:
    def test_values_are_read_with_their_types(self):
        made = Spectrum(fmin=20, scale="log")
        assert (made.n_mels, made.fmin, made.scale, made.centred) == (64, 20.0, "log", True)
        assert type(made.fmin) is float

    def test_they_are_frozen(self):
        with pytest.raises(FrozenInstanceError):
            Bands().n_mels = 3

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"n_mels": 7}, "n_mels = 7 is too small; 8 or more is allowed"),
            ({"fmin": "x"}, "fmin = 'x' has the wrong type; a value such as 0.0 is allowed"),
            ({"scale": "mel"}, "scale = 'mel' is not allowed; one of 'linear', 'log' is"),
        ],
    )
    def test_a_bad_value_is_refused_when_they_are_made(self, given, said):
        assert message(lambda: Spectrum(**given)) == said

    def test_a_class_s_own_are_declared_first_then_its_bases_from_left_to_right(self):
        declared = Spectrum.declared()
        assert list(declared) == ["scale", "n_mels", "fmin", "hop", "centred"]
        assert declared["n_mels"].help == "number of bands, fewer here"
        assert not declared["centred"].is_identity

    def test_json_is_sorted_by_name_and_comes_back(self):
        made = Spectrum(n_mels=9)
        assert list(made.to_json()) == ["centred", "fmin", "hop", "n_mels", "scale"]
        assert Spectrum.from_json(made.to_json()) == made

    def test_of_another_version_s_json_what_is_unknown_is_passed_over(self):
        assert Spectrum.from_json({"n_mels": 9, "gone": 1}) == Spectrum(n_mels=9)

    def test_without_fields_there_is_nothing_to_set(self):
        assert Parameters().to_json() == {}

    def test_a_field_without_a_declaration_is_refused(self):
        @dataclass(frozen=True)
        class Bare(Parameters):
            width: int = 3

        with pytest.raises(TypeError, match=r"Bare\.width is not declared by parameter\(\.\.\.\)"):
            Bare()

    def test_a_default_of_another_type_than_the_annotation_is_refused(self):
        @dataclass(frozen=True)
        class Mixed(Parameters):
            share: float = parameter(1, "share of clips")

        with pytest.raises(TypeError, match="annotated float, and its default 1 is of type int"):
            Mixed()

    def test_a_class_that_is_no_dataclass_is_refused(self):
        class Plain(Parameters):
            width: int = parameter(3, "frames")

        with pytest.raises(TypeError, match=r"Plain is no dataclass: it lacks @dataclass\(frozen"):
            Plain()


class TestSettle:
    def test_given_values_replace_old_ones(self):
        assert settle("mel", Bands(fmin=20.0), {"n_mels": 64}) == Bands(n_mels=64, fmin=20.0)

    def test_an_unknown_parameter_is_an_error_that_names_the_nearest(self):
        with pytest.raises(UnknownNameError) as caught:
            settle("mel64 (mel)", Bands(), {"n_mel": 64})
        assert str(caught.value) == (
            "unknown parameter of mel64 (mel) 'n_mel': did you mean 'n_mels'?; "
            "there are: fmin, n_mels"
        )

    def test_a_bad_value_is_an_error(self):
        assert "n_mels = 0 is too small" in message(settle, "mel", Bands(), {"n_mels": 0})


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
    def test_non_finite_values_are_refused_without_limits_too(self, value):
        free = Parameter(0.5, "anything")
        assert message(free.check, "x", value) == (
            f"x = {value!r} is not finite; a finite number is allowed"
        )

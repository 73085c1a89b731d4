"""A feature's identity: what its numbers depend on, and nothing else."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from serkit.errors import UnknownNameError, UsageError
from serkit.features import EXTRACTORS, FeatureSpec, Recipes, resolve
from serkit.features.extractor import ArrayLayout, Values, check_values
from serkit.features.spec import canonical_json

MEL = EXTRACTORS.get("mel")

# SHA-256 of texts such as '{"extractor":"raw","parameters":{"pad_to":253125,"sample_rate":48000},
# "version":1}' on one line (sha256sum). A change here makes every stored array of the feature
# stale: it must be meant.
GOLDEN = {
    "raw": "fbabc426f6b85d7bfa7ed81fb5f4f7ebfe61c38163243392fcbaeb21f6e51b82",
    "change_deviation": "14ea88f0be873ee10702c498f6dd2ca01e1c0fd1895576716e0214a1dd326e90",
    "mel128": "fed6d150e351092f277c0d0057c739b144491da590a54cc59d7ab65a0e303db2",
    "mel256": "6ddbbbdf6b77080b7b02f3f6646727f0fc5467661c5886606709f4841dbdaeff",
    "egemaps": "a92f6557273d9e03a8a183d03e36b2c058efae09928d3a76672b6e261e453647",
    "compare2016": "05720b0dd9aec0fb3c8db85a43e631987ea7a6ead2f265cdae0f13eca4a43f4f",
}


def mel(name="mel128", **parameters):
    return resolve(name, MEL, parameters)


class TestFingerprint:
    @pytest.mark.parametrize("name", sorted(GOLDEN))
    def test_fingerprints_of_the_built_in_features_are_pinned(self, name):
        assert Recipes().get(name).fingerprint == GOLDEN[name]

    def test_it_does_not_depend_on_name_or_summary(self):
        spec = mel("mel128")
        assert mel("another").fingerprint == spec.fingerprint
        assert dataclasses.replace(spec, summary="other words").fingerprint == spec.fingerprint

    def test_it_does_not_depend_on_the_order_of_parameters(self):
        one = FeatureSpec("x", "mel", 1, {"n_mels": 64, "fmin": 20.0})
        other = FeatureSpec("x", "mel", 1, {"fmin": 20.0, "n_mels": 64})
        assert one.fingerprint == other.fingerprint

    def test_a_default_that_is_spelt_out_is_the_same_feature(self):
        assert mel(n_fft=2048, fmin=0).fingerprint == mel().fingerprint

    @pytest.mark.parametrize("name", sorted(MEL.parameters.declared()))
    def test_every_parameter_is_part_of_it(self, name):
        spec = mel()
        other = {**spec.parameters, name: spec.parameters[name] + 2}
        assert dataclasses.replace(spec, parameters=other).fingerprint != spec.fingerprint

    def test_extractor_and_version_are_part_of_it(self):
        spec = mel()
        assert dataclasses.replace(spec, version=99).fingerprint != spec.fingerprint
        assert dataclasses.replace(spec, extractor="raw").fingerprint != spec.fingerprint

    def test_the_fingerprint_does_not_depend_on_how_numbers_are_written(self):
        assert mel(fmin=20).fingerprint == mel(fmin=20.0).fingerprint

    @pytest.mark.parametrize("value", [{1, 2}, object(), float("nan"), float("inf"), b"bytes"])
    def test_a_parameter_that_is_not_json_is_an_error(self, value):
        spec = FeatureSpec("x", "mel", 1, {"n_mels": value})
        with pytest.raises(UsageError, match=r"cannot be fingerprinted \(.*\); JSON values can$"):
            _ = spec.fingerprint


def test_the_built_in_features_all_differ():
    recipes = Recipes()
    assert len({recipes.get(name).fingerprint for name in recipes.names()}) == len(recipes.names())


def test_canonical_json_has_one_text_for_one_value():
    assert canonical_json({"b": [1, None], "a": "é"}) == '{"a":"\\u00e9","b":[1,null]}'


def test_a_spec_survives_json():
    spec = Recipes().get("mel256")
    again = FeatureSpec.from_json(json.loads(json.dumps(spec.to_json())))
    assert again == spec
    assert again.fingerprint == spec.fingerprint
    assert again.layout() == spec.layout()


class TestDifferences:
    def test_a_changed_parameter(self):
        assert list(mel(n_mels=128).differences(mel(n_mels=256))) == ["n_mels 128 -> 256"]

    def test_several_in_order_of_their_names(self):
        old, new = mel(), mel(hop_length=256, fmax=8000)
        assert list(old.differences(new)) == ["fmax 0.0 -> 8000.0", "hop_length 512 -> 256"]

    def test_the_extractor_s_version(self):
        spec = mel()
        newer = dataclasses.replace(spec, version=spec.version + 1)
        assert list(spec.differences(newer)) == ["extractor 1 -> 2"]

    def test_another_extractor(self):
        recipes = Recipes()
        found = list(recipes.get("raw").differences(recipes.get("change_deviation")))
        assert found == [
            "extractor raw -> change-deviation",
            "block absent -> 5",
            "sample_rate 48000 -> absent",
        ]

    def test_the_same_feature_has_none_whatever_it_is_called(self):
        assert list(mel("a").differences(mel("b"))) == []

    def test_there_are_some_exactly_where_the_fingerprints_differ(self):
        recipes = [Recipes().get(name) for name in Recipes().names()]
        for one in recipes:
            for other in recipes:
                differ = one.fingerprint != other.fingerprint
                assert bool(list(one.differences(other))) == differ


class TestResolve:
    def test_defaults_are_filled_in(self):
        assert mel(n_mels=64).parameters == {
            "fmax": 0.0,
            "fmin": 0.0,
            "hop_length": 512,
            "n_fft": 2048,
            "n_mels": 64,
            "pad_to": 253_125,
            "sample_rate": 48_000,
        }

    def test_the_default_summary_is_the_extractor_s(self):
        assert mel().summary == MEL.summary

    def test_an_unknown_parameter_names_the_feature_and_the_nearest(self):
        with pytest.raises(UnknownNameError, match=r"parameter of mel64 \(mel\) 'n_mel'.*'n_mels'"):
            mel("mel64", n_mel=64)

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"n_fft": 1023}, "n_fft = 1023 is odd; an even number is allowed"),
            ({"fmin": 9000, "fmax": 8000}, "fmin = 9000 Hz and fmax = 8000 Hz span no band"),
            ({"fmax": 24_001.0}, "fmax = 24001 Hz span no band; 0 <= fmin < fmax <= 24000 Hz"),
            ({"sample_rate": 16_000, "fmax": 9000}, "<= 8000 Hz is allowed"),
            ({"hop_length": 0}, "hop_length = 0 is too small"),
        ],
    )
    def test_parameters_that_do_not_go_together_are_refused(self, parameters, message):
        with pytest.raises(UsageError) as caught:
            mel(**parameters)
        assert message in str(caught.value)

    def test_a_padded_length_must_be_whole_blocks(self):
        with pytest.raises(UsageError, match="pad_to = 100 is not a multiple of block = 7"):
            resolve("x", EXTRACTORS.get("change-deviation"), {"pad_to": 100, "block": 7})


def test_values_without_a_sample_are_refused():
    layout = ArrayLayout("int16", (), None, "samples")
    wrong = check_values(Values(np.zeros(0, np.int16)), layout)
    assert wrong == "it has no samples: the clip is too short"

"""Recipes: features as small TOML files, serkit's own and a project's."""

from __future__ import annotations

from pathlib import Path

import pytest

from serkit.errors import UnknownNameError, UsageError
from serkit.features import DEFAULT_FEATURES, ArrayLayout, Recipes, TableLayout

MEL64 = 'extractor = "mel"\nsummary = "a smaller one"\n[parameters]\nn_mels = 64\n'


@pytest.fixture
def own(tmp_path):
    """Return a function that writes recipes to a project's own folder and opens it."""
    folder = tmp_path / "definitions"

    def write(**recipes):
        folder.mkdir(exist_ok=True)
        for name, recipe in recipes.items():
            data = recipe if isinstance(recipe, bytes) else recipe.encode()
            (folder / f"{name}.toml").write_bytes(data)
        return Recipes(folder)

    return write


def error(call, *arguments):
    with pytest.raises(UsageError) as caught:
        call(*arguments)
    return str(caught.value)


class TestBuiltIn:
    def test_the_default_features_exist(self, own):
        assert set(DEFAULT_FEATURES) < set(own().names())
        assert DEFAULT_FEATURES == ("raw", "change_deviation", "mel128", "mel256", "functionals")

    @pytest.mark.parametrize(("name", "bands"), [("mel128", 128), ("mel256", 256)])
    def test_the_mel_features_are_as_in_the_study(self, own, name, bands):
        spec = own().get(name)
        assert spec.layout() == ArrayLayout("float32", (bands,), 495, "frames", is_power=True)

    def test_raw_is_int16_and_padded_to_the_study_s_length(self, own):
        assert own().get("raw").layout() == ArrayLayout("int16", (), 253_125, "samples")

    def test_change_deviation_is_one_number(self, own):
        spec = own().get("change_deviation")
        assert spec.layout() == TableLayout("float64", ("change_deviation",))
        assert spec.parameters == {"block": 5, "pad_to": 253_125}

    @pytest.mark.parametrize("name", Recipes(Path("no such folder")).names())
    def test_each_says_what_it_is_in_one_line(self, own, name):
        summary = own().get(name).summary
        assert 10 < len(summary) < 100
        assert "\n" not in summary

    def test_features_under_a_research_licence_are_no_default(self):
        assert not {"egemaps", "compare2016"} & set(DEFAULT_FEATURES)


class TestOwn:
    def test_a_project_s_recipes_stand_beside_serkit_s(self, own):
        recipes = own(mel64=MEL64)
        assert {"mel64", "mel128"} <= set(recipes.names())
        spec = recipes.get("mel64")
        assert (spec.name, spec.summary) == ("mel64", "a smaller one")
        assert spec.parameters["n_mels"] == 64
        assert spec.layout().item == (64,)

    def test_other_hops_rates_lengths_and_edges_need_no_code(self, own):
        recipe = (
            'extractor = "mel"\n[parameters]\nsample_rate = 16000\nhop_length = 160\n'
            "n_fft = 400\nfmax = 7600\npad_to = 80000\n"
        )
        assert own(dense=recipe).get("dense").layout().length == 501

    def test_a_missing_folder_holds_none(self, tmp_path):
        assert Recipes(tmp_path / "absent").names() == Recipes(tmp_path / "none").names()

    def test_other_files_in_it_are_passed_over(self, own, tmp_path):
        recipes = own(mel64=MEL64)
        (tmp_path / "definitions" / "README.md").write_text("not a recipe")
        assert "README" not in recipes.names()
        assert "README.md" not in recipes.names()

    def test_the_name_of_one_of_serkit_s_own_is_a_clash(self, own):
        message = error(own(mel128=MEL64).names)
        assert "mel128.toml has the name of another" in message
        assert message.endswith("; give it another name")


class TestPath:
    def test_a_recipe_may_be_given_by_its_path(self, own, tmp_path):
        path = tmp_path / "elsewhere.toml"
        path.write_text(MEL64)
        spec = own().get(str(path))
        assert (spec.name, spec.parameters["n_mels"]) == ("elsewhere", 64)

    def test_the_path_of_a_known_recipe_is_that_recipe(self, own, tmp_path):
        recipes = own(mel64=MEL64)
        assert recipes.get(str(tmp_path / "definitions" / "mel64.toml")) == recipes.get("mel64")

    def test_another_file_with_the_name_of_a_known_recipe_is_a_clash(self, own, tmp_path):
        (tmp_path / "raw.toml").write_text(MEL64)
        assert "raw.toml has the name of another" in error(own().get, str(tmp_path / "raw.toml"))

    def test_a_missing_file(self, own):
        assert (
            error(own().get, "absent.toml") == "no recipe file absent.toml; see 'serkit features'"
        )


class TestSeveral:
    def test_they_come_in_order_and_once(self, own):
        specs = own(mel64=MEL64).get_all(["raw", "mel64", "raw"])
        assert [spec.name for spec in specs] == ["raw", "mel64"]

    def test_two_different_recipes_of_one_name_are_refused(self, own, tmp_path):
        for folder, bands in (("a", 64), ("b", 32)):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "mine.toml").write_text(MEL64.replace("64", str(bands)))
        paths = [str(tmp_path / folder / "mine.toml") for folder in "ab"]
        assert error(own().get_all, paths).startswith("two different recipes are named 'mine'")


class TestWrong:
    def test_an_unknown_name_gets_the_nearest(self, own):
        with pytest.raises(UnknownNameError) as caught:
            own().get("mel_128")
        assert str(caught.value).startswith("unknown feature 'mel_128': did you mean 'mel128'")
        assert str(caught.value).endswith("; see 'serkit features'")
        assert caught.value.exit_code == 2

    def test_a_project_s_recipes_are_among_the_nearest(self, own):
        with pytest.raises(UnknownNameError, match="did you mean 'chroma12'"):
            own(chroma12=MEL64).get("chroma21")

    @pytest.mark.parametrize("text", ["extractor =", b"\xff\xfe\x00bytes", "a = 1\na = 2\n"])
    def test_invalid_toml_names_the_file(self, own, text):
        message = error(own(bad=text).get, "bad")
        assert "bad.toml is not TOML (" in message

    @pytest.mark.parametrize(
        ("recipe", "expected"),
        [
            (
                "summary = 'x'",
                "names no extractor; there are: change-deviation, chroma, covariance, embeddings",
            ),
            ("extractor = 'mell'", "unknown extractor 'mell': did you mean 'mel'?"),
            ("extractor = 5", "extractor = 5 in "),
            ("extractor = 'mel'\nparameters = 3", "parameters = 3 in "),
            ("extractor = 'mel'\nsummary = [1]", "summary = [1] in "),
            ("extractor = 'mel'\nparameter = {}", "did you mean 'parameters'"),
            (
                "extractor = 'mel'\n[parameters]\nn_mel = 3",
                "unknown parameter of bad (mel) 'n_mel'",
            ),
            ("extractor = 'mel'\n[parameters]\nn_mels = '3'", "n_mels = '3' has the wrong type"),
            ("extractor = 'mel'\n[parameters]\nn_mels = [3]", "n_mels = [3] has the wrong type"),
            ("extractor = 'mel'\n[parameters]\nfmin = nan", "fmin = nan is too small"),
            ("extractor = 'mel'\n[parameters]\nfmax = inf", "fmax = inf is not finite"),
            ("extractor = 'raw'\n[parameters]\npad_to = 1979-05-27", "has the wrong type"),
        ],
    )
    def test_a_recipe_that_is_not_right_says_where(self, own, recipe, expected):
        assert expected in error(own(bad=recipe).get, "bad")

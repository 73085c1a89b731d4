"""Settings: defaults < serkit.toml < SERKIT_* < what is given."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from serkit.errors import UnknownNameError, UsageError
from serkit.settings import FILE, Settings, resolve


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path


def write(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(text, encoding="utf-8")


def settle(folder: Path, given=None, **environment: str) -> Settings:
    return resolve(given, folder=folder, environment=environment)


def refused(folder: Path, given=None, **environment: str) -> str:
    with pytest.raises(UsageError) as caught:
        settle(folder, given, **environment)
    return str(caught.value)


class TestPrecedence:
    def test_the_defaults_are_those_that_the_help_names(self, folder):
        assert settle(folder) == Settings(
            store="features/store",
            runs="runs",
            definitions="features/definitions",
            features="",
            workers=0,
            wait=30.0,
            protocol="",
            preset="best",
            seed=0,
        )

    def test_each_goes_before_the_one_below_it(self, folder):
        write(folder, 'store = "file"\nruns = "file"\nprotocol = "file"\n')
        found = settle(
            folder, {"store": "given"}, SERKIT_STORE="environment", SERKIT_RUNS="environment"
        )
        assert found == Settings(store="given", runs="environment", protocol="file")

    def test_none_means_not_given(self, folder):
        assert settle(folder, {"seed": None, "store": None}, SERKIT_SEED="3").seed == 3

    @pytest.mark.parametrize("nothing", [0, "", 0.0])
    def test_empty_values_count_as_given(self, folder, nothing):
        key = {int: "seed", str: "protocol", float: "wait"}[type(nothing)]
        write(folder, 'seed = 4\nprotocol = "luna5"\nwait = 5.0\n')
        assert getattr(settle(folder, {key: nothing}), key) == nothing

    def test_other_variables_are_none_of_our_business(self, folder):
        assert settle(folder, STORE="x", XSERKIT_STORE="y") == Settings()

    def test_without_arguments_the_process_s_own_folder_and_variables_count(
        self, folder, monkeypatch
    ):
        write(folder, "seed = 5\n")
        monkeypatch.chdir(folder)
        monkeypatch.setenv("SERKIT_PRESET", "notebook")
        assert (resolve().seed, resolve().preset) == (5, "notebook")


class TestFile:
    def test_it_is_found_in_a_folder_above(self, folder):
        write(folder, "seed = 6\n")
        (folder / "a" / "b").mkdir(parents=True)
        assert settle(folder / "a" / "b").seed == 6

    def test_the_nearest_one_counts_alone(self, folder):
        write(folder, 'seed = 7\npreset = "notebook"\n')
        write(folder / "a", "seed = 8\n")
        assert settle(folder / "a") == Settings(seed=8)

    def test_a_folder_of_its_name_is_not_it(self, folder):
        (folder / FILE).mkdir()
        assert settle(folder) == Settings()

    @pytest.mark.parametrize("text", ["seed 7", 'store = "', "\xff"])
    def test_one_that_is_not_toml_is_named(self, folder, text):
        (folder / FILE).write_bytes(text.encode("latin-1"))
        assert refused(folder).startswith(f"{folder / FILE} is not TOML (")

    def test_a_list_of_features_may_be_a_list(self, folder):
        write(folder, 'features = ["raw", "mel128"]\n')
        assert settle(folder).features == "raw,mel128"

    def test_an_integer_number_of_seconds_is_accepted(self, folder):
        write(folder, "wait = 5\n")
        found = settle(folder).wait
        assert found == 5.0
        assert type(found) is float

    @pytest.mark.parametrize(
        ("line", "text"),
        [
            ('seed = "7"', "seed = '7' in {file} has the wrong type; a value such as 0 is"),
            ("seed = 7.0", "seed = 7.0 in {file} has the wrong type; a value such as 0 is"),
            ("seed = true", "seed = True in {file} has the wrong type; a value such as 0 is"),
            ("store = 1", "store = 1 in {file} has the wrong type; a value such as 'features/"),
            ('wait = "x"', "wait = 'x' in {file} has the wrong type; a value such as 30.0 is"),
        ],
    )
    def test_a_value_of_the_wrong_type_is_refused(self, folder, line, text):
        write(folder, line)
        assert refused(folder).startswith(text.format(file=folder / FILE))

    def test_an_unknown_key_suggests_the_closest(self, folder):
        write(folder, 'stores = "x"\n')
        with pytest.raises(UnknownNameError) as caught:
            settle(folder)
        assert str(caught.value) == (
            f"unknown setting in {folder / FILE} 'stores': did you mean 'store' or 'workers' or "
            "'features'?; there are: "
            "cache, definitions, features, preset, protocol, runs, seed, store, wait, workers"
        )


class TestEnvironment:
    def test_texts_become_the_setting_s_type(self, folder):
        found = settle(folder, SERKIT_SEED="7", SERKIT_WAIT="1.5", SERKIT_FEATURES="raw,mel128")
        assert (found.seed, found.wait, found.features) == (7, 1.5, "raw,mel128")

    @pytest.mark.parametrize(("name", "text"), [("SEED", "7.5"), ("SEED", ""), ("WAIT", "long")])
    def test_a_text_of_the_wrong_type_is_refused(self, folder, name, text):
        default = {"SEED": "0", "WAIT": "30.0"}[name]
        assert refused(folder, **{f"SERKIT_{name}": text}) == (
            f"SERKIT_{name}={text!r} has the wrong type; a value such as {default} is allowed"
        )

    def test_an_unknown_variable_suggests_the_closest(self, folder):
        assert refused(folder, SERKIT_SEEDS="1").startswith(
            "unknown setting in SERKIT_SEEDS 'seeds': did you mean 'seed'?; there are: "
        )


class TestGiven:
    def test_paths_and_lists_will_do(self, folder):
        given = {"store": Path("a/b"), "features": ["raw", "mel128"]}
        found = settle(folder, given)
        assert (found.store, found.features) == (str(Path("a/b")), "raw,mel128")

    @pytest.mark.parametrize(
        ("given", "text"),
        [
            ({"seed": "1"}, "seed = '1' in the call has the wrong type; a value such as 0 is"),
            ({"runs": 3}, "runs = 3 in the call has the wrong type; a value such as 'runs' is"),
            ({"sed": 1}, "unknown setting in the call 'sed': did you mean 'seed'"),
        ],
    )
    def test_invalid_values_are_refused(self, folder, given, text):
        assert refused(folder, given).startswith(text)

    @pytest.mark.parametrize("key", ["store", "runs", "definitions"])
    def test_a_tilde_is_expanded_everywhere(self, folder, key, monkeypatch):
        for variable in ("HOME", "USERPROFILE"):
            monkeypatch.setenv(variable, str(folder))
        expected = str(folder / "a")
        assert getattr(settle(folder, {key: "~/a"}), key) == expected
        assert getattr(settle(folder, {key: Path("~/a")}), key) == expected
        assert getattr(settle(folder, **{f"SERKIT_{key.upper()}": "~/a"}), key) == expected
        write(folder, f'{key} = "~/a"\n')
        assert getattr(settle(folder), key) == expected

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows guesses other users' homes")
    def test_an_unknown_home_folder_is_refused(self, folder):
        assert refused(folder, {"store": "~no-such-user/a"}) == (
            "~no-such-user/a is in a home folder that is not known; write the folder out"
        )

    @pytest.mark.parametrize("seed", [-1, 2**32])
    def test_a_seed_that_no_framework_takes_is_refused(self, folder, seed):
        assert refused(folder, {"seed": seed}) == f"seed = {seed}; 0 to 4,294,967,295 is allowed"

    def test_less_than_no_workers_are_refused(self, folder):
        assert refused(folder, {"workers": -1}) == (
            "workers = -1; 0 (one a core) or more is allowed"
        )

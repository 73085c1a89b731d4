"""A user's mistake: one line on stderr, nothing on stdout, an exit code, and never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runkit import make_run
from serkit.evaluation.splits import PROTOCOLS
from serkit.features import Recipes
from serkit.models import TRAINERS

MODELS = ", ".join(TRAINERS.names())
PROTOCOL_NAMES = ", ".join(PROTOCOLS.names())


class TestWrongUsage:
    """Exit code 2."""

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (
                "train logrg",
                "unknown model 'logrg': did you mean 'logreg'?; "
                f"there are: {MODELS}; see 'serkit models'",
            ),
            (
                "models xgbost",
                "unknown model 'xgbost': did you mean 'xgboost'?; "
                f"there are: {MODELS}; see 'serkit models'",
            ),
            (
                "train logreg --preset notebok",
                "unknown preset of logreg 'notebok': did you mean 'notebook'?; "
                "there are: best, compare2016, notebook, robust, voices",
            ),
            (
                "train svm --preset notebook",
                "unknown preset of svm 'notebook'; there are: best, robust, voices",
            ),
            (
                "train majority --set C=1",
                "unknown parameter of majority 'C'; there are: none",
            ),
            (
                "train xgboost --set rounds=many",
                "rounds = 'many' has the wrong type; a value such as 400 is allowed",
            ),
            (
                "train logreg --set C",
                "--set 'C' is not KEY=VALUE; see 'serkit models MODEL'",
            ),
            ("train logreg --set =3", "--set '=3' is not KEY=VALUE; see 'serkit models MODEL'"),
            ("train logreg --set C=-1", "C = -1.0 is too small; 0 or more is allowed"),
            (
                "compare --json --csv",
                "--json, --csv and --markdown exclude each other; give one of them",
            ),
            ("nosuch", "no such command 'nosuch'; see 'serkit --help'"),
            ("store nosuch", "no such command 'nosuch'; see 'serkit store --help'"),
            ("train", "missing argument 'MODEL'; see 'serkit train --help'"),
            (
                "train logreg svm",
                "got unexpected extra argument(s) (svm); see 'serkit train --help'",
            ),
        ],
    )
    def test_it_is_reported_on_one_line(self, cli, arguments, message):
        answer = cli(*arguments.split())
        assert answer.code == 2
        assert answer.message == message

    @pytest.mark.parametrize(
        ("arguments", "begins", "ends"),
        [
            ("train logreg --sed 1", "no such option: --sed", "; see 'serkit train --help'"),
            ("train logreg --seed x", "invalid value for '--seed': ", "see 'serkit train --help'"),
            ("extract x --workers 0", "invalid value for '--workers': ", "'serkit extract --help'"),
            ("store export x --to xls", "invalid value for '--to': ", "'serkit store export --h"),
            ("demo --actors 2", "invalid value for '--actors': ", "see 'serkit demo --help'"),
            ("train --store", "option '--store' requires an argument", ""),
        ],
    )
    def test_parser_errors(self, cli, arguments, begins, ends):
        answer = cli(*arguments.split())
        assert answer.code == 2
        assert answer.message.lower().startswith(begins)
        assert ends in answer.message

    def test_an_unknown_protocol(self, cli, speech_store, speech_runs):
        message = (
            "unknown protocol 'luna': did you mean 'luna5'?; "
            f"there are: {PROTOCOL_NAMES}; see 'serkit protocols'"
        )
        for command in (
            ("train", "majority", "--store", speech_store, "--protocol", "luna"),
            ("compare", "--runs", speech_runs, "--protocol", "luna"),
        ):
            answer = cli(*command)
            assert (answer.code, answer.message) == (2, message)

    def test_an_unknown_feature(self, cli, speech):
        answer = cli("extract", speech, "--features", "mel129,raw")
        assert answer.code == 2
        assert answer.message.startswith("unknown feature 'mel129': did you mean 'mel128'")
        assert answer.message.endswith(
            f"; there are: {', '.join(Recipes().names())}; see 'serkit features'"
        )
        assert not Path("features").exists()

    @pytest.mark.parametrize("nothing", [",", " "])
    def test_an_empty_list_of_features(self, cli, speech, nothing):
        answer = cli("extract", speech, "--features", nothing)
        assert (answer.code, answer.message) == (
            2,
            f"features = {nothing!r} names no feature; see 'serkit features'",
        )

    def test_an_unknown_feature_of_the_store(self, cli, speech_store):
        answer = cli("store", "why", "mel129", "--store", speech_store)
        assert answer.code == 2
        assert answer.message.startswith("unknown feature 'mel129': did you mean 'mel128'")
        answer = cli("store", "export", "mel128", "--to", "npz", "--store", speech_store)
        assert answer.code == 2
        assert answer.message.startswith(f"unknown feature 'mel128' in the store {speech_store}")

    def test_an_unknown_corpus(self, cli, speech):
        answer = cli("extract", speech, "--corpus", "ravdes")
        assert answer.code == 2
        assert answer.message.startswith("unknown corpus 'ravdes': did you mean 'ravdess'")
        answer = cli("download", "ravdes")
        assert answer.code == 2
        assert answer.message.startswith("unknown corpus 'ravdes': did you mean 'ravdess'")

    @pytest.mark.parametrize("command", ["check", "extract"])
    def test_an_unknown_reason_to_leave_clips_out(self, cli, speech, command):
        answer = cli(command, speech, "--include", "sing")
        assert (answer.code, answer.message) == (
            2,
            "unknown reason to leave out clips of synthetic 'sing': did you mean 'song'?; "
            "there are: full-av, song, video-only",
        )

    def test_an_unknown_run(self, cli, tmp_path):
        make_run(tmp_path / "runs", "svm-luna5-1")
        answer = cli("show", "svn-luna5-1")
        assert (answer.code, answer.message) == (
            2,
            "unknown run 'svn-luna5-1': did you mean 'svm-luna5-1'?; "
            "there are: svm-luna5-1; see 'serkit compare'",
        )

    def test_a_wrong_setting_in_the_file_or_the_environment(self, cli, tmp_path, monkeypatch):
        (tmp_path / "serkit.toml").write_text("seed = 'x'")
        answer = cli("train", "majority")
        assert (answer.code, answer.message) == (
            2,
            f"seed = 'x' in {tmp_path / 'serkit.toml'} has the wrong type; "
            "a value such as 0 is allowed",
        )
        (tmp_path / "serkit.toml").unlink()
        monkeypatch.setenv("SERKIT_SEED", "x")
        answer = cli("train", "majority")
        assert (answer.code, answer.message) == (
            2,
            "SERKIT_SEED='x' has the wrong type; a value such as 0 is allowed",
        )

    def test_a_corpus_that_the_protocol_does_not_fit(self, cli, speech_store):
        answer = cli("train", "majority", "--store", speech_store, "--protocol", "audeering")
        assert (answer.code, answer.message) == (
            2,
            "none of the test speakers of audeering is in the corpus; "
            "use speaker5 for other speakers",
        )


class TestFailure:
    """Exit code 1."""

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ("extract nope", "no folder nope; give the folder that holds the audio files"),
            ("check nope", "no folder nope; give the folder that holds the audio files"),
            (
                "train majority --store nope",
                "no feature store in nope; fill one with 'serkit extract SRC' or name another with "
                "--store DIR",
            ),
            (
                "store ls",
                "no feature store in features/store; fill one with 'serkit extract SRC' or name "
                "another with --store DIR",
            ),
            (
                "compare --runs nope",
                "no runs in nope: there is no such folder; make one with 'serkit train MODEL' or "
                "name another with --runs DIR",
            ),
            (
                "show last",
                "no runs in runs: there is no such folder; make one with 'serkit train MODEL' or "
                "name another with --runs DIR",
            ),
        ],
    )
    def test_missing_paths_are_named(self, cli, arguments, message):
        answer = cli(*arguments.split())
        assert answer.code == 1
        assert answer.message == message

    @pytest.mark.parametrize(
        "command", ["why raw", "verify", "repair", "gc", "export raw --to npz"]
    )
    def test_every_store_command_says_that_there_is_no_store(self, cli, command):
        answer = cli("store", *command.split(), "--store", "nope")
        assert answer.code == 1
        assert answer.message.startswith("no feature store in nope; ")

    def test_a_folder_without_clips(self, cli, tmp_path):
        (tmp_path / "empty").mkdir()
        answer = cli("extract", "empty")
        assert answer.code == 1
        assert "empty" in answer.message

    def test_an_unfinished_run(self, cli, tmp_path):
        from runkit import make_unfinished

        make_unfinished(tmp_path / "runs", "half")
        answer = cli("show", "half")
        assert answer.code == 1
        assert answer.message == (
            "the run half is not finished; resume with 'serkit train --resume half'"
        )

    def test_operating_system_errors(self, cli, speech_store):
        """A file where a folder of runs should be made."""
        Path("taken").write_text("x")
        answer = cli("train", "majority", "--store", speech_store, "--runs", "taken/runs")
        assert answer.code == 1
        assert "taken" in answer.message

    def test_a_library_that_cannot_fit(self, cli, speech_store):
        answer = cli("train", "xgboost", "--store", speech_store, "--set", "max_depth=100000000000")
        assert answer.code == 1
        assert "xgboost could not be fitted in fold 1: " in answer.err
        assert answer.out == ""
        assert "Traceback" not in answer.err


class TestSubprocess:
    """The same in a process of its own, as the shell sees it."""

    def serkit(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "serkit", *arguments], capture_output=True, text=True, **options
        )

    def test_an_error_is_one_line_and_no_traceback(self, tmp_path):
        result = self.serkit("train", "majority", cwd=tmp_path)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr == (
            "serkit: no feature store in features/store; fill one with 'serkit extract SRC' or "
            "name another with --store DIR\n"
        )

    def test_a_reader_who_has_gone_is_no_reason_to_shout(self, tmp_path):
        command = f"{sys.executable} -m serkit features functionals --json | head -c 10"
        result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, cwd=tmp_path)
        assert len(result.stdout) == 10
        assert "Traceback" not in result.stderr

    @pytest.mark.skipif(os.name == "nt", reason="needs SIGINT")
    def test_an_interrupt_is_reported_with_exit_code_130(self, speech_store, tmp_path):
        # A shell that starts the tests in the background has them ignore it, and so this, too.
        code = (
            "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
            "from serkit.cli import main; main()"
        )
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", code, "train", "xgboost", "--protocol", "loso"),
                # Folds of seconds each, so that some are still to come when the first is seen.
                *("--set", "rounds=300", "--set", "patience=300", "--store", str(speech_store)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        while process.poll() is None and not list(tmp_path.glob("runs/*/fold-1/fold.json")):
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        assert process.returncode == 130
        assert out == ""
        (run,) = (tmp_path / "runs").iterdir()
        done = len(list(run.glob("fold-*/fold.json")))
        assert err.splitlines()[-1] == (
            f"serkit: interrupted; {done} of 6 folds are done; "
            f"resume with 'serkit train --resume {run.name}'"
        )
        assert "Traceback" not in err

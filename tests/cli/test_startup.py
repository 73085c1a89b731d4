"""Start-up: ``serkit --help`` answers at once, so it imports next to nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from typer.main import get_command

import storekit as kit
from serkit.cli import app

HEAVY = {
    *("numpy", "scipy", "pandas", "pyarrow", "h5py", "sklearn", "skops", "xgboost", "rich"),
    *("torch", "tensorflow", "keras", "jax", "transformers", "datasets", "librosa"),
    *("soundfile", "soxr", "pooch", "requests", "matplotlib", "opensmile", "pydantic"),
}

DRIVER = """
import contextlib, io, json, sys
from serkit.cli import main
out = io.StringIO()
code = 0
try:
    with contextlib.redirect_stdout(out):
        main()
except SystemExit as leaving:
    code = leaving.code
print(json.dumps([code, out.getvalue(), sorted(sys.modules)]))
"""


def every_command() -> list[tuple[str, ...]]:
    """Return every command there is, as it is typed; the groups too."""
    root = get_command(app)
    commands: list[tuple[str, ...]] = [()]
    for name, command in root.commands.items():
        commands.append((name,))
        commands += [(name, each) for each in getattr(command, "commands", ())]
    return commands


def started(*arguments: str) -> tuple[int, str, set[str]]:
    """Run a command in a fresh process and return its code, stdout and the packages it imported."""
    code, out, modules = imported(*arguments)
    return code, out, {name.partition(".")[0] for name in modules}


def imported(*arguments: str) -> tuple[int, str, set[str]]:
    """Run a command in a fresh process and return its code, stdout and the modules it imported."""
    result = subprocess.run(
        [sys.executable, "-c", DRIVER, *arguments], capture_output=True, text=True, check=True
    )
    code, out, modules = json.loads(result.stdout)
    return code or 0, out, set(modules)


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("train", "--help"), ("store", "why", "--help")]
)
def test_help_imports_no_heavy_package(arguments):
    code, out, modules = started(*arguments)
    assert code == 0
    assert out
    assert modules & HEAVY == set()


def test_a_command_converts_its_options_without_pydantic():
    """Typer's own conversion imports it, which takes as long as all of ``--help``."""
    code, out, modules = started("protocols", "--json")
    assert code == 0
    assert out
    assert "pydantic" not in modules


def test_usage_errors_do_not_import_them_either():
    code, _, modules = started("train", "logreg", "--protocl", "luna5")
    assert code == 2
    assert modules & HEAVY == set()


def test_commands_on_the_store_import_nothing_of_runs(speech_store):
    result = subprocess.run(
        [sys.executable, "-c", DRIVER, "store", "ls", "--store", str(speech_store)],
        capture_output=True,
        text=True,
        check=True,
    )
    _, out, modules = json.loads(result.stdout)
    assert "96 clips of synthetic" in out
    assert [
        name for name in modules if name.startswith(("serkit.experiments", "serkit.results"))
    ] == []


def test_compare_imports_neither_pandas_nor_scipy(speech_runs):
    """Both take longer than ranking fifty runs."""
    code, out, modules = started("compare", "--runs", str(speech_runs), "--json")
    assert code == 0
    assert "logreg" in out
    assert modules & {"pandas", "scipy", "sklearn", "matplotlib"} == set()


def test_predict_loads_only_what_the_model_needs(speech, speech_runs):
    """A cold start is what a person waits for: one of these packages takes up to a second."""
    clip = next(speech.rglob("*.wav"))
    arguments = ("predict", "logreg-luna5", str(clip), "--runs", str(speech_runs), "--json")
    code, out, modules = imported(*arguments)
    assert code == 0
    assert clip.name in out
    frameworks = {"torch", "tensorflow", "keras", "jax", "transformers", "xgboost", "librosa"}
    tables = {"pandas", "pyarrow", "h5py", "rich", "pydantic"}
    classical = {"sklearn", "skops", "scipy.signal", "scipy.linalg", "scipy.stats", "scipy.ndimage"}
    own = {
        *("serkit.compute.local", "serkit.compute.environment", "serkit.evaluation.metrics"),
        *(
            "serkit.store.store",
            "serkit.experiments",
            "serkit.reports",
            "serkit.prediction.onnx_file",
        ),
    }
    assert modules & (frameworks | tables | classical | own | {"multiprocessing"}) == set()


def test_the_library_itself_imports_none_of_them():
    code = "import json, sys, serkit; dir(serkit); print(json.dumps(sorted(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    modules = {name.partition(".")[0] for name in json.loads(result.stdout)}
    assert modules & HEAVY == set()


def test_the_promised_commands_exist():
    names = {command[0] for command in every_command() if command}
    assert names == {
        *("synth", "download", "check", "extract", "store", "train", "compare", "show"),
        *("predict", "eda", "invert", "report", "card", "curve", "fit", "serve", "export"),
        *("features", "models", "protocols", "doctor", "demo", "human", "stress", "evaluate"),
        "tune",
    }
    inner = {command[1] for command in every_command() if command[:1] == ("store",) and command[1:]}
    assert inner == {"ls", "why", "verify", "repair", "gc", "export"}


@pytest.mark.parametrize("command", every_command(), ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_explains_itself(cli, command, option):
    answer = cli(*command, option)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(f"Usage: {' '.join(('serkit', *command))}")
    text = get_command(app)
    for name in command:
        text = text.commands[name]
    assert text.help
    assert " ".join(text.help.split()) in " ".join(answer.out.split())


OPTIONS = {
    ("synth",): "--actors --seed",
    ("download",): "--dest --url",
    ("extract",): "--features --store --workers --json --estimate --dry-run",
    ("train",): "--store --runs --protocol --preset --set --seed --json",
    ("predict",): "--fold --runs --workers --json --csv",
    ("compare",): "--runs --protocol --published --json --csv --markdown",
    ("store", "ls"): "--store --json",
    ("store", "why"): "--store --json",
    ("store", "verify"): "--store --json",
    ("store", "repair"): "--store --json",
    ("store", "gc"): "--store --json",
    ("store", "export"): "--to --store --json",
}
"""The flags of the contract."""


@pytest.mark.parametrize("command", OPTIONS, ids=" ".join)
def test_it_has_the_flags_of_the_contract(cli, command):
    words = set(cli(*command, "--help").out.split())
    assert words >= set(OPTIONS[command].split())


@pytest.mark.parametrize("command", every_command(), ids=" ".join)
def test_every_option_and_argument_is_explained(command):
    found = get_command(app)
    for name in command:
        found = found.commands[name]
    silent = [p.name for p in found.params if not getattr(p, "help", None)]
    assert set(silent) <= {"install_completion", "show_completion"}


@pytest.mark.parametrize("command", [(), ("store",)], ids=["serkit", "serkit store"])
def test_a_group_alone_shows_its_help_and_is_wrong_usage(cli, command):
    answer = cli(*command)
    assert answer.code == 2
    assert answer.err.startswith(f"Usage: {' '.join(('serkit', *command))}")


def test_it_says_its_version(cli):
    from importlib.metadata import version

    assert cli("--version").out == f"serkit {version('serkit')}\n"


def test_python_m_serkit_is_the_same_program():
    result = subprocess.run(
        [sys.executable, "-m", "serkit", "nosuch"], capture_output=True, text=True
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "serkit: no such command 'nosuch'; see 'serkit --help'\n"


def test_a_repeated_extract_imports_neither_pandas_nor_scipy(tmp_path):
    """Half a second of imports on a slow machine, where a second is the target for all of it."""
    corpus = kit.make_clips(tmp_path / "corpus", range(2))
    arguments = ("extract", str(corpus), "--store", str(tmp_path / "store"), "--workers", "1")
    arguments += ("--features", "raw,change_deviation,mel128")
    first, _, imported = started(*arguments)
    again, _, imported_again = started(*arguments)
    assert (first, again) == (0, 0)
    assert "pandas" not in imported
    assert imported_again & {"pandas", "scipy", "soundfile", "h5py"} == set()


ENDING = """
import atexit, gc, os, sys
usual = gc.get_threshold()
searches = []
gc.callbacks.append(lambda phase, info: searches.append(info["generation"]))

def report():
    print(len(searches), gc.get_freeze_count() > 10_000)
    if not (child := os.fork()):
        os._exit(gc.get_threshold() != usual)
    print(os.waitpid(child, 0)[1])
    print(gc.get_threshold() == usual, gc.collect(0), gc.get_threshold() == usual)

from serkit.cli import main
searches.clear()
atexit.register(report)
main()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_command_does_not_search_its_imports_for_garbage(tmp_path):
    """Nor everything when it ends; workers and long commands collect as usual."""
    command = [sys.executable, "-c", ENDING, "features"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-3:] == ["0 True", "0", "False 0 True"]

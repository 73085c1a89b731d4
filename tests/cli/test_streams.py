"""Standard streams that are closed, or that lack characters: nothing breaks, nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from serkit.audio import write_wav

posix = pytest.mark.skipif(os.name == "nt", reason="a POSIX shell, or names of any bytes")


def run(*arguments, shell="", cwd, **environment):
    """Run the command line as a shell would."""
    command = [sys.executable, "-m", "serkit", *map(str, arguments)]
    if shell:
        command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
    return subprocess.run(
        command, capture_output=True, cwd=cwd, env={**os.environ, **environment}, check=False
    )


@pytest.fixture
def corpus(make_corpus):
    return make_corpus(3, seconds=0.05)


@posix
@pytest.mark.parametrize("shell", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_written_to_in_silence(corpus, tmp_path, shell):
    done = run("extract", corpus, "--store", "st", "--features", "raw", shell=shell, cwd=tmp_path)
    assert done.returncode == 0
    assert (done.stdout == b"") == (shell != "2>&-")
    assert b"Traceback" not in done.stderr
    assert run("store", "verify", "--store", "st", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("encoding", ["cp1252"])
def test_characters_that_an_encoding_lacks_are_replaced(corpus, tmp_path, encoding):
    folder = tmp_path / "Aufnahme 😀"
    folder.mkdir()
    (folder / "03-01-04-01-01-01-01.wav").write_bytes(b"junk")
    done = run("check", folder, "--corpus", "ravdess", cwd=tmp_path, PYTHONIOENCODING=encoding)
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr
    assert b"Aufnahme \\U0001f600" in done.stdout


@posix
@pytest.mark.parametrize("arguments", [["check"], ["extract", "--store", "st", "--features=raw"]])
def test_a_folder_whose_name_is_not_text_works(tmp_path, arguments):
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/Schl\xfcssel")
    os.mkdir(folder)  # noqa: PTH102
    write_wav(Path(folder) / "03-01-04-01-01-01-01.wav", np.ones(4_800, np.int16))
    command, *options = arguments
    done = run(command, folder, "--corpus", "ravdess", *options, cwd=tmp_path)
    assert b"Traceback" not in done.stderr
    assert b"1 clips" in done.stdout

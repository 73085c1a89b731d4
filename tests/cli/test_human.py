"""``serkit human``: through a pipe, in a real terminal, and killed in the middle."""

from __future__ import annotations

import io
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HEADER = "listener,clip,answer,seconds"


@pytest.fixture
def human(cli, speech_store, monkeypatch):
    """Return a function that runs ``serkit human`` with lines on stdin."""

    def run(*lines: str, options: tuple[object, ...] = ()):
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        given = ("--store", speech_store, "--clips", 7, "--player", "path")
        return cli("human", *given, *options)

    return run


def said(path: str = "listening/answers.csv") -> list[list[str]]:
    head, *lines = Path(path).read_text().splitlines()
    assert head == HEADER
    return [line.split(",") for line in lines]


class TestThroughAPipe:
    def test_a_complete_test_ends_with_a_ranked_run(self, human, cli):
        answer = human("1", "r", "calm", "3", "u", "4", "x", "s", "5", "6", "7", "8")
        assert answer.code == 0
        assert "confusion (rows: true)" in answer.out
        lines = answer.err.splitlines()
        assert lines[0] == (
            "serkit: 1 neutral 2 calm 3 happy 4 sad 5 angry 6 fearful 7 disgust 8 surprised | "
            "r replay u undo s skip q stop"
        )
        assert lines[1].startswith("serkit: play ")
        assert lines[1].endswith("clip-1.wav")
        assert "serkit: clip 7 of 7: which emotion?" in lines
        assert "serkit: 'x' is not one of the keys" in lines
        assert lines[-1] == "serkit: the run human-answers is listed by 'serkit compare'"
        answers = [row[2] for row in said()]
        assert answers == [
            *("neutral", "calm", "happy", "(undone)", "sad", "(skipped)"),
            *("angry", "fearful", "disgust", "surprised"),
        ]
        (row,) = cli("compare", "--json").json
        assert (row["model"], row["protocol"], row["clips"]) == ("human", "listening", 7)

    @pytest.mark.parametrize("stop", [(), ("q",), ("stop",)])
    def test_it_stops_where_input_ends_and_says_nothing_of_the_truth(self, human, stop):
        answer = human("1", "2", *stop)
        assert answer.code == 0
        assert answer.out == (
            "2 of 7 clips answered, kept in listening/answers.csv; the same command resumes\n"
        )
        assert not Path("runs").exists()
        told = answer.err.partition("\n")[2]
        assert not [name for name in ("sad", "03-01", "right", "it was") if name in told]

    def test_it_resumes_and_undo_has_a_limit(self, human):
        human("1", "2")
        answer = human("u", "u", "u", "q")
        assert "serkit: there is no answer to take back" in answer.err.splitlines()
        assert [row[2] for row in said()] == ["neutral", "calm", "(undone)", "(undone)"]

    def test_feedback_follows_each_answer(self, human):
        answer = human("1", options=("--feedback",))
        assert any(line.startswith("serkit: it was ") for line in answer.err.splitlines())

    def test_stdout_holds_only_json(self, human):
        found = human("1", options=("--json", "--listener", "ann")).json
        assert found == {
            "listener": "ann",
            "answered": 1,
            "total": 7,
            "answers": "listening/answers.csv",
            "run": None,
        }

    def test_answers_of_elsewhere_become_a_run(self, human, speech_store):
        clip = "03-01-05-02-01-01-02"
        Path("study.csv").write_text(f"clip,answer\n{clip},angry\n")
        answer = human(options=("--import", "study.csv", "--json"))
        assert (answer.json["run"], answer.json["clips"]) == ("human-study", 1)
        refused = human(options=("--import", "study.csv", "--answers", "other.csv"))
        assert refused.code == 2
        assert refused.message == "--import and --answers exclude each other; give one of them"


def read_until(terminal: int, text: str) -> str:
    """Read what a program shows until a text is there."""
    seen = ""
    while text not in seen:
        readable, _, _ = select.select([terminal], [], [], 60)
        assert readable, f"{text!r} never came, but {seen!r}"
        seen += os.read(terminal, 4096).decode()
    return seen


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo terminal")
def test_in_a_terminal_one_key_is_an_answer_and_a_kill_loses_none(speech_store, tmp_path):
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "serkit", "human", "--store", speech_store, "--player", "path"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=tmp_path,
    )
    try:
        read_until(ours, "clip 1 of 50: which emotion?")
        os.write(ours, b"1")
        read_until(ours, "clip 2 of 50: which emotion?")
        os.write(ours, b"\x1b[A")  # a cursor key is none of ours
        read_until(ours, "is not one of the keys")
        os.write(ours, b"r")
        read_until(ours, "clip-3.wav")
        os.write(ours, b"8")
        read_until(ours, "clip 3 of 50: which emotion?")
        process.send_signal(signal.SIGKILL)
        process.wait()
    finally:
        process.kill()
        os.close(ours)
        os.close(theirs)
    answers = [row[2] for row in said(str(tmp_path / "listening" / "answers.csv"))]
    assert answers == ["neutral", "surprised"]


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo terminal")
def test_keys_are_read_singly_and_the_terminal_is_left_as_it_was(monkeypatch):
    import termios

    from serkit.cli.keys import END, forget_typed, read_key, single_keys

    ours, theirs = os.openpty()
    with os.fdopen(theirs, closefd=False) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        before = termios.tcgetattr(theirs)
        with single_keys():
            os.write(ours, b"stale")
            forget_typed()
            for typed, key in ((b"4", "4"), ("é".encode(), "é"), (b"12", "1"), (b"\x04", END)):
                os.write(ours, typed)
                assert read_key() == key
        assert termios.tcgetattr(theirs) == before
        monkeypatch.undo()
    os.close(ours)
    os.close(theirs)

"""Where results and messages go, and that texts from outside are shown as they stand."""

from __future__ import annotations

import io
import re
import shutil
import sys
import threading
from dataclasses import replace

import pytest

from runkit import make_run
from serkit.cli import output
from serkit.experiments.progress import Progress
from serkit.store.manifest import Failure

ODD = ["b[/x]", "b [v2]", "[red]", ":smile:"]


@pytest.mark.parametrize("name", ODD)
class TestNamesThatLookLikeMarkup:
    def test_check(self, cli, make_corpus, name):
        answer = cli("check", make_corpus(1, seconds=0.2, folder=name), "--workers", 1)
        assert "Traceback" not in answer.err
        assert f"/{name}: 1 clips in 1 files" in answer.out.replace("\\", "/")

    def test_extract_and_store_ls(self, cli, make_corpus, name):
        corpus, store = make_corpus(1, seconds=0.2), f"{name}/s"
        options = ("--features", "change_deviation", "--workers", 1, "--store", store)
        assert f"1 clips in {store} (" in cli("extract", corpus, *options).out
        assert f"{store}: 1 clips of ravdess" in cli("store", "ls", "--store", store).out

    def test_export(self, cli, speech_store, name):
        out = f"{name}.npz" if "/" not in name else f"{name}/x.npz"
        options = ("--to", "npz", "--out", out, "--store", speech_store)
        assert cli("store", "export", "change_deviation", *options).out.startswith(f"{out} (")


def test_the_folder_of_a_run_that_looks_like_markup(cli, tmp_path):
    make_run(tmp_path / "runs", "svm[v2]-[red]")
    for form in ((), ("--json",)):
        assert "svm[v2]-[red]" in cli("compare", *form).out
    assert cli("show", "last").out.startswith("svm[v2]-[red]\n")


def test_the_diagonal_of_the_confusion_matrix_holds_numbers_alone(cli, speech_runs):
    text = cli("show", "majority", "--runs", speech_runs).out
    neutral, *_ = re.findall(r"^ *neutral +([0-9].*)$", text.split("confusion")[1], re.MULTILINE)
    cells = neutral.split()
    assert len(cells) == 9
    assert all(re.fullmatch(r"[0-9.]+", cell) for cell in cells)


@pytest.mark.parametrize("command", ["models", "models lstm", "protocols", "features", "doctor"])
def test_piped_tables_are_at_most_100_columns_wide(cli, command):
    lines = cli(*command.split()).out.splitlines()
    assert 80 < max(map(len, lines)) <= 100


def test_piped_sentences_stay_on_one_line(capsys):
    sentence = "no room " * 40
    output.print_rich(sentence)
    assert capsys.readouterr().out == sentence + "\n"


def test_a_message_is_one_line(capsys):
    output.say("one\ntwo\r\n  three")
    assert capsys.readouterr().err == "serkit: one two three\n"


def test_many_failures_are_cut_and_counted(capsys):
    output.say_failures([Failure(f"{i}.wav", "AudioError", "is bad", str(i)) for i in range(23)])
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == output.MOST_LISTED + 1
    assert lines[0] == "serkit: 0.wav failed: AudioError: is bad"
    assert lines[-1] == "serkit: 3 further failures (--json lists all)"


class TestBarsOfTraining:
    def told(self, monkeypatch, *steps: Progress) -> str:
        """Return what a terminal shows, each step drawn."""
        screen = io.StringIO()
        screen.isatty = lambda: True
        monkeypatch.setattr(sys, "stderr", screen)
        monkeypatch.setattr(output, "_REDRAW_SECONDS", -1)
        monkeypatch.setenv("COLUMNS", "160")
        with output.training("cnn") as report:
            for step in steps:
                report(step)
        return screen.getvalue()

    def test_one_counts_epochs_and_one_the_batches_of_the_epoch(self, monkeypatch):
        epoch = Progress("actor 2", 2, 5, 3, 60, "loss 1.234, validation UAR 45.1 %")
        batch = replace(epoch, what="epoch 4, loss 1.200", batch=7, batches=32)
        shown = self.told(monkeypatch, epoch, batch)
        assert "training cnn, fold 2 of 5, loss 1.234, validation UAR 45.1 %" in shown
        assert " 3/60" in shown
        assert "epoch 4, loss 1.200" in shown
        assert " 7/32" in shown
        assert "left" in shown

    def test_names_that_look_like_markup_are_shown_as_they_stand(self, monkeypatch):
        assert "[red]" in self.told(monkeypatch, Progress("1", 1, 2, 0, 1, "[red]"))

    def test_nothing_is_shown_without_a_terminal(self, capsys):
        with output.training("svm") as report:
            report(Progress("2", 2, 5, 3, 5, "fitting"))
        assert capsys.readouterr().err == ""

    def test_no_thread_is_started(self, monkeypatch):
        before = threading.active_count()
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        with output.training("svm"):
            assert threading.active_count() == before


class TestABar:
    @pytest.mark.parametrize(
        ("command", "shown"),
        [
            ("store gc", "rewriting"),
            ("store export raw --to npz", "exporting raw .*1/1 clips, .*/s, left"),
            ("extract corpus --dry-run", "comparing .*1/1 files, .*/s, left"),
            ("extract corpus --estimate", "reading headers .*1/1 files, .*/s, left"),
        ],
    )
    def test_is_shown_on_terminals_only(self, cli, make_corpus, monkeypatch, command, shown):
        corpus = make_corpus(1, seconds=0.2)
        cli("extract", corpus, "--features", "raw", "--workers", 1)
        shutil.copytree(corpus / "Actor_01", corpus / "again" / "Actor_01")
        silent = cli(*command.split())
        assert (silent.code, silent.err) == (0, "")
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        watched = cli(*command.split())
        assert (watched.code, watched.out == "") == (0, False)
        assert re.search(shown, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", watched.err))

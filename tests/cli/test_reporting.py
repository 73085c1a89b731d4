"""``serkit report`` from the command line."""

from __future__ import annotations

from pathlib import Path


def test_a_page_about_every_run(cli, speech_runs):
    answer = cli("report", "--runs", speech_runs)
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == "serkit: written: report.html\n"
    assert "logreg" in Path("report.html").read_text(encoding="utf-8")


def test_a_page_about_some(cli, speech_runs):
    cli("report", "majority-luna5", "--runs", speech_runs, "--out", "some.html")
    assert "logreg" not in Path("some.html").read_text(encoding="utf-8")


def test_an_unknown_run_is_one_sentence(cli, speech_runs):
    answer = cli("report", "nobody", "--runs", speech_runs)
    assert answer.code == 2
    assert answer.message.startswith("unknown run 'nobody'")


def test_a_card_goes_to_standard_output_or_a_file(cli, speech_runs):
    answer = cli("card", "logreg-luna5", "--runs", speech_runs)
    assert answer.out.startswith("---\nlibrary_name:")
    cli("card", "logreg-luna5", "--runs", speech_runs, "--out", "README.md")
    assert Path("README.md").read_text(encoding="utf-8") == answer.out

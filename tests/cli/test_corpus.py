"""``serkit synth``, ``check``, ``download``: getting a corpus and looking at it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from serkit import api
from serkit.errors import DownloadError
from serkit.synthesis import corpus

CHECK_KEYS = {
    *("corpus", "root", "files", "clips", "counts", "frames", "missing", "extra", "duplicates"),
    *("unreadable", "altered", "identical", "unparsed", "left_out", "notes"),
}


@pytest.fixture
def few_clips(monkeypatch):
    """Let a synthetic corpus have three clips."""
    names = corpus.clip_names(1)[:3]
    monkeypatch.setattr(corpus, "clip_names", lambda _actors: names)


@pytest.fixture
def copy(speech, tmp_path) -> Path:
    """A corpus of one actor that a test may spoil."""
    shutil.copytree(speech / "Actor_01", tmp_path / "corpus" / "Actor_01")
    shutil.copy(speech / corpus.MARKER, tmp_path / "corpus")
    return tmp_path / "corpus"


class TestSynth:
    def test_json(self, cli, few_clips):
        answer = cli("synth", "made", "--actors", 1, "--seed", 3, "--workers", 1, "--json")
        assert answer.code == 0
        assert answer.json.keys() == {"dest", "clips", "actors", "seed", "seconds"}
        assert (answer.json["clips"], answer.json["seed"]) == (3, 3)
        assert len(list(Path("made").rglob("*.wav"))) == 3

    def test_in_words(self, cli, few_clips):
        answer = cli("synth", "made", "--actors", 1, "--workers", 1)
        assert answer.out.startswith("3 clips by 1 synthetic actors in made (")

    def test_a_folder_that_holds_something_else_is_left_alone(self, cli, few_clips):
        Path("full").mkdir()
        Path("full/thesis.txt").write_text("x")
        answer = cli("synth", "full", "--actors", 1)
        assert answer.code == 2
        assert answer.message == (
            f"full is not empty and is not a synthetic corpus (it has no {corpus.MARKER}); "
            "nothing was overwritten; name a new or an empty folder"
        )

    def test_too_many_actors(self, cli):
        answer = cli("synth", "made", "--actors", 25)
        assert (answer.code, answer.message) == (
            2,
            "25 actors were asked for; 1 to 24 are allowed",
        )


class TestCheck:
    def test_json(self, cli, speech):
        answer = cli("check", speech, "--workers", 1, "--json")
        assert (answer.code, answer.err) == (0, "")
        assert answer.json.keys() >= CHECK_KEYS
        assert (answer.json["corpus"], answer.json["clips"]) == ("synthetic", 96)
        assert answer.json["counts"]["speaker"] == {str(actor): 16 for actor in range(1, 7)}

    def test_in_words(self, cli, speech):
        answer = cli("check", speech, "--workers", 1)
        assert answer.code == 0
        assert "synthetic in" in answer.out
        assert "clean: everything is readable (nobody has published its samples)" in answer.out

    def test_an_unreadable_clip_makes_it_3_and_is_named(self, cli, copy):
        broken = next(copy.rglob("*.wav"))
        broken.write_bytes(b"RIFF")
        answer = cli("check", copy, "--workers", 1, "--json")
        assert answer.code == 3
        (unreadable,) = answer.json["unreadable"]
        assert unreadable.keys() == {"path", "error", "message"}
        assert unreadable["path"] == broken.relative_to(copy).as_posix()
        text = cli("check", copy, "--workers", 1)
        assert text.code == 3
        assert unreadable["path"] in text.out
        assert "not clean" in text.out

    def test_names_that_do_not_parse_are_listed_with_their_paths(self, cli, copy):
        clip = next(copy.rglob("*.wav"))
        shutil.copy(clip, copy / "Actor_01" / "jingle.wav")
        answer = cli("check", copy, "--workers", 1)
        said = "Actor_01/jingle.wav is skipped: jingle.wav is not a RAVDESS name"
        assert said in answer.out

    def test_many_of_them_are_cut_and_counted(self, cli, copy):
        for number in range(13):
            (copy / f"jingle-{number:02d}.wav").write_bytes(b"")
        answer = cli("check", copy, "--workers", 1)
        assert answer.out.count(" is skipped: ") == 10
        assert "and 3 more of 13 (--json lists all)" in answer.out
        assert len(cli("check", copy, "--workers", 1, "--json").json["unparsed"]) == 13

    def test_a_contradiction_does_not_hide_behind_harmless_copies(self, cli, copy):
        clips = sorted(copy.rglob("*.wav"))
        (copy / "again").mkdir()
        for clip in clips:
            shutil.copy(clip, copy / "again")
        shutil.copy(clips[0], copy / "again" / clips[-1].name)
        answer = cli("check", copy, "--workers", 1)
        assert answer.code == 3
        assert answer.out.count("one clip, the same samples") == 9
        assert answer.out.count("one clip, DIFFERENT samples") == 1


class TestDownload:
    def test_a_corpus_without_download_has_a_hint(self, cli):
        answer = cli("download", "synthetic")
        assert answer.code == 2
        assert answer.err.splitlines()[-1] == (
            "serkit: synthetic cannot be downloaded; make it with 'serkit synth DEST'"
        )

    def test_a_failed_download_is_an_error(self, cli, monkeypatch):
        def download(*_, **options):
            raise DownloadError(f"nobody answers at {options['url']}", hint="try again")

        monkeypatch.setattr(api, "download", download)
        answer = cli("download", "ravdess", "--url", "http://localhost/x")
        assert (answer.code, answer.out) == (1, "")
        first, last = answer.err.splitlines()
        assert first.startswith(
            "serkit: Ryerson Audio-Visual Database of Emotional Speech and Song; licence CC-BY"
        )
        assert last == "serkit: nobody answers at http://localhost/x; try again"


def test_check_counts_files_whose_samples_were_scaled(cli, make_corpus):
    corpus = make_corpus(1, seconds=0.05)
    path = next(corpus.rglob("*.wav"))
    soundfile.write(path, 2 * np.sin(np.arange(9_000) / 20), 48_000, subtype="FLOAT")
    lines = cli("check", corpus, "--workers", 1).out.splitlines()
    warning = next(line for line in lines if line.startswith("warning: "))
    assert warning.startswith(f"warning: Actor_01/{path.name}: its float samples reach 2 times")


@pytest.mark.parametrize("arguments", [("extract", ""), ("check", "x", "--corpus", "")])
def test_an_empty_argument_is_an_unset_variable(cli, arguments):
    answer = cli(*arguments)
    assert (answer.code, answer.message) == (
        2,
        f"argument {arguments.index('') + 1} is empty; is a shell variable unset? '.' is the "
        "current folder",
    )

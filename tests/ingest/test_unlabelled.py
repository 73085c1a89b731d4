"""Audio without labels: which files are found, and what clips they become."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from serkit.errors import NotFoundError, SerkitError, UnreadableAudioError
from serkit.ingest.corpus import CORPORA
from serkit.ingest.unlabelled import CORPUS, find_audio, unlabelled_name
from serkit.labels import UNKNOWN


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def touch(*names: str) -> None:
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def reasons(given: list[str]) -> dict[str, str]:
    return {k: str(v) for k, v in find_audio(given).items() if isinstance(v, SerkitError)}


def test_files_and_contents_of_folders_in_the_given_order(here):
    touch("b.wav", "d/z.flac", "d/sub/a.WAV", "d/notes.txt", "d/.hidden.wav")
    found = find_audio(["d", "b.wav"])
    assert list(found) == ["d/sub/a.WAV", "d/z.flac", "b.wav"]
    assert all(Path(shown) == path for shown, path in found.items())


def test_each_file_once(here):
    touch("d/a.wav")
    Path("d/link.wav").symlink_to("a.wav")
    assert list(find_audio(["d/a.wav", "d", "./d/a.wav", here / "d"])) == ["d/a.wav"]


def test_non_audio_files_are_rejected(here):
    touch("song.txt", "empty/readme.txt")
    os.mkfifo("pipe.wav")
    assert reasons(["nope.wav", "song.txt", "empty", "pipe.wav", "x" * 300]) == {
        "nope.wav": "no file or folder nope.wav",
        "song.txt": "song.txt has no audio file extension; names that end in .wav, .flac, .ogg, "
        ".opus, .mp3 or .aiff are",
        "empty": "no audio file in empty; give a folder with some",
        "pipe.wav": "pipe.wav is neither a file nor a folder",
        "x" * 300: f"no file or folder {'x' * 300}",
    }
    assert isinstance(find_audio(["nope.wav"])["nope.wav"], NotFoundError)


def test_a_link_to_nowhere_in_a_folder(here):
    touch("d/a.wav")
    Path("d/b.wav").symlink_to("gone")
    assert reasons(["d"]) == {"d/b.wav": "no file or folder d/b.wav"}


def test_a_path_that_cannot_be_written_down(here):
    name = os.fsdecode(b"caf\xe9.wav")
    touch(name)
    assert reasons([name]) == {"caf\\udce9.wav": "the path caf\\udce9.wav is not UTF-8; rename it"}
    assert isinstance(find_audio([name])["caf\\udce9.wav"], UnreadableAudioError)


def test_the_home_folder(here, monkeypatch):
    touch("a.wav")
    monkeypatch.setenv("HOME", str(here))
    assert list(find_audio(["~/a.wav"])) == [str(here / "a.wav")]


def test_nothing_is_known_of_the_clips():
    name = unlabelled_name("0")
    assert (name.clip_id, name.emotion) == ("0", UNKNOWN)
    assert (name.speaker, name.actor, name.sex) == (UNKNOWN, None, UNKNOWN)


def test_it_is_never_recognised_in_a_folder():
    assert CORPUS not in CORPORA.names()

"""audEERING's database format as a source."""

from __future__ import annotations

from pathlib import Path

import pytest

import serkit
from serkit.errors import CorpusError, MissingDependencyError
from serkit.ingest import audformat as module
from serkit.ingest.scan import scan

audformat = pytest.importorskip("audformat")

FILES = ["audio/001.wav", "audio/002.wav", "audio/003.wav"]


@pytest.fixture
def database(make_corpus) -> Path:
    folder = make_corpus(["a"], folder="emotions").parent / "emotions"
    made = folder / "Actor_a" / "a.wav"
    (folder / "audio").mkdir()
    for number, name in enumerate(FILES):
        data = bytearray(made.read_bytes())
        data[-1 - number] ^= 1
        (folder / name).write_bytes(data)
    made.unlink()
    return folder


def describe(folder: Path, emotion: str = "emotion") -> None:
    """Write a ``db.yaml`` of three files, two of them for training."""
    db = audformat.Database("emotions")
    db.schemes[emotion] = audformat.Scheme(labels=["anger", "happiness"])
    people = {"s1": {"gender": "female", "age": 31}, "s2": {"gender": "male"}}
    db.schemes["speaker"] = audformat.Scheme(labels=people)
    for split, files, labels in (
        ("train", FILES[:2], ["anger", "happiness"]),
        ("test", FILES[2:], ["anger"]),
    ):
        db.splits[split] = audformat.Split(split)
        table = audformat.Table(audformat.filewise_index(files), split_id=split)
        db[f"emotion.{split}"] = table
        table[emotion] = audformat.Column(scheme_id=emotion)
        table[emotion].set(labels)
    db["files"] = audformat.Table(audformat.filewise_index(FILES))
    db["files"]["speaker"] = audformat.Column(scheme_id="speaker")
    db["files"]["speaker"].set(["s1", "s2", "s2"])
    db.save(str(folder))


def test_labels_speakers_and_splits_are_read(database: Path) -> None:
    describe(database)
    found = scan(database)
    names = {file.path: file.name for file in found.files}
    first, _, last = (names[path] for path in FILES)
    assert (first.emotion, first.speaker, first.sex, first.age) == ("anger", "s1", "female", 31)
    assert (last.speaker, last.sex, last.age, last.split) == ("s2", "male", None, "test")
    assert found.corpus.name.startswith("emotions@")


def test_it_is_extracted_like_any_table(database: Path, tmp_path: Path) -> None:
    describe(database)
    report = serkit.extract(
        database, store=tmp_path / "s", features=["change_deviation"], workers=1
    )
    assert (report.computed, report.failed) == (3, ())
    assert serkit.FeatureStore(tmp_path / "s").labels.names == ("anger", "happiness")


def test_labels_of_parts_of_files_are_refused(database: Path) -> None:
    db = audformat.Database("emotions")
    db.schemes["emotion"] = audformat.Scheme("str")
    db["segments"] = audformat.Table(
        audformat.segmented_index(FILES[:2], ["0s", "1s"], ["1s", "2s"])
    )
    db["segments"]["emotion"] = audformat.Column(scheme_id="emotion")
    db["segments"]["emotion"].set(["anger", "happiness"])
    db.save(str(database))
    with pytest.raises(CorpusError, match=r"2 of 2 labels of .* are of parts of files"):
        scan(database)


def test_a_database_without_emotions_says_what_it_has(database: Path) -> None:
    describe(database, emotion="mood")
    with pytest.raises(CorpusError, match=r"no table of .* emotion or label.* mood, speaker"):
        scan(database)


def test_a_damaged_header_is_one_sentence(database: Path) -> None:
    (database / module.HEADER).write_text("name: [")
    with pytest.raises(CorpusError, match=r"db.yaml cannot be read"):
        scan(database)


def test_without_the_package_the_extra_is_named(database: Path, monkeypatch) -> None:
    describe(database)
    monkeypatch.setitem(__import__("sys").modules, "audformat", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'serkit\[audformat\]'"):
        scan(database)

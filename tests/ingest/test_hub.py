"""Hugging Face data sets as a source."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import serkit
from serkit.errors import CorpusError, MissingDependencyError
from serkit.ingest import hub
from serkit.ingest.scan import scan

datasets = pytest.importorskip("datasets")

STORED = {"bytes": datasets.Value("binary"), "path": datasets.Value("string")}
"""How Arrow holds audio: made so, no encoder is needed."""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(hub, "_cache", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def data(make_corpus):
    """Three clips as bytes, two of one name."""
    folder = make_corpus(["a", "b"])
    audio = [(folder / "Actor_a" / "a.wav"), (folder / "Actor_b" / "b.wav")]
    rows = {
        "audio": [
            {"bytes": audio[0].read_bytes(), "path": "clip.wav"},
            {"bytes": audio[1].read_bytes(), "path": "clip.wav"},
            {"bytes": audio[0].read_bytes()[:-2], "path": None},
        ],
        "label": [0, 1, 0],
        "speaker_id": [11, 12, 12],
        "notes": [["no"], ["scalar"], []],
    }
    kinds = {
        "audio": STORED,
        "label": datasets.ClassLabel(names=["angry", "sad"]),
        "speaker_id": datasets.Value("int64"),
        "notes": datasets.Sequence(datasets.Value("string")),
    }
    made = datasets.Dataset.from_dict(rows, features=datasets.Features(kinds))
    return made.cast_column("audio", datasets.Audio())


def test_classes_are_named_and_equal_file_names_kept_apart(data) -> None:
    names = [file.name for file in scan(data).files]
    assert {(name.clip_id, name.emotion, name.speaker) for name in names} == {
        ("000002", "angry", "12"),
        ("clip", "angry", "11"),
        ("clip-000001", "sad", "12"),
    }


def test_a_saved_folder_is_recognised_and_unpacked_once(data, tmp_path, cache) -> None:
    data.save_to_disk(str(tmp_path / "moods"))
    first = scan(tmp_path / "moods")
    assert first.corpus.name.startswith("moods@")
    (table,) = cache.rglob("metadata.csv")
    before = table.stat().st_mtime_ns
    assert scan(tmp_path / "moods").files == first.files
    assert table.stat().st_mtime_ns == before


def test_splits_of_a_data_set_are_a_column(data) -> None:
    both = datasets.DatasetDict({"train": data.select([0, 1]), "test": data.select([2])})
    parts = {file.path: file.name.split for file in scan(both).files}
    assert parts == {
        "test/000000.wav": "test",
        "train/clip.wav": "train",
        "train/clip-000001.wav": "train",
    }


def test_it_goes_from_extract_to_a_store(data, tmp_path) -> None:
    report = serkit.extract(data, store=tmp_path / "s", features=["change_deviation"], workers=1)
    assert report.computed == 2  # the third file is cut short
    assert [failure.error for failure in report.failed] == ["TruncatedAudioError"]
    assert serkit.FeatureStore(tmp_path / "s").labels.names == ("angry", "sad")


def test_a_data_set_without_audio_says_what_it_has(data) -> None:
    with pytest.raises(CorpusError, match=r"no column of audio .*label, speaker_id, notes"):
        scan(data.remove_columns("audio"))


def test_audio_that_is_gone_is_named(data, tmp_path) -> None:
    rows = {"audio": [{"bytes": None, "path": str(tmp_path / "gone.wav")}], "label": ["x"]}
    kinds = {"audio": STORED, "label": datasets.Value("string")}
    made = datasets.Dataset.from_dict(rows, features=datasets.Features(kinds))
    absent = made.cast_column("audio", datasets.Audio())
    with pytest.raises(CorpusError, match=r"names the audio file .*gone.wav, which is not there"):
        scan(absent)
    assert not list((tmp_path / "cache").rglob("metadata.csv"))


def test_a_damaged_folder_is_one_sentence(tmp_path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "state.json").write_text("{")
    with pytest.raises(CorpusError, match=r"the data set in .*x cannot be read"):
        scan(tmp_path / "x")


def test_without_the_package_the_extra_is_named(data, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'serkit\[datasets\]'"):
        scan(data)

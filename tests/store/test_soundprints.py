"""Copies of a take in a store: found from raw, kept by the samples' identity, never in the way."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf

import serkit
from serkit.audio import read_audio
from serkit.store import soundprints
from serkit.store.soundprints import SOUNDPRINTS, near_duplicates

ORIGINAL, COPY = "03-01-05-01-01-01-02", "03-01-06-01-01-01-02"


def speech_like(seed: int) -> np.ndarray:
    """Return two seconds of noise whose colour changes 15 times a second."""
    random = np.random.default_rng(seed)
    pieces = []
    for _ in range(30):
        pitch, level = random.uniform(300, 2_000), random.uniform(1_000, 8_000)
        wave = np.sin(2 * np.pi * pitch * np.arange(3_200) / 48_000)
        pieces.append(level * wave + random.normal(0, 300, 3_200))
    return np.concatenate(pieces).astype(np.int16)


@pytest.fixture
def corpus(tmp_path):
    """Return a folder of eight takes, of which one is a quieter, shorter copy of another."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    for actor in range(1, 9):
        sf.write(folder / f"03-01-05-01-01-01-{actor:02}.wav", speech_like(actor), 48_000)
    copy = (speech_like(2)[4_321:-1_234] * 0.4).astype(np.int16)
    sf.write(folder / f"{COPY}.wav", copy, 48_000)
    return folder


@pytest.fixture
def store(corpus, tmp_path):
    path = tmp_path / "store"
    serkit.extract(corpus, store=path, features=["raw", "change_deviation"], workers=1)
    return serkit.FeatureStore(path)


def test_a_copy_is_named(store):
    assert near_duplicates(store, store.state.clips) == ((ORIGINAL, COPY),)
    assert near_duplicates(store, [ORIGINAL]) == ()


def test_fingerprints_are_computed_once(store, monkeypatch):
    near_duplicates(store, store.state.clips)
    monkeypatch.setattr(soundprints, "soundprint", None)  # called, it would raise
    assert near_duplicates(store, store.state.clips) == ((ORIGINAL, COPY),)


def test_half_a_file_of_fingerprints_is_written_anew(store):
    near_duplicates(store, store.state.clips)
    path = store.path / SOUNDPRINTS
    path.write_bytes(path.read_bytes()[:100])
    assert near_duplicates(store, store.state.clips) == ((ORIGINAL, COPY),)


def test_a_store_without_raw_has_none(corpus, tmp_path):
    serkit.extract(corpus, store=tmp_path / "bare", features=["change_deviation"], workers=1)
    bare = serkit.FeatureStore(tmp_path / "bare")
    assert near_duplicates(bare, bare.state.clips) == ()


def test_check_warns_and_names_the_clips(corpus):
    report = serkit.check(corpus, workers=1)
    assert report.near_duplicates == ((ORIGINAL, COPY),)
    assert report.to_json()["near_duplicates"] == [[ORIGINAL, COPY]]


def test_identical_samples_are_no_near_duplicates(corpus):
    copy = read_audio(corpus / f"{ORIGINAL}.wav").samples
    sf.write(corpus / f"{COPY}.wav", copy, 48_000)
    report = serkit.check(corpus, workers=1)
    assert report.identical == ((ORIGINAL, COPY),)
    assert report.near_duplicates == ()


def test_a_run_notes_which_stand_on_two_sides_of_a_fold(store, tmp_path):
    run = serkit.train("majority", protocol="random5", store=store, runs=tmp_path / "runs")
    told = [note for note in run.record["notes"] if "nearly the same sound" in note]
    assert told
    assert all(ORIGINAL in note and COPY in note for note in told)
    assert all("one take in two files" in note for note in told)
    folds = serkit.splits("random5", store)
    assert [note for note in folds.notes if "nearly the same sound" in note] == told

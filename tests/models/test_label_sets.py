"""Corpora with labels and speakers of their own, from extraction to predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import serkit
import storekit
from serkit.audio import write_wav
from serkit.clips import ClipName
from serkit.extraction.extract import extract
from serkit.features import Recipes
from serkit.ingest.clip_files import AudioFile
from serkit.ingest.corpus import Corpus
from serkit.ingest.scan import Scan
from serkit.labels import LabelSet
from serkit.store.store import FeatureStore

LABELS = LabelSet(("mutlos", "froh", "zornig"))
SPEAKERS = ("Zoë", "anna", "s10", "s9", "s2", "Ben")


def clip_name(clip_id: str) -> ClipName:
    speaker, label, take = clip_id.split("_")
    return ClipName(clip_id, label, speaker, repetition=int(take))


MOODS = Corpus(
    name="moods",
    title="Tones that stand for moods",
    citation="",
    licence="CC0-1.0",
    url="",
    labels=LABELS,
    parse=lambda path: clip_name(path.stem),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("moods")
    files = []
    for number, speaker in enumerate(SPEAKERS):
        for label in LABELS:
            for take in (1, 2, 3):
                name = f"{speaker}_{label}_{take}"
                random = np.random.default_rng([number, LABELS.index(label), take])
                time = np.arange(random.integers(3000, 8000))
                tone = 6000 * np.sin(time * 0.05 * (LABELS.index(label) + 1))
                write_wav(
                    folder / f"{name}.wav",
                    (tone + random.normal(0, 300, len(time))).astype(np.int16),
                )
                status = (folder / f"{name}.wav").stat()
                files.append(
                    AudioFile(f"{name}.wav", status.st_size, status.st_mtime_ns, clip_name(name))
                )
    scan = Scan(folder, MOODS, tuple(files), {}, ())
    extract(scan, [storekit.mel(), Recipes().get("change_deviation")], folder / "store", workers=1)
    return folder / "store"


def test_the_store_keeps_labels_and_speakers(store):
    found = FeatureStore(store)
    assert found.labels == LABELS
    batch = found.load("change_deviation", where={"speaker": "Zoë"})
    assert [found.labels[number] for number in batch.y] == batch.clips["emotion"].tolist()
    assert found.clips["actor"].isna().all()


SMALL = {
    "majority": {},
    "logreg": {"features": "change_deviation", "C": 1.0, "whiten": 0.0},
    "svm": {"features": "change_deviation", "C": 1.0, "gamma": 0.1, "whiten": 0.0},
    "xgboost": {"features": "change_deviation", "rounds": 2, "colsample_bytree": 1.0},
    "ffnn": {"features": "mel8", "epochs": 1, "units": 8, "backend": "tensorflow"},
}


@pytest.mark.parametrize("model", SMALL)
def test_every_kind_of_model_takes_its_size_from_the_label_set(model, store, tmp_path):
    run = serkit.train(
        model, store=store, runs=tmp_path, protocol="speaker5", values=SMALL[model], folds=2
    )
    assert run.labels == LABELS
    assert run.record["labels"] == ["mutlos", "froh", "zornig"]
    assert np.shape(run.record["confusion"]) == (3, 3)
    assert list(run.record["recall"]) == list(LABELS)
    assert list(run.predictions.columns[-3:]) == ["p_mutlos", "p_froh", "p_zornig"]
    assert "actor" not in run.predictions
    said = serkit.predict(run, [store.parent / "anna_froh_1.wav"]).to_json()[0]
    assert list(said["probabilities"]) == list(LABELS)
    assert sum(said["probabilities"].values()) == pytest.approx(1)


def test_its_own_protocol_keeps_speakers_apart(store, tmp_path):
    run = serkit.train("majority", store=store, runs=tmp_path)
    assert run.protocol == "speaker5"
    assert set(run.predictions["speaker"]) == set(SPEAKERS)


def test_a_protocol_for_another_corpus_is_refused(store, tmp_path):
    with pytest.raises(serkit.SerkitError, match="luna5 is made for ravdess and synthetic"):
        serkit.train("majority", store=store, runs=tmp_path, protocol="luna5")


def test_a_record_with_other_labels_than_its_predictions_is_not_ranked(store, tmp_path):
    import json

    for _ in range(2):
        run = serkit.train("majority", store=store, runs=tmp_path)
    record = run.path / "run.json"
    record.write_text(json.dumps(run.to_json() | {"labels": ["froh", "mutlos", "zornig"]}))
    board = serkit.compare(tmp_path)
    assert [len(group.entries) for group in board.groups] == [1]
    assert board.problems == (
        f"{record} says labels = ['froh', 'mutlos', 'zornig'], "
        "its predictions have ['mutlos', 'froh', 'zornig']; train it again",
    )

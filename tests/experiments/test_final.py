"""The model of all speakers: fitted once more, kept beside the folds, preferred by predict."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import serkit
from serkit.audio import read_audio
from serkit.errors import RunError, TrainingError
from serkit.results.finding import find_run


@pytest.fixture(scope="module")
def runs(speech_runs, tmp_path_factory):
    """A folder with a copy of a run, and a final model in it."""
    folder = tmp_path_factory.mktemp("final")
    run = find_run(speech_runs, "logreg-luna5")
    shutil.copytree(run.path, folder / run.name)
    serkit.fit("last", runs=folder)
    return folder


def test_it_is_fitted_on_all_speakers_and_carries_what_the_folds_measured(runs, speech_store):
    run = serkit.show("last", runs=runs)
    facts = json.loads((run.final / "final.json").read_text())
    assert facts["train_clips"] + facts["validation_clips"] == 96
    assert facts["cross_validated"]["uar"] == run.uar
    assert facts["cross_validated"]["speakers"] == run.record["actors"]
    assert set(facts["files"]) == {"golden.json", "model.json", "model.skops"}


def test_predict_prefers_it(runs, speech):
    path = next(speech.rglob("*.wav"))
    found = serkit.predict("last", path, runs=runs)
    assert found.folds == ("final",)
    (answer,) = found.predicted
    mean, one = (serkit.predict("last", path, runs=runs, fold=fold) for fold in ("mean", "1"))
    assert (mean.folds, one.folds) == (("1", "2", "5"), ("1",))
    assert answer.probabilities != mean.predicted[0].probabilities
    assert serkit.load("last", runs=runs).title.endswith(", model of all speakers")


def test_it_answers_as_a_model_fitted_on_everything(runs, speech):
    """The final logreg has seen every clip: it fits them better than models that have not."""
    run = serkit.show("last", runs=runs)
    predictor = serkit.load(run)
    truth = run.predictions["true"]
    files = {path.stem: path for path in speech.rglob("*.wav")}
    right = [
        predictor.predict(read_audio(files[i]).samples).emotion == truth[i] for i in truth.index
    ]
    assert np.mean(right) > run.accuracy


def test_the_run_is_as_it_was(runs, speech_runs):
    before = find_run(speech_runs, "logreg-luna5")
    after = serkit.show("last", runs=runs)
    assert after.record == before.record
    assert not (after.path / "work").exists()


def test_a_second_one_is_refused(runs):
    run = serkit.show("last", runs=runs)
    with pytest.raises(RunError) as caught:
        serkit.fit(run)
    assert str(caught.value) == (
        f"{run.name} already has a final model; remove {run.path / 'final'} to fit it again"
    )


def test_a_failure_leaves_no_half_model(runs, speech_runs, tmp_path, monkeypatch):
    run = find_run(speech_runs, "logreg-luna5")
    shutil.copytree(run.path, tmp_path / run.name)
    monkeypatch.setattr(
        "serkit.models.classical.pipeline.SklearnModel.save", lambda *_: 1 / 0, raising=True
    )
    with pytest.raises((ZeroDivisionError, TrainingError)):
        serkit.fit("last", runs=tmp_path)
    assert serkit.show("last", runs=tmp_path).final is None


def test_another_store_is_refused(runs, speech_runs, tmp_path, make_corpus):
    run = find_run(speech_runs, "logreg-luna5")
    shutil.copytree(run.path, tmp_path / "runs" / run.name)
    store = tmp_path / "store"
    serkit.extract(make_corpus(48), store=store, features=["functionals"], workers=1)
    with pytest.raises(RunError, match=r"^the clips in .* are not those that logreg-luna5-\S+ was"):
        serkit.fit("last", runs=tmp_path / "runs", store=store)

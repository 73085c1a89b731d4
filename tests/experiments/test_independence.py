"""A run finds out who looks at more of a test clip than the clip."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rich.console

import cheats
import serkit
from serkit import FeatureStore
from serkit.errors import HiddenFromModelError, TrainingError
from serkit.evaluation.splits import PROTOCOLS
from serkit.experiments.execute import execute
from serkit.experiments.independence import ALONE, SAMPLE, TOLERANCE, dependence_on_company
from serkit.experiments.plan import Plan
from serkit.models import Trainer
from serkit.parameters import Parameters
from serkit.results.finding import list_runs
from serkit.results.run import Run


def train(trainer: Trainer, store: Path, runs: Path) -> Run:
    plan = Plan(
        trainer=trainer,
        store=FeatureStore(store),
        protocol=PROTOCOLS.get("luna5"),
        preset="best",
        parameters=Parameters(),
        seed=0,
        runs=runs,
        settings={},
    )
    return execute(plan)


def test_labels_by_the_store_are_out_of_reach(speech_store, tmp_path):
    with pytest.raises(HiddenFromModelError) as caught:
        train(cheats.LABELS_BY_STORE, speech_store, tmp_path)
    assert str(caught.value) == (
        "'store' of these clips is hidden from models; data.read(feature) and "
        "data.matrix(features) read these clips"
    )
    assert list_runs(tmp_path)[0] == []


def test_labels_of_test_clips_are_hidden(speech_store, tmp_path):
    with pytest.raises(HiddenFromModelError, match="'labels' of these clips is hidden"):
        train(cheats.LABELS_BY_ASKING, speech_store, tmp_path)


def test_labels_by_ids_say_nothing(speech_store, tmp_path):
    """Who reads the emotion out of a file's name has nothing to read, and is at chance."""
    honest = train(cheats.HONEST, speech_store, tmp_path)
    cheat = train(cheats.LABELS_BY_IDS, speech_store, tmp_path)
    assert cheat.uar == honest.uar == pytest.approx(1 / 8)


@pytest.mark.parametrize("trainer", [cheats.SPEAKER_NORMALISATION, cheats.LABELS_BY_ORDER])
def test_models_that_use_other_test_clips_are_stamped(speech_store, tmp_path, trainer):
    run = train(trainer, speech_store, tmp_path)
    assert run.record["transductive"] is True
    assert re.fullmatch(
        r"transductive: a clip's probabilities change by up to [01]\.\d\d with the test clips "
        r"predicted beside it \(3 of 3 folds\)",
        run.record["notes"][-1],
    )
    assert all(fold["dependence_on_company"] > TOLERANCE for fold in run.record["fold_scores"])
    console = rich.console.Console(width=200)
    with console.capture() as shown:
        console.print(serkit.compare(tmp_path))
    assert "transductive" in shown.get()


def test_declared_transductive_models_are_stamped_too(speech_store, tmp_path):
    run = train(replace(cheats.HONEST, transductive=True), speech_store, tmp_path)
    assert run.record["transductive"] is True


def test_honest_runs_are_not_stamped(speech_runs):
    for run in list_runs(speech_runs)[0]:
        assert run.record["transductive"] is False
        assert not any("transductive" in note for note in run.record["notes"])
        for fold in run.record["fold_scores"]:
            assert fold["dependence_on_company"] < 1e-9


def test_prediction_errors_become_one_sentence(speech_store, tmp_path):
    def refuse(*_):
        raise ValueError("X has gone")

    with pytest.raises(TrainingError) as caught:
        train(cheats.cheating(refuse), speech_store, tmp_path)
    assert str(caught.value) == "majority could not predict in fold 1: X has gone"


def test_some_clips_are_predicted_alone_and_others_reordered(speech_store):
    store = FeatureStore(speech_store)
    ids, asked = tuple(sorted(store.state.clips)), []

    class Model:
        def predict(self, data):
            asked.append(data.clip_ids)
            return np.full((len(data), 8), 1 / 8)

    table = np.full((len(ids), 8), 1 / 8)
    assert dependence_on_company(Model(), store, ids, table) == 0
    assert [len(each) for each in asked] == [*[1] * ALONE, SAMPLE - ALONE]
    assert len({clip for each in asked for clip in each}) == SAMPLE
    for few in (1, 2, ALONE):
        asked.clear()
        assert dependence_on_company(Model(), store, ids[:few], table[:few]) == 0
        assert [len(each) for each in asked] == [1] * few

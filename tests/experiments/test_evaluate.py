"""A finished run's models on another labelled store."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import serkit
from serkit import api
from serkit.errors import LeakageError, RunError, UsageError
from serkit.experiments.evaluate import project
from serkit.results.run import Run

LABELS = ["angry", "disgust", "fearful", "happy", "neutral", "sad"]


@pytest.fixture(scope="module")
def trained(speech_runs: Path) -> Run:
    (name,) = (p.name for p in speech_runs.glob("logreg-luna5-*"))
    return serkit.show(name, runs=speech_runs)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evaluated") / "runs"


@pytest.fixture(scope="module")
def evaluated(trained: Run, german_store: Path, runs: Path) -> Run:
    return serkit.evaluate(trained, store=german_store, runs=runs)


class TestProjection:
    def test_labels_that_count_as_one_are_added_up(self) -> None:
        both_neutral = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        found = project(np.array([[0.25, 0.25, 0.5]]), both_neutral)
        np.testing.assert_allclose(found, [[0.5, 0.5]])

    def test_what_is_left_sums_to_one(self) -> None:
        found = project(np.array([[0.1, 0.3, 0.6]]), np.array([[1.0, 0], [0, 1], [0, 0]]))
        np.testing.assert_allclose(found, [[0.25, 0.75]])

    def test_a_model_that_is_sure_of_another_label_prefers_none(self) -> None:
        found = project(np.array([[0.0, 0.0, 1.0]]), np.array([[1.0, 0], [0, 1], [0, 0]]))
        np.testing.assert_allclose(found, [[0.5, 0.5]])


class TestRecord:
    def test_it_says_where_the_models_were_trained(self, evaluated: Run, trained: Run) -> None:
        record = evaluated.record
        assert record["protocol"] == "evaluate:synthetic->emodb"
        assert record["trained_on"] == "synthetic (luna5)"
        assert record["evaluated_run"] == trained.name
        assert (record["clips"], record["actors"], record["labels"]) == (72, 6, LABELS)
        assert (record["model"], record["seed"]) == (trained.model, trained.record["seed"])

    def test_what_was_left_out_is_noted(self, evaluated: Run) -> None:
        notes = " ".join(evaluated.record["notes"])
        assert "the model also answers calm, surprised, which no clip here is" in notes
        assert "left out of emodb, as the label is not shared: 12 boredom" in notes

    def test_probabilities_are_those_of_the_models(
        self, evaluated: Run, trained: Run, german_store: Path
    ) -> None:
        from serkit.models import ClipData

        store = serkit.FeatureStore(german_store)
        clip_id = evaluated.predictions.index[0]
        data = ClipData.of(store, [clip_id.removeprefix("emodb/")])
        mean = np.mean([trained.model_of(f).predict(data)[0] for f in trained.fold_names], axis=0)
        kept = np.array([mean[trained.labels.index(label)] for label in LABELS])
        found = evaluated.predictions.loc[clip_id, [f"p_{label}" for label in LABELS]]
        np.testing.assert_allclose(found.to_numpy(float), kept / kept.sum(), atol=1e-6)


def test_compare_ranks_and_stamps_it(evaluated: Run, runs: Path) -> None:
    board = serkit.compare(runs)
    assert not board.problems
    (entry,) = board.entries
    assert entry.trained_on == "synthetic (luna5)"
    assert "trained on synthetic (luna5)" in api.to_markdown(board)


def test_labels_other_than_the_store_s_are_not_ranked(evaluated: Run, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    shutil.copytree(evaluated.path, runs / evaluated.name)
    record = json.loads((runs / evaluated.name / "run.json").read_text())
    record["label_map"] = {"fearful": "sad"}
    (runs / evaluated.name / "run.json").write_text(json.dumps(record))
    (problem,) = serkit.compare(runs).problems
    assert "true_id of 12 of 72 clips is not the store's" in problem
    assert "says fearful, the store says sad" in problem


def test_an_evaluation_has_no_models_of_its_own(evaluated: Run, speech: Path) -> None:
    with pytest.raises(RunError, match=r"is an evaluation of logreg-luna5-.*; ask logreg-luna5-"):
        serkit.predict(evaluated, speech)


def test_calm_counts_as_neutral_on_request(
    trained: Run, german_store: Path, tmp_path: Path
) -> None:
    run = serkit.evaluate(
        trained,
        store=german_store,
        joined={"calm": "neutral", "boredom": "neutral"},
        fold=trained.fold_names[0],
        runs=tmp_path,
    )
    assert run.record["clips"] == 84
    assert "the model '1' of" in run.record["notes"][0]


def test_clips_that_the_models_were_trained_on_are_refused(
    trained: Run, speech_store: Path, tmp_path: Path
) -> None:
    with pytest.raises(LeakageError, match=r"was trained on 96 clips of .*store \("):
        serkit.evaluate(trained, store=speech_store, runs=tmp_path)
    assert not tmp_path.exists() or not list(tmp_path.iterdir())


def test_training_speakers_are_refused_even_without_their_store(
    trained: Run, speech_store: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "runs" / trained.name
    shutil.copytree(trained.path, copy)
    record = json.loads((copy / "run.json").read_text())
    record["settings"]["store"] = str(tmp_path / "gone")
    (copy / "run.json").write_text(json.dumps(record))
    with pytest.raises(LeakageError, match=r"trained on 6 speakers of .*\(synthetic/1, "):
        serkit.evaluate(trained.name, store=speech_store, runs=copy.parent)


def test_a_feature_of_another_recipe_is_refused_with_the_difference(
    trained: Run, german_store: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "runs" / trained.name
    shutil.copytree(trained.path, copy)
    record = json.loads((copy / "run.json").read_text())
    record["features"][0]["version"] = 0
    (copy / "run.json").write_text(json.dumps(record))
    with pytest.raises(UsageError, match=r"another recipe than .* was trained on \(extractor 0 ->"):
        serkit.evaluate(trained.name, store=german_store, runs=copy.parent)

"""A net that learns from finished runs: what its run records, rests on, and refuses."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

import serkit
from serkit.cli import app
from serkit.errors import LeakageError, UnknownNameError, UsageError
from serkit.results.entries import Entry
from serkit.results.finding import list_runs
from serkit.results.folder import SPLIT
from serkit.results.wording import name_of

STUDENT = {"units": 8, "epochs": 2, "schedule": "constant", "refit": False, "teacher_folds": 2}
"""A tiny student, fitted on the training speakers of a fold alone."""


@pytest.fixture(scope="module")
def runs(speech_runs, tmp_path_factory):
    """Return a folder with the four runs of ``speech_runs`` that more may be added to."""
    folder = tmp_path_factory.mktemp("students") / "runs"
    shutil.copytree(speech_runs, folder)
    return folder


@pytest.fixture(scope="module")
def names(runs):
    """Return the runs' names by model and protocol."""
    return {f"{run.model}-{run.record['protocol']}": run.name for run in list_runs(runs)[0]}


def distil(runs, store, *teachers, model="ffnn", values=None, **options):
    options = {"preset": "functionals", "folds": 1, **options}
    values = {**STUDENT, **(values or {})}
    return serkit.train(model, store=store, runs=runs, teachers=teachers, values=values, **options)


@pytest.fixture(scope="module")
def student(runs, names, speech_store):
    return distil(runs, speech_store, names["logreg-luna5"])


def weights(run):
    return np.concatenate([each.ravel() for each in run.model_of("1").model.get_weights()])


class TestARun:
    def test_records_its_teachers_in_full(self, student, runs, names):
        name = names["logreg-luna5"]
        teacher = serkit.show(name, runs=runs)
        assert student.record["values"]["teachers"] == name
        assert student.record["teachers"] == [
            {key: teacher.record[key] for key in ("run", "model", "preset", "seed", "values")}
        ]
        assert "teachers" not in teacher.record

    def test_is_tested_by_its_teachers_protocol(self, student):
        assert student.protocol == "luna5"

    def test_another_weight_is_another_net(self, student, runs, names, speech_store):
        other = distil(runs, speech_store, names["logreg-luna5"], values={"teacher_weight": 0.0})
        assert not np.allclose(weights(other), weights(student))

    def test_the_command_reads_what_teachers_read_and_predicts_without_them(
        self, runs, names, speech_store, speech, monkeypatch
    ):
        monkeypatch.setenv("SERKIT_RUNS", str(runs))
        arguments = ["train", "ffnn", "--distil", names["logreg-luna5"], "--folds", "1"]
        arguments += ["--preset", "functionals", "--set", "features=change_deviation"]
        for key, value in STUDENT.items():
            arguments += ["--set", f"{key}={value}"]
        arguments += ["--store", str(speech_store), "--final", "--json"]
        result = CliRunner().invoke(app, arguments)
        record = json.loads(result.stdout)
        assert sorted(record["feature_fingerprints"]) == ["change_deviation", "functionals"]
        assert [each["name"] for each in record["features"]] == ["change_deviation"]
        answer = serkit.predict(record["run"], [next(speech.rglob("*.wav"))])
        assert sum(answer.rows[0].probabilities.values()) == pytest.approx(1.0)

    def test_its_row_names_the_teachers_models(self):
        given = {"teachers": "logreg-luna5-20260102-000000-1f2e,svm-luna5-20260102-000101-aa00"}
        entry = Entry(
            **dict.fromkeys(Entry.__dataclass_fields__),  # type: ignore[arg-type]
        )
        named = {"model": "ffnn", "preset": "functionals", "seeds": (0,), "recipes": ()}
        for key, value in {**named, "given": given}.items():
            object.__setattr__(entry, key, value)
        assert name_of(entry) == "ffnn (taught by logreg + svm) (functionals)"


class TestSpoiledClips:
    """The net's weights show whether a clip reached it, by its own input or by a soft label."""

    @pytest.mark.parametrize(
        ("sides", "differs"), [(("test", "validation"), False), (("train",), True)]
    )
    def test_only_training_clips_reach_the_student(
        self, student, runs, names, speech_store, monkeypatch, sides, differs
    ):
        fold = json.loads((student.path / SPLIT).read_text())["folds"][0]
        spoiled = {clip for side in sides for clip in fold[side]}
        read = serkit.FeatureStore._read

        def spoil(self, state, feature, clip_ids, *how):
            batch = read(self, state, feature, clip_ids, *how)
            for position, clip_id in enumerate(clip_ids):
                if clip_id in spoiled:
                    batch.X[position] = np.random.default_rng(position).normal(size=1362)
            return batch

        monkeypatch.setattr(serkit.FeatureStore, "_read", spoil)
        other = distil(runs, speech_store, names["logreg-luna5"])
        assert np.array_equal(weights(other), weights(student)) != differs


class TestWhatIsRefused:
    def refused(self, kind, *arguments, **options):
        with pytest.raises(kind) as caught:
            distil(*arguments, **options)
        return str(caught.value)

    def test_a_missing_run(self, runs, speech_store):
        assert "unknown run 'svm-x'" in self.refused(UnknownNameError, runs, speech_store, "svm-x")

    def test_a_run_that_is_named_twice(self, runs, names, speech_store):
        name = names["logreg-luna5"]
        said = self.refused(UsageError, runs, speech_store, name, name)
        assert said == (
            f"teachers = {name}, {name} names a run twice; different runs are allowed, and they "
            "count alike"
        )

    def test_teachers_of_different_folds(self, runs, names, speech_store):
        pair = (names["logreg-luna5"], names["logreg-random5"])
        said = self.refused(UsageError, runs, speech_store, *pair)
        assert said == (
            f"{pair[1]} was trained with other folds than {pair[0]}; a net learns from runs of "
            "one protocol on the same clips"
        )

    def test_folds_that_a_teacher_was_not_tested_by(self, runs, names, speech_store):
        name = names["logreg-random5"]
        said = self.refused(LeakageError, runs, speech_store, name, protocol="luna5")
        assert said == (
            f"{name} was fitted on other folds than its student; leave out --protocol: the "
            "teachers' own is used"
        )

    def test_a_run_that_chose_on_its_test_clips(self, runs, names, speech_store):
        self.copied(runs, names, "peeked", selected_on_test=True)
        said = self.refused(LeakageError, runs, speech_store, "peeked")
        assert said.startswith("peeked selected its epoch on its test clips")

    def test_a_student(self, student, runs, speech_store):
        said = self.refused(UsageError, runs, speech_store, student.name)
        assert said == (
            f"{student.name} is taught by other runs, and cannot be fitted on inner folds; name "
            "those runs themselves"
        )

    def test_predictions_that_were_handed_in(self, runs, names, speech_store):
        self.copied(runs, names, "handed-in", submitted=True)
        said = self.refused(UsageError, runs, speech_store, "handed-in")
        assert said == (
            "handed-in cannot be fitted anew on inner folds; a teacher is a run that 'serkit "
            "train' made"
        )

    def test_a_model_that_learns_from_labels_alone(self, runs, names, speech_store):
        options = {"model": "logreg", "preset": "best"}
        said = self.refused(UsageError, runs, speech_store, names["logreg-luna5"], **options)
        assert said == (
            "logreg learns from labels alone and cannot have teachers; ffnn, cnn, lstm, tcn and "
            "transformer can"
        )

    def copied(self, runs, names, name, **record):
        shutil.copytree(runs / names["logreg-luna5"], runs / name)
        known = json.loads((runs / name / "run.json").read_text())
        (runs / name / "run.json").write_text(json.dumps({**known, "run": name, **record}))

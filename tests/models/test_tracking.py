"""TensorBoard and MLflow: each epoch's figures, read back by the packages themselves."""

from __future__ import annotations

import os
import time
from importlib.util import find_spec

import pytest

import serkit
from netkit import QUICK, TINY, fold_of, make_store
from serkit.errors import MissingDependencyError, TrainingError, UsageError
from serkit.models import TRAINERS, FitContext, Tracking, tracking
from serkit.models.keras.parameters import KerasParameters
from serkit.models.keras.trainer import check_tracking
from serkit.models.tracking import logs_of
from serkit.store.store import FeatureStore

needs_tensorflow = pytest.mark.skipif(not find_spec("tensorflow"), reason="needs TensorFlow")


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> FeatureStore:
    return make_store(tmp_path_factory.mktemp("nets"), shortest=4200)


def fit(store: FeatureStore, tracking: Tracking, **context):
    trainer = TRAINERS.get("ffnn")
    values = trainer.settle("best", {**QUICK, **TINY["ffnn"], "epochs": 3})
    fold = fold_of(store, (1,), (2,))
    return trainer.fit(fold, values, FitContext(tracking=tracking, **context))


@needs_tensorflow
class TestTensorBoard:
    def test_reads_every_epoch_of_both_sides(self, store, tmp_path):
        pytest.importorskip("tensorboard", reason="needs TensorBoard")
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        from tensorboard.util.tensor_util import make_ndarray

        history = fit(store, Tracking(tensorboard=tmp_path, name="run/fold-1")).history
        for side, folder in (("train", "train"), ("validation", "validation")):
            events = EventAccumulator(str(tmp_path / "run" / "fold-1" / folder))
            events.Reload()
            for name in ("loss", "accuracy", "uar", "recall_sad"):
                found = events.Tensors(f"epoch_{name}")
                assert [event.step for event in found] == [0, 1, 2]
                logged = [float(make_ndarray(event.tensor_proto)) for event in found]
                assert logged == pytest.approx(history[f"{side}_{name}"].tolist(), rel=1e-5)


@needs_tensorflow
class TestMlflow:
    @pytest.fixture
    def mlflow(self, tmp_path, monkeypatch):
        mlflow = pytest.importorskip("mlflow", reason="needs MLflow")
        monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        return mlflow

    def runs(self, mlflow, folder):
        client = mlflow.MlflowClient(folder.as_uri())
        experiment = client.get_experiment_by_name("serkit")
        return client, client.search_runs([experiment.experiment_id])

    def test_keeps_parameters_and_every_epoch(self, store, tmp_path, mlflow):
        before = mlflow.get_tracking_uri()
        history = fit(store, Tracking(mlflow=str(tmp_path / "logs"), name="run/fold-1")).history
        assert mlflow.get_tracking_uri() == before
        client, (run,) = self.runs(mlflow, tmp_path / "logs")
        assert (run.info.run_name, run.info.status) == ("run/fold-1", "FINISHED")
        assert run.data.params["units"] == "8"
        for ours, theirs in (("train_loss", "loss"), ("validation_uar", "val_uar")):
            logged = client.get_metric_history(run.info.run_id, theirs)
            found = sorted(logged, key=lambda metric: metric.step)
            assert [metric.step for metric in found] == [0, 1, 2]
            assert [metric.value for metric in found] == pytest.approx(history[ours].tolist())

    def test_a_resumed_training_continues_its_run(self, store, tmp_path, mlflow):
        where = Tracking(mlflow=(tmp_path / "logs").as_uri(), name="run/fold-1")

        def interrupt(done: int, *_: object) -> None:
            if done == 2:
                raise KeyboardInterrupt

        work = tmp_path / "work"
        work.mkdir()
        with pytest.raises(KeyboardInterrupt):
            fit(store, where, workdir=work, progress=interrupt)
        fit(store, where, workdir=work)
        client, (run,) = self.runs(mlflow, tmp_path / "logs")
        assert run.info.status == "FINISHED"
        steps = {m.step for m in client.get_metric_history(run.info.run_id, "val_loss")}
        assert steps == {0, 1, 2}

    def test_an_unusable_address(self, store, mlflow):
        with pytest.raises(TrainingError) as caught:
            fit(store, Tracking(mlflow="nowhere://x"))
        assert str(caught.value).startswith("cannot log to MLflow at nowhere://x (")
        assert str(caught.value).endswith("; databases need the full mlflow package")

    def test_a_missing_server_is_given_up_within_seconds(self, store, mlflow):
        started = time.monotonic()
        with pytest.raises(TrainingError) as caught:
            fit(store, Tracking(mlflow="http://127.0.0.1:9"))  # port 9 discards
        assert str(caught.value).startswith("cannot log to MLflow at http://127.0.0.1:9 (")
        assert time.monotonic() - started < 60  # MLflow's own patience is four minutes
        assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ

    def test_the_users_patience_is_kept(self, store, mlflow, monkeypatch):
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        with pytest.raises(TrainingError):
            fit(store, Tracking(mlflow="http://127.0.0.1:9"))
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "0"


class TestRefusals:
    @pytest.mark.parametrize("package", ["tensorboard", "mlflow"])
    def test_a_missing_package_names_the_extra(self, monkeypatch, tmp_path, package):
        monkeypatch.setattr("serkit.extras.installed", lambda name: False)
        where = {"tensorboard": Tracking(tmp_path), "mlflow": Tracking(mlflow="x")}[package]
        with pytest.raises(MissingDependencyError) as caught:
            check_tracking(KerasParameters(), where)
        assert str(caught.value) == (
            f"the package {package} is not installed; pip install 'serkit[tracking]'"
        )

    def test_tensorboard_s_folder_is_a_file(self, monkeypatch, tmp_path):
        monkeypatch.setattr("serkit.extras.installed", lambda name: True)
        (tmp_path / "file").touch()
        with pytest.raises(UsageError) as caught:
            tracking.require_trackers({}, Tracking(tensorboard=tmp_path / "file"))
        assert str(caught.value) == (
            f"{tmp_path / 'file'} is a file, and TensorBoard reads a folder; "
            "name another with --tensorboard DIR"
        )

    def test_tensorboard_on_another_backend(self, monkeypatch, tmp_path):
        monkeypatch.setattr("serkit.extras.installed", lambda name: True)
        with pytest.raises(UsageError) as caught:
            check_tracking(KerasParameters(backend="jax"), Tracking(tmp_path))
        assert str(caught.value) == (
            "Keras only supports TensorBoard with backend=tensorflow, not jax; "
            "use --backend tensorflow, or log to MLflow"
        )

    def test_a_model_without_epochs(self, speech_store, tmp_path):
        with pytest.raises(UsageError) as caught:
            serkit.train("majority", store=speech_store, runs=tmp_path / "runs", mlflow="x")
        assert str(caught.value) == (
            "majority is not trained in epochs: there is nothing to log; "
            "leave out --tensorboard and --mlflow"
        )
        assert not (tmp_path / "runs").exists()


def test_figures_are_named_as_keras_names_them():
    row = {
        "epoch": 3,
        "train_loss": 1.5,
        "train_recall_sad": float("nan"),
        "validation_uar": 0.25,
        "seconds": 2.0,
    }
    assert logs_of(row) == {"loss": 1.5, "val_uar": 0.25}

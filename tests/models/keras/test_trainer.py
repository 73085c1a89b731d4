"""Nets as trainers: the contract, seeds, files, backends, and what is kept of every epoch."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest

import serkit
from netkit import BANDS, NETS, QUICK, TINY, clips_of, fit, ids_of, make_store, untrained
from serkit.cli import main
from serkit.corpora.ravdess import EMOTIONS, LABELS
from serkit.errors import MissingDependencyError, RunError, TrainingError, UsageError
from serkit.models import TRAINERS
from serkit.models.keras import backend
from serkit.models.keras.compiled import compiled_by_xla
from serkit.models.keras.network import ARCHITECTURE, Network
from serkit.models.keras.parameters import KerasParameters
from serkit.models.training import EpochStats
from serkit.results.learning import learned
from serkit.results.run import Run
from serkit.store.store import FeatureStore
from serkit.testing import check_trainer

pytestmark = pytest.mark.skipif(not find_spec("tensorflow"), reason="needs TensorFlow")


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> FeatureStore:
    return make_store(tmp_path_factory.mktemp("nets"), shortest=4200)


NOTEBOOK = {
    "ffnn": {"units": 8},
    "lstm": {"units": "6", "dense": "6"},
    "transformer": {"width": 8, "heads": 2, "key_dim": 4, "hidden": 8, "blocks": 1},
}


class TestEveryNet:
    @pytest.mark.parametrize("name", NETS)
    def test_keeps_the_contract(self, store, name):
        check_trainer(TRAINERS.get(name), store, values={**QUICK, **TINY[name]})

    @pytest.mark.parametrize("name", NOTEBOOK)
    def test_of_the_study_is_fitted_on_padded_power_and_found_again(self, store, name, tmp_path):
        padding = {"ffnn": "front", "lstm": "short", "transformer": "masked"}[name]
        fitted = fit(name, store, preset="notebook", **NOTEBOOK[name])
        assert (fitted.source.padding, fitted.source.scale) == (padding, "power")
        length = fitted.source.length if padding == "front" else None
        assert fitted.model.inputs[0].shape == (None, length, BANDS)
        fitted.save(tmp_path)
        data = clips_of(store, 4)
        again = TRAINERS.get(name).load(tmp_path).predict(data)
        np.testing.assert_allclose(fitted.predict(data), again, atol=1e-6)


@pytest.mark.parametrize("name", ["lstm", "transformer"])
def test_the_study_s_own_padding_is_one_setting_away(store, name):
    fitted = fit(name, store, preset="notebook", padding="front", epochs=1, **NOTEBOOK[name])
    assert [each.name for each in fitted.model.inputs] == ["frames"]
    assert fitted.model.inputs[0].shape == (None, fitted.source.length, BANDS)


def test_a_net_that_is_too_large_for_the_memory(store):
    with pytest.raises(TrainingError) as error:
        fit("ffnn", store, units=str(10**12))
    assert str(error.value) == (
        "ffnn does not fit in memory; lower batch_size, or make the net smaller"
    )


def test_absent_padding_is_not_counted():
    values = TRAINERS.get("cnn").settle("best", {"standardise": "all"})
    with pytest.raises(UsageError) as error:
        TRAINERS.get("cnn").check(values)
    assert str(error.value) == (
        "standardise = 'all' counts padding, and with padding = 'crop' there is none; "
        "use --set standardise=live"
    )


@pytest.mark.parametrize("padding", ["front", "masked"])
def test_silence_has_no_decibels_to_count(padding):
    given = {"padding": padding, "standardise": "all"}
    with pytest.raises(UsageError) as error:
        TRAINERS.get("transformer").check(TRAINERS.get("transformer").settle("mel", given))
    assert str(error.value) == (
        "standardise = 'all' counts padding as silence, which has no decibels; "
        "use --set standardise=live"
    )


def test_a_net_that_needs_one_length_refuses_others(store):
    with pytest.raises(UsageError, match="padding = 'short' is not allowed; one of 'crop', 'fron"):
        TRAINERS.get("ffnn").settle("notebook", {"padding": "short"})


@pytest.mark.parametrize(
    ("running_on", "wanted", "compiled"),
    [
        ("tensorflow", False, False),
        ("tensorflow", True, True),
        ("jax", False, True),
        ("torch", True, False),
    ],
)
def test_steps_are_compiled_where_that_helps(monkeypatch, running_on, wanted, compiled):
    keras = backend.load_keras("tensorflow")
    monkeypatch.setattr(keras.config, "backend", lambda: running_on)
    assert compiled_by_xla(wanted) is compiled


def test_the_transformer_of_the_study_is_scaled_by_band_on_the_training_clips_alone(store):
    scaling = fit("transformer", store, preset="notebook", **NOTEBOOK["transformer"]).scaling
    values = store.read("mel8", ids_of(store, 1, 2)).X.astype(np.float64)
    np.testing.assert_allclose(scaling.mean, values.mean(axis=(0, 2)), rtol=1e-4)
    np.testing.assert_allclose(scaling.deviation, values.std(axis=(0, 2)), rtol=1e-4)


def test_it_learns_what_can_be_learned(store):
    fitted = fit("ffnn", store, epochs=40, batch_size=8, units=64, learning_rate=0.01, mixup=0.0)
    data = clips_of(store, 4)
    assert np.mean(fitted.predict(data).argmax(axis=1) == data.labels) > 0.3


def test_augmentation_changes_only_the_training_data(store):
    data, augmented = clips_of(store, 4), {"noise": 0.3, "time_shift": 0.2, "vtlp": 0.2}
    one, again = (fit("ffnn", store, epochs=1, **augmented) for _ in "ab")
    plain = fit("ffnn", store, epochs=1)
    np.testing.assert_array_equal(one.predict(data), again.predict(data))
    assert np.abs(one.predict(data) - plain.predict(data)).max() > 1e-4
    np.testing.assert_array_equal(one.scaling.mean, plain.scaling.mean)


def test_another_seed_gives_another_net(store):
    data = clips_of(store, 4)
    one, other = (fit("ffnn", store, seed=s, epochs=1).predict(data) for s in (1, 2))
    assert np.abs(one - other).max() > 1e-4


@pytest.fixture(scope="module")
def fitted(store) -> Network:
    return fit("ffnn", store, epochs=4, patience=0, monitor="uar")


class TestHistory:
    def test_has_a_row_an_epoch_and_everything_that_was_known(self, fitted):
        history = fitted.history
        scores = [
            f"{side}_{what}"
            for side in ("train", "validation")
            for what in ("loss", "accuracy", "uar", *(f"recall_{name}" for name in EMOTIONS))
        ]
        assert list(history.columns) == ["epoch", "best", *scores, "seconds"]
        assert history["epoch"].tolist() == [1, 2, 3, 4]
        assert history[scores].notna().all(axis=None)
        assert (history["train_loss"] > 0).all()

    def test_marks_the_epoch_that_was_kept(self, fitted, store):
        history = fitted.history
        assert history["best"].sum() == 1
        best = history[history["best"]].iloc[0]
        assert fitted.chosen == {"epoch": best["epoch"]}
        assert best["validation_uar"] == history["validation_uar"].max()
        data = clips_of(store, 3)
        kept = EpochStats.of(fitted.predict(data), data.labels)
        assert kept.uar == pytest.approx(best["validation_uar"])
        assert kept.loss == pytest.approx(best["validation_loss"], rel=1e-4)

    def test_patience_ends_it(self, store):
        history = fit("ffnn", store, epochs=30, patience=2, learning_rate=1e-8).history
        best = int(history.loc[history["best"], "epoch"].iloc[0])
        assert len(history) == min(30, best + 2)
        assert len(history) < 30


class TestStanding:
    def test_counts_by_hand(self):
        sure = np.full((3, 8), 0.05)
        sure[[0, 1, 2], [0, 0, 5]] = 0.65
        standing = EpochStats.of(sure, np.array([0, 5, 5]))
        assert standing.accuracy == pytest.approx(2 / 3)
        assert standing.uar == pytest.approx(0.75)
        assert standing.loss == pytest.approx(-(2 * np.log(0.65) + np.log(0.05)) / 3)
        columns = standing.columns("validation", LABELS)
        assert columns["validation_recall_neutral"] == 1
        assert columns["validation_recall_fearful"] == 0.5
        assert np.isnan(columns["validation_recall_calm"])


def test_a_loss_that_is_not_finite_stops_with_a_clear_message(store):
    with pytest.raises(
        TrainingError, match=r"^the loss became (nan|inf) in epoch \d+, (step \d|on the val)"
    ):
        fit("ffnn", store, epochs=50, learning_rate=1e30)


class TestBackends:
    def test_an_unknown_one_is_refused(self):
        with pytest.raises(UsageError, match="backend = 'theano' is not allowed; one of 'tensorf"):
            TRAINERS.get("cnn").settle("best", {"backend": "theano"})

    def test_a_second_one_in_a_process_is_refused(self, store):
        backend.load_keras("tensorflow")
        with pytest.raises(UsageError, match=r"Keras already runs on tensorflow in this process;"):
            fit("ffnn", store, backend="torch")

    @pytest.mark.parametrize("missing", ["jax", "keras"])
    def test_a_missing_one_names_its_extra(self, monkeypatch, missing):
        monkeypatch.setattr("serkit.extras.installed", lambda package: package != missing)
        # as in a process that has loaded none
        monkeypatch.setattr("serkit.models.keras.trainer.loaded_backend", lambda backend: backend)
        with pytest.raises(MissingDependencyError) as caught:
            TRAINERS.get("tcn").check(KerasParameters(backend="jax"))
        expected = f"the package {missing} is not installed; pip install 'serkit[jax]'"
        assert str(caught.value) == expected

    def test_a_missing_gpu_is_refused(self, store, monkeypatch):
        monkeypatch.setattr(backend, "_has_gpu", lambda backend: False)
        with pytest.raises(UsageError, match="device = 'cuda', but tensorflow sees no GPU; use"):
            fit("ffnn", store, device="cuda")

    @pytest.mark.parametrize("backend", ["torch", "jax"])
    def test_the_same_weights_give_the_same_probabilities_on_another(
        self, store, tmp_path, backend
    ):
        if not find_spec(backend):
            pytest.skip(f"needs {backend}")
        data = clips_of(store, 4)
        expected = {}
        for name in NETS:
            (tmp_path / name).mkdir()
            net = untrained(name, store)
            net.save(tmp_path / name)
            expected[name] = net.predict(data)
        code = (
            "import json, sys\n"
            "from pathlib import Path\n"
            "from serkit import FeatureStore\n"
            "from serkit.models import TRAINERS, ClipData\n"
            "from serkit.models.keras.backend import load_keras\n"
            "keras = load_keras(sys.argv[1])\n"
            "assert keras.config.backend() == sys.argv[1]\n"
            "data = ClipData.of(FeatureStore(sys.argv[2]), json.loads(sys.argv[3]))\n"
            "found = {n: TRAINERS.get(n).load(Path(n)).predict(data).tolist()\n"
            "         for n in sys.argv[4:]}\n"
            "assert not sys.modules.get('tensorflow')\n"
            "print(json.dumps(found))\n"
        )
        arguments = [backend, str(store.path), json.dumps(ids_of(store, 4)), *NETS]
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        for name in NETS:
            np.testing.assert_allclose(found[name], expected[name], atol=1e-4)


class TestFiles:
    @pytest.mark.parametrize(
        "layer",
        [
            {"class_name": "Lambda", "module": "keras.layers", "config": {}},
            {"class_name": "Popen", "module": "subprocess", "config": {}},
            {"class_name": "Mine", "module": None, "registered_name": "other>Mine", "config": {}},
            {"class_name": "__lambda__", "config": {"value": ["4wA="]}},
        ],
    )
    def test_an_architecture_that_names_foreign_code_is_not_loaded(self, fitted, tmp_path, layer):
        fitted.save(tmp_path)
        architecture = json.loads((tmp_path / ARCHITECTURE).read_text())
        architecture["config"]["layers"].append(layer)
        (tmp_path / ARCHITECTURE).write_text(json.dumps(architecture))
        with pytest.raises(RunError, match=f"is not loaded: it names .*{layer['class_name']}"):
            TRAINERS.get("ffnn").load(tmp_path)

    @pytest.mark.parametrize(
        ("name", "own"), [("lstm", "LSTM"), ("transformer", "MultiHeadAttention")]
    )
    def test_from_before_serkits_own_layers_hold_keras_and_say_the_same(
        self, store, tmp_path, name, own
    ):
        values = {**NOTEBOOK[name], "padding": "front", "epochs": 1}
        net = fit(name, store, preset="notebook", **values)
        net.save(tmp_path)
        expected = net.predict(clips_of(store, 4))
        architecture = (tmp_path / ARCHITECTURE).read_text()
        older = re.sub(
            rf'"module": "serkit.models.keras.layers.\w+",(\s+"class_name": "{own}")',
            r'"module": "keras.layers",\1',
            architecture,
        )
        older = older.replace(f'"registered_name": "serkit>{own}"', '"registered_name": null')
        assert f"serkit>{own}" in architecture
        assert f"serkit>{own}" not in older
        (tmp_path / ARCHITECTURE).write_text(older)
        again = TRAINERS.get(name).load(tmp_path)
        kinds = {type(layer) for layer in again.model.layers if type(layer).__name__ == own}
        assert [kind.__module__.split(".")[0] for kind in kinds] == ["keras"]
        np.testing.assert_allclose(again.predict(clips_of(store, 4)), expected, atol=1e-6)

    def test_truncated_weights_say_where(self, fitted, tmp_path):
        fitted.save(tmp_path)
        weights = tmp_path / "model.weights.h5"
        weights.write_bytes(weights.read_bytes()[:1000])
        with pytest.raises(RunError, match="cannot be loaded"):
            TRAINERS.get("ffnn").load(tmp_path)


@pytest.fixture(scope="module")
def run(store, tmp_path_factory) -> Run:
    return serkit.train(
        "ffnn",
        store=store,
        runs=tmp_path_factory.mktemp("runs"),
        protocol="loso",
        folds=2,
        values={**QUICK, **TINY["ffnn"], "epochs": 3},
    )


class TestRuns:
    def test_carry_epochs_and_trainable_parameters(self, run):
        assert run.record["epochs"] == 3
        assert [fold["epochs"] for fold in run.record["fold_scores"]] == [3, 3]
        assert run.record["parameters"] == sum(
            int(np.prod(weight.shape))
            for weight in run.model_of("speaker 1").model.trainable_weights
        )

    def test_of_the_first_folds_say_so(self, run):
        assert run.record["folds"] == 2
        assert "only the first 2 of 4 folds" in run.record["notes"]

    def test_keep_the_history_of_each_fold_and_of_all(self, run):
        history = run.history
        assert history.columns[0] == "fold"
        assert history.groupby("fold")["epoch"].apply(list).tolist() == [[1, 2, 3]] * 2
        folds = [fold["folder"] for fold in run.record["fold_scores"]]
        parts = [pd.read_parquet(run.path / name / "history.parquet") for name in folds]
        pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), history)

    def test_show_which_emotion_was_learned_when(self, run):
        table = learned(run)
        assert [fold["fold"] for fold in table] == list(run.history["fold"].unique())
        for fold, (_, rows) in zip(table, run.history.groupby("fold", sort=False), strict=True):
            for name in EMOTIONS:
                passed = rows.loc[rows[f"validation_recall_{name}"] > 0.5, "epoch"]
                assert fold["learned"][name] == (passed.min() if len(passed) else None)

    def test_show_it_on_the_command_line(self, run, monkeypatch, capsys):
        command = ["serkit", "show", str(run.path), "--learning"]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as leaving:
            main()
        assert not leaving.value.code
        out = capsys.readouterr().out
        assert "epoch in which each emotion was learned" in out
        monkeypatch.setattr(sys, "argv", [*command, "--json"])
        with pytest.raises(SystemExit):
            main()
        assert json.loads(capsys.readouterr().out) == learned(run)

    def test_of_models_without_epochs_have_none(self, store, tmp_path):
        run = serkit.train("majority", store=store, runs=tmp_path, protocol="loso")
        assert run.record["epochs"] is None
        assert run.history is None
        with pytest.raises(UsageError, match="has no history: majority is not trained in epochs"):
            learned(run)


class TestFlags:
    def refused(self, monkeypatch, capsys, *arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["serkit", "train", *map(str, arguments)])
        with pytest.raises(SystemExit) as leaving:
            main()
        assert leaving.value.code == 2
        return capsys.readouterr().err

    def test_stand_for_parameters(self, store, tmp_path, monkeypatch, capsys):
        runs = tmp_path / "runs"
        given = [f"--set={key}={value}" for key, value in {**QUICK, **TINY["ffnn"]}.items()]
        flags = "--epochs 1 --batch-size 4 --learning-rate 0.01 --device cpu --folds 1 --json"
        command = f"serkit train ffnn --protocol loso {flags} --store {store.path} --runs {runs}"
        monkeypatch.setattr(sys, "argv", [*command.split(), *given])
        with pytest.raises(SystemExit) as leaving:
            main()
        assert not leaving.value.code
        record = json.loads(capsys.readouterr().out)
        assert record["epochs"] == 1
        values = record["values"]
        assert (values["batch_size"], values["learning_rate"], values["device"]) == (4, 0.01, "cpu")

    def test_a_model_does_not_have_are_refused_as_parameters_are(self, monkeypatch, capsys, store):
        said = self.refused(monkeypatch, capsys, "logreg", "--epochs", 3, "--store", store.path)
        assert "unknown parameter of logreg 'epochs'" in said

    def test_out_of_range_are_refused(self, monkeypatch, capsys, store):
        said = self.refused(monkeypatch, capsys, "cnn", "--epochs", 0, "--store", store.path)
        assert "epochs = 0 is too small; 1 or more is allowed" in said


@pytest.mark.parametrize("command", [["models"], ["models", "cnn"], ["train", "--help"]])
def test_listing_models_imports_no_framework(command, tmp_path):
    code = (
        "import sys\n"
        "from serkit.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "loaded = {'keras', 'tensorflow', 'torch', 'jax'} & set(sys.modules)\n"
        "sys.exit(f'imported {loaded}' if loaded else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr

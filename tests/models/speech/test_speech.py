"""Probe and wav2vec2 on a tiny encoder with random weights: the whole way, without a network."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import serkit
from serkit import FeatureStore
from serkit.audio import write_wav
from serkit.corpora.ravdess import EMOTIONS
from serkit.errors import (
    MissingDependencyError,
    NotFoundError,
    RunError,
    TrainingError,
    UnknownNameError,
    UsageError,
)
from serkit.labels import UNRECORDED
from serkit.models import TRAINERS, FitContext, FoldData, Tracking
from serkit.models.speech.waves import InputSpec, Waves, by_length, by_rank, stack
from serkit.testing import check_trainer, example_signal
from speechkit import LAYERS, clips_of, fold_of, make_checkpoint, make_store

pytestmark = pytest.mark.skipif(not find_spec("transformers"), reason="needs transformers")

PROBE, WAV2VEC2 = TRAINERS.get("probe"), TRAINERS.get("wav2vec2")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("speech")
    make_checkpoint(folder / "tiny")
    make_store(folder, "raw", f"embeddings:{folder / 'tiny'}")
    return folder


@pytest.fixture(scope="module")
def store(home) -> FeatureStore:
    return FeatureStore(home / "store")


@pytest.fixture(scope="module")
def fold(store) -> FoldData:
    return fold_of(store, (1, 2), (3,))


@pytest.fixture
def quick(home) -> dict[str, object]:
    """What makes a fine-tuning a matter of a second."""
    return {
        "checkpoint": str(home / "tiny"),
        "epochs": 2,
        "batch_size": 8,
        "device": "cpu",
        "trim_db": 0.0,
    }


def tune(fold: FoldData, quick, *, preset="best", seed=0, workdir=None, tracking=None, **values):
    settled = WAV2VEC2.settle(preset, quick | values)
    context = FitContext(seed, workdir=workdir, tracking=tracking or Tracking())
    return WAV2VEC2.fit(fold, settled, context)


class TestProbe:
    def test_keeps_the_contract(self, store, home):
        check_trainer(PROBE, store, values={"checkpoint": str(home / "tiny"), "C": 1.0})

    def test_chooses_layer_and_c_on_inner_folds(self, store, home, fold):
        values = PROBE.settle("best", {"checkpoint": str(home / "tiny"), "max_iter": 50})
        told: list[tuple[int, int]] = []
        fitted = PROBE.fit(fold, values, FitContext(0, lambda *t: told.append(t[:2])))
        assert 0 <= fitted.chosen["layer"] < LAYERS
        assert fitted.chosen["C"] in (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
        assert fitted.chosen["inner_uar"] > 1 / 8
        assert told[-1] == (LAYERS * 7 * 3, LAYERS * 7 * 3)  # layers, values of C, actors

    def test_reads_only_the_given_layer(self, store, home, fold):
        values = PROBE.settle("best", {"checkpoint": str(home / "tiny"), "layer": 1, "C": 1.0})
        fitted = PROBE.fit(fold, values, FitContext())
        assert fitted.chosen == {}
        data = clips_of(store, 4)
        expected = data.read("embeddings-tiny").X[:, 1]
        assert np.array_equal(fitted.inputs.matrix(data), expected)
        assert fitted.parameters == 8 * (expected.shape[1] + 1)

    def test_an_inner_choice_is_as_good_from_scratch_as_along_the_path(self, store, home, fold):
        """Beginning at the C before only saves time."""
        from sklearn.preprocessing import StandardScaler

        from serkit.trainers.probe import C_GRID, _classifier, _Path

        values = PROBE.settle("best", {"max_iter": 1000})
        data = fold.everything
        matrix = StandardScaler().fit_transform(data.read("embeddings-tiny").X[:, 1])
        path = _Path(values)
        for c in C_GRID[:4]:
            warm = path.build({"C": c}).fit(matrix, data.labels).predict_proba(matrix)
            cold = _classifier(values, {"C": c}).fit(matrix, data.labels).predict_proba(matrix)
            np.testing.assert_allclose(warm, cold, atol=5e-3)

    def test_a_feature_that_was_not_extracted_names_the_command(self, store, tmp_path):
        with pytest.raises(UnknownNameError) as caught:
            serkit.train(
                "probe", store=store, runs=tmp_path, values={"checkpoint": "microsoft/wavlm-base"}
            )
        assert str(caught.value).endswith(
            "compute it with 'serkit extract SRC --features embeddings:microsoft/wavlm-base'"
        )
        assert list(tmp_path.iterdir()) == []

    def test_weights_that_were_replaced_since_are_refused(self, home, tmp_path):
        other = make_checkpoint(tmp_path / "tiny", seed=5)
        with pytest.raises(
            serkit.errors.IncompleteFeatureError, match=r"by another recipe \(weigh"
        ):
            serkit.train(
                "probe",
                store=home / "store",
                runs=tmp_path / "r",
                values={"checkpoint": str(other)},
            )

    def test_a_missing_layer(self, home, fold):
        values = PROBE.settle("best", {"checkpoint": str(home / "tiny"), "layer": 9})
        with pytest.raises(TrainingError) as caught:
            PROBE.fit(fold, values, FitContext())
        assert str(caught.value) == (
            f"layer = 9, and the encoder has the layers 0 to {LAYERS - 1}; --set layer=-1 chooses "
            "one on inner folds"
        )

    def test_a_feature_of_another_kind(self, fold):
        with pytest.raises(
            TrainingError, match=r"^raw holds no layers of a frozen encoder; extract"
        ):
            PROBE.fit(fold, PROBE.settle("best", {"features": "raw"}), FitContext())

    def test_needs_an_encoder(self):
        with pytest.raises(
            UsageError, match=r"^neither checkpoint nor features is given; name the"
        ):
            PROBE.check(PROBE.settle("best", {"checkpoint": ""}))

    def test_loads_neither_torch_nor_transformers(self, home, tmp_path):
        script = f"""
import sys, serkit
run = serkit.train("probe", store={str(home / "store")!r}, runs={str(tmp_path)!r},
    protocol="loso", folds=1,
    values={{"checkpoint": {str(home / "tiny")!r}, "C": 1.0, "layer": 1}})
run.model_of(run.record["fold_scores"][0]["fold"])
sys.exit(", ".join(sorted({{"torch", "transformers"}} & set(sys.modules))) or 0)
"""
        result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert (result.returncode, result.stderr) == (0, "")


class TestFineTuning:
    @pytest.mark.parametrize("preset", ["best", "notebook"])
    def test_keeps_the_contract(self, store, quick, preset):
        check_trainer(WAV2VEC2, store, preset=preset, values=quick | {"epochs": 1})

    def test_all_labels_are_learned_including_neutral(self, fold, store, quick):
        """The study's labels were shifted by one, so that it could never say neutral."""
        fitted = tune(fold, quick)
        assert fitted.model.config.id2label == dict(enumerate(EMOTIONS))
        # A model that is taught neutral alone says neutral.
        data = clips_of(store, 1, 2)
        neutral = data.subset(data.labels == 0)
        taught = tune(
            FoldData(neutral, neutral.take(()), neutral),
            quick,
            epochs=8,
            freeze="encoder",
            learning_rate=0.05,
            head_rate=1.0,
        )
        assert taught.predict(clips_of(store, 4)).argmax(axis=1).tolist() == [0] * 8

    def test_it_learns_what_can_be_learned(self, fold, store, quick):
        """Tones that are the emotion's, and clips of an actor never heard."""
        usual = {"schedule": "constant", "warm_up": 0.0, "head_rate": 1.0, "label_smoothing": 0.0}
        more = {"epochs": 40, "learning_rate": 0.003, "batch_size": 4, "patience": 0, "cut_ms": 0}
        fitted = tune(fold, quick | usual | more, monitor="loss")
        data = clips_of(store, 4)
        assert np.mean(fitted.predict(data).argmax(axis=1) == data.labels) > 0.3
        assert fitted.history["train_loss"].iloc[-1] < fitted.history["train_loss"].iloc[0] - 0.3

    def test_history_has_the_nets_columns_and_the_best_epoch(self, fold, store, quick):
        fitted = tune(fold, quick, epochs=3, patience=0, monitor="uar")
        history = fitted.history
        scores = [
            f"{side}_{what}"
            for side in ("train", "validation")
            for what in ("loss", "accuracy", "uar", *(f"recall_{name}" for name in EMOTIONS))
        ]
        assert list(history.columns) == ["epoch", "best", *scores, "seconds"]
        assert history["epoch"].tolist() == [1, 2, 3]
        assert history[scores].notna().all(axis=None)
        best = history[history["best"]].iloc[0]
        assert fitted.chosen == {"epoch": best["epoch"]}
        assert best["validation_uar"] == history["validation_uar"].max()
        data = clips_of(store, 3)
        kept = fitted.predict(data).argmax(axis=1) == data.labels
        assert np.mean(kept) == pytest.approx(best["validation_accuracy"])

    def test_progress_counts_epochs_and_batches(self, fold, quick):
        epochs, batches = [], []
        settled = WAV2VEC2.settle("best", quick)
        WAV2VEC2.fit(
            fold,
            settled,
            FitContext(0, lambda *told: epochs.append(told), lambda *told: batches.append(told)),
        )
        assert [told[:2] for told in epochs] == [(1, 2), (2, 2)]
        assert [told[:2] for told in batches] == [(1, 2), (2, 2)] * 2
        assert "validation UAR" in epochs[0][2]
        assert batches[0][2].startswith("epoch 1, loss ")

    def test_another_seed_gives_another_model(self, fold, store, quick):
        one, other = (tune(fold, quick, seed=s, epochs=1) for s in (1, 2))
        data = clips_of(store, 4)
        assert np.abs(one.predict(data) - other.predict(data)).max() > 1e-4

    def test_patience_ends_it(self, fold, quick):
        history = tune(fold, quick, epochs=20, patience=1, learning_rate=1e-9).history
        assert len(history) == 2

    def test_a_loss_that_is_not_finite_stops_with_a_clear_message(self, fold, quick):
        with pytest.raises(
            TrainingError, match=r"^the loss became (nan|inf) in epoch \d+, (batch|on)"
        ):
            tune(fold, quick, epochs=9, learning_rate=1e30)

    @pytest.mark.parametrize(
        ("freeze", "free"),
        [
            ("none", lambda name: True),
            ("convolutions", lambda name: ".feature_extractor." not in name),
            ("encoder", lambda name: not name.startswith("wav2vec2.")),
        ],
    )
    def test_frozen_weights_do_not_change(self, fold, quick, freeze, free):
        from safetensors.torch import load_file

        fitted = tune(fold, quick, freeze=freeze, epochs=1, learning_rate=0.01)
        before = load_file(Path(str(quick["checkpoint"])) / "model.safetensors")
        after = dict(fitted.model.named_parameters())
        moved = {n for n, v in before.items() if not v.equal(after[f"wav2vec2.{n}"].detach().cpu())}
        assert all(free(f"wav2vec2.{name}") for name in moved)
        assert bool(moved) == (freeze != "encoder")
        assert fitted.parameters == sum(v.numel() for n, v in after.items() if free(n))

    @pytest.mark.parametrize("kind", ["WavLM", "Hubert"])
    def test_encoders_of_other_kinds_go_the_same_way(self, fold, store, quick, tmp_path, kind):
        folder = make_checkpoint(tmp_path / kind, kind=kind)
        fitted = tune(fold, quick | {"checkpoint": str(folder)}, epochs=1)
        assert type(fitted.model).__name__ == f"{kind}ForSequenceClassification"
        assert fitted.predict(clips_of(store, 4)).shape == (8, 8)

    def test_bfloat16_trains_too(self, fold, store, quick):
        assert np.isfinite(
            tune(fold, quick, epochs=1, precision="bfloat16").predict(clips_of(store, 4))
        ).all()

    def test_logs_to_tensorboard(self, fold, quick, tmp_path):
        pytest.importorskip("tensorboard")
        tune(fold, quick, epochs=1, tracking=Tracking(tensorboard=tmp_path, name="run-fold-1"))
        assert list((tmp_path / "run-fold-1").glob("events*"))

    def test_a_resumed_training_continues_its_mlflow_run(self, fold, quick, tmp_path, monkeypatch):
        mlflow = pytest.importorskip("mlflow", reason="needs MLflow")
        monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        where = Tracking(mlflow=str(tmp_path / "logs"), name="run/fold-1")

        def interrupt(done: int, *_: object) -> None:
            if done == 1:
                raise KeyboardInterrupt

        settled = WAV2VEC2.settle("best", quick)
        context = FitContext(0, interrupt, workdir=tmp_path / "work", tracking=where)
        with pytest.raises(KeyboardInterrupt):
            WAV2VEC2.fit(fold, settled, context)
        tune(fold, quick, workdir=tmp_path / "work", tracking=where)

        client = mlflow.MlflowClient((tmp_path / "logs").as_uri())
        experiment = client.get_experiment_by_name("serkit")
        (run,) = client.search_runs([experiment.experiment_id])
        assert (run.info.run_name, run.info.status) == ("run/fold-1", "FINISHED")
        assert run.data.params["num_train_epochs"] == "2"
        steps = {m.step for m in client.get_metric_history(run.info.run_id, "eval_loss")}
        assert len(steps) == 2


def test_the_study_s_model_has_its_count_of_parameters():
    import torch
    from transformers import AutoModelForAudioClassification, Wav2Vec2Config

    with torch.device("meta"):  # counted, not filled
        config = Wav2Vec2Config(num_labels=8)
        model = AutoModelForAudioClassification.from_config(config)
    assert sum(each.numel() for each in model.parameters()) == 94_570_632
    values = WAV2VEC2.settle("notebook", {})
    assert (values.checkpoint, values.pooling) == ("facebook/wav2vec2-base", "last")
    assert (values.freeze, values.learning_rate, values.epochs) == ("none", 3e-5, 10)
    assert (values.batch_size, values.accumulation, values.warm_up) == (32, 4, 0.1)
    assert values.monitor == "accuracy"


class TestResume:
    def test_a_killed_training_resumes_identically(self, fold, store, quick, tmp_path):
        """Stopped after the second epoch, and in the middle of the third one's checkpoint."""
        whole = tune(fold, quick, epochs=4, workdir=tmp_path / "whole", patience=0)

        class Killed(BaseException):
            pass

        def kill(done, total, what):
            if done == 3:
                raise Killed

        settled = WAV2VEC2.settle("best", quick | {"epochs": 4, "patience": 0})
        with pytest.raises(Killed):
            WAV2VEC2.fit(fold, settled, FitContext(0, kill, workdir=tmp_path / "killed"))
        half = tmp_path / "killed" / "checkpoint-99"
        half.mkdir()
        (half / "model.safetensors").write_bytes(b"half")
        told = []
        again = WAV2VEC2.fit(
            fold,
            settled,
            FitContext(0, lambda *t: told.append(t[0]), workdir=tmp_path / "killed"),
        )
        assert told == [3, 4]
        data = clips_of(store, 4)
        assert np.array_equal(again.predict(data), whole.predict(data))
        columns = [c for c in whole.history.columns if c != "seconds"]
        assert again.history[columns].equals(whole.history[columns])
        assert len(list((tmp_path / "killed").glob("checkpoint-*"))) <= 2

    def test_a_finished_one_is_not_trained_again(self, fold, quick, tmp_path):
        first = tune(fold, quick, workdir=tmp_path)
        told = []
        settled = WAV2VEC2.settle("best", quick)
        again = WAV2VEC2.fit(
            fold, settled, FitContext(0, lambda *t: told.append(t), workdir=tmp_path)
        )
        assert told == []
        assert again.history.equals(first.history)

    def test_another_training_s_checkpoint_is_not_taken(self, fold, quick, tmp_path):
        tune(fold, quick, workdir=tmp_path, epochs=1)
        assert tune(fold, quick, workdir=tmp_path, epochs=1, learning_rate=1e-4).history[
            "epoch"
        ].tolist() == [1]


class TestFiles:
    @pytest.fixture(scope="class")
    @staticmethod
    def saved(fold, home, tmp_path_factory):
        folder = tmp_path_factory.mktemp("saved")
        values = {"checkpoint": str(home / "tiny"), "epochs": 1, "batch_size": 8, "device": "cpu"}
        WAV2VEC2.fit(fold, WAV2VEC2.settle("best", values | {"trim_db": 0.0}), FitContext()).save(
            folder
        )
        return folder

    @pytest.fixture
    def copy(self, saved, tmp_path):
        return shutil.copytree(saved, tmp_path / "copy")

    def test_are_settings_and_safetensors_alone(self, saved):
        assert {p.name for p in saved.iterdir()} == {
            "config.json",
            "model.safetensors",
            "model.json",
        }

    def test_code_named_by_a_configuration_is_never_run(self, copy):
        config = json.loads((copy / "config.json").read_text())
        config |= {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Config"}}
        (copy / "config.json").write_text(json.dumps(config))
        (copy / "mine.py").write_text("raise SystemExit('code was run')")
        with pytest.raises(RunError, match=r"^the model in .* cannot be loaded: "):
            WAV2VEC2.load(copy)

    def test_truncated_weights_say_where(self, copy):
        weights = copy / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-100])
        with pytest.raises(RunError, match=rf"^the model in {copy} cannot be loaded: "):
            WAV2VEC2.load(copy)

    def test_missing_weights_are_not_invented(self, copy):
        from safetensors.torch import load_file, save_file

        weights = load_file(copy / "model.safetensors")
        del weights["classifier.weight"]
        save_file(weights, copy / "model.safetensors", {"format": "pt"})
        with pytest.raises(
            RunError, match=r"cannot be loaded: classifier.weight is missing in it$"
        ):
            WAV2VEC2.load(copy)


class TestRefusals:
    def test_a_checkpoint_that_is_nowhere(self, quick):
        with pytest.raises(
            NotFoundError, match=r"^no checkpoint './gone'; a folder, or a name such"
        ):
            WAV2VEC2.check(WAV2VEC2.settle("best", quick | {"checkpoint": "./gone"}))

    @pytest.mark.parametrize("device", ["cpu", "auto"])
    def test_float16_on_a_cpu(self, quick, monkeypatch, device):
        import torch

        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        values = WAV2VEC2.settle("best", quick | {"precision": "float16", "device": device})
        with pytest.raises(UsageError, match=r"^precision = 'float16' needs a GPU; use --set prec"):
            WAV2VEC2.check(values)

    def test_a_missing_gpu(self, fold, quick, monkeypatch):
        import torch

        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        with pytest.raises(
            UsageError, match=r"^device = 'cuda', but torch sees no GPU; use --devic"
        ):
            tune(fold, quick, device="cuda")

    @pytest.mark.parametrize(("found", "said"), [("0.7.0", "0.7.0 is"), ("", "it is not")])
    def test_augmentation_without_its_package(self, quick, monkeypatch, found, said):
        from serkit.models.speech import augment

        def version(name):
            if found:
                return found
            raise PackageNotFoundError(name)

        monkeypatch.setattr(augment, "version", version)
        with pytest.raises(MissingDependencyError) as caught:
            WAV2VEC2.check(WAV2VEC2.settle("best", quick | {"pitch": 0.5}))
        assert str(caught.value) == (
            f"augmenting waveforms needs audiomentations 0.40 or later, but {said} "
            "installed; pip install 'serkit[augment]', or leave noise, gain, pitch and tempo at 0"
        )

    @pytest.mark.parametrize("package", ["torch", "transformers", "accelerate"])
    def test_a_missing_package_names_its_extra(self, monkeypatch, package):
        monkeypatch.setattr("serkit.extras.installed", lambda name: name != package)
        with pytest.raises(MissingDependencyError) as caught:
            WAV2VEC2.require()
        assert str(caught.value) == (
            f"the package {package} is not installed; pip install 'serkit[transformers]'"
        )

    def test_a_feature_that_is_no_signal(self, fold, quick):
        with pytest.raises(TrainingError, match=r"holds no signals; use --set features=raw$"):
            tune(fold, quick, features="embeddings-tiny")


def hearing(**changed) -> InputSpec:
    usual = {
        "feature": "raw",
        "sample_rate": 16_000,
        "normalise": True,
        "trim_db": 0.0,
        "masks": False,
        "fewest_samples": 402,
    }
    return InputSpec(**usual | changed)


class TestBatches:
    LENGTHS = (5, 3, 5, 5, 4, 3)

    def test_groups_hold_one_length_and_every_clip_once(self):
        groups = by_length(self.LENGTHS, 2)
        assert groups == [[1, 5], [4], [0, 2], [3]]

    def test_padded_groups_are_full(self):
        assert by_rank(self.LENGTHS, 4) == [[1, 5, 4, 0], [2, 3]]

    def test_a_mask_says_what_is_padding(self):
        given, mask = stack([np.ones(2, np.float32), np.ones(3, np.float32)])
        assert given.tolist() == [[1, 1, 0], [1, 1, 1]]
        assert mask.tolist() == [[1, 1, 0], [1, 1, 1]]
        assert stack([np.ones(2, np.float32)])[1] is None

    def batches(self, store, **changed):
        from serkit.models.speech.augment import WaveAugmentation
        from serkit.models.speech.batches import WaveBatches

        usual = {"size": 6, "most": 4, "cut": 0, "seed": 0}
        waves = Waves(clips_of(store, 1, 2), hearing())
        plain = WaveAugmentation(None, 16_000)
        return WaveBatches(
            waves, labels=clips_of(store, 1, 2).labels, augmentation=plain, **usual | changed
        )

    def test_an_epoch_has_every_clip_once_unpadded_and_with_its_label(self, store):
        batches = self.batches(store)
        whole = {
            wave.tobytes(): label
            for wave, label in zip(
                map(hearing().finish, batches.waves.take(range(16))),
                batches.labels,
                strict=True,
            )
        }
        found = []
        for batch in (batches[number] for number in range(len(batches))):
            for part in batch["parts"]:
                assert "attention_mask" not in part
                found += zip(part["input_values"].numpy(), part["labels"].tolist(), strict=True)
        assert [batches[n]["count"] for n in range(3)] == [6, 6, 4]
        assert {wave.tobytes(): label for wave, label in found} == whole
        assert len(found) == 16

    def test_the_order_depends_on_seed_and_epoch_alone(self, store):
        def order(epoch=0, **changed):
            batches = self.batches(store, **changed)
            batches.set_epoch(epoch)
            return [p["labels"].tolist() for n in range(3) for p in batches[n]["parts"]]

        assert order() == order()
        assert order(epoch=1) != order()
        assert order(seed=1) != order()

    def test_cut_clips_share_lengths(self, store):
        batches = self.batches(store, cut=1600, size=16, most=16)
        lengths = {part["input_values"].shape[1] for part in batches[0]["parts"]}
        assert all(length % 1600 == 0 for length in lengths)
        assert len(batches[0]["parts"]) == len(lengths)


@pytest.mark.parametrize("kind", ["Wav2Vec2", "WavLM", "Hubert"])
def test_the_mixture_begins_with_every_layer_alike(tmp_path, kind):
    """transformers 5 leaves these weights as the memory was, for two of the three kinds."""
    import torch

    from serkit.encoders.checkpoint import open_checkpoint
    from serkit.models.speech.model import make_model

    checkpoint = open_checkpoint(str(make_checkpoint(tmp_path / kind, kind=kind)))
    dirt = [torch.full((LAYERS,), 7e33) for _ in range(2000)]  # what freed memory may hold
    del dirt
    weights = make_model(checkpoint, UNRECORDED, mixes_layers=True).layer_weights.tolist()
    assert weights == pytest.approx([1 / LAYERS] * LAYERS)


def test_an_encoder_whose_weights_are_missing_is_not_made_up(tmp_path):
    from safetensors.torch import load_file, save_file

    from serkit.encoders.checkpoint import open_checkpoint
    from serkit.encoders.frozen import load_encoder
    from serkit.models.speech.model import make_model

    file = make_checkpoint(tmp_path / "tiny") / "model.safetensors"
    weights = load_file(file)
    del weights["feature_projection.projection.weight"]
    save_file(weights, file, {"format": "pt"})
    checkpoint = open_checkpoint(str(file.parent))
    for load in (
        lambda: make_model(checkpoint, UNRECORDED, mixes_layers=False),
        lambda: load_encoder(checkpoint, checkpoint.identity, "cpu"),
    ):
        with pytest.raises(
            UsageError, match=r"lacks 1 weights of its encoder, such as .*projectio"
        ):
            load()


def test_a_padded_layer_norm_model_says_the_same_as_unpadded(store, tmp_path):
    """Why such models may be batched with a mask, and the others may not."""
    import torch

    from serkit.encoders.checkpoint import open_checkpoint
    from serkit.models.speech.model import make_model

    apart = {}
    for norm in ("layer", "group"):
        folder = make_checkpoint(tmp_path / norm, feat_extract_norm=norm)
        checkpoint = open_checkpoint(str(folder))
        assert checkpoint.masks == (norm == "layer")
        model = make_model(checkpoint, UNRECORDED, mixes_layers=True).eval()
        data = Waves(clips_of(store, 1), hearing())
        waves = [hearing().finish(wave) for wave in data.take(range(8))]
        shortest, longest = min(waves, key=len), max(waves, key=len)
        assert len(shortest) < len(longest)
        given, mask = stack([shortest, longest])
        with torch.no_grad():
            padded = model(torch.from_numpy(given), torch.from_numpy(mask)).logits[0]
            alone = model(torch.from_numpy(shortest)[None]).logits[0]
        apart[norm] = float((padded - alone).abs().max())
    assert apart["layer"] < 2e-6
    assert apart["group"] > 5e-5


@pytest.mark.skipif(not find_spec("audiomentations"), reason="needs audiomentations")
def test_waveform_changes_depend_only_on_the_seed():
    from serkit.models.speech.augment import WaveAugmentation, require_augmentation

    values = WAV2VEC2.settle("best", {"noise": 1.0, "gain": 1.0, "pitch": 1.0, "tempo": 1.0})
    try:
        require_augmentation(values)
    except MissingDependencyError as error:
        pytest.skip(str(error))
    change = WaveAugmentation.of(values, 16_000)
    wave = np.sin(np.arange(16_000) * 0.1, dtype=np.float32) * np.float32(0.3)
    state = np.random.get_state()[1].tolist()
    one, same, other = (change(wave, seed) for seed in (1, 1, 2))
    assert np.random.get_state()[1].tolist() == state
    assert np.array_equal(one, same)
    assert len(one) != len(other)
    assert one.dtype == np.float32


def test_a_run_from_extraction_to_the_leaderboard(home, tmp_path):
    given = {"store": home / "store", "runs": tmp_path, "protocol": "loso", "folds": 2}
    checkpoint = {"checkpoint": str(home / "tiny")}
    run = serkit.train(
        "wav2vec2",
        **given,
        values=checkpoint | {"epochs": 1, "device": "cpu", "trim_db": 0.0},
    )
    serkit.train("probe", **given, values=checkpoint | {"layer": 1, "C": 1.0})
    assert run.record["epochs"] == 1
    assert run.history.groupby("fold")["epoch"].apply(list).tolist() == [[1], [1]]
    model = run.model_of(run.record["fold_scores"][0]["fold"])
    assert model.parameters == run.record["parameters"]
    board = serkit.compare(tmp_path).to_pandas()
    assert set(board["model"]) == {"wav2vec2", "probe"}


class TestPredict:
    """Audio of one's own: features as in training, and clips longer than ``raw`` pads to."""

    def train(self, model: str, store: FeatureStore, runs: Path, **values: object) -> serkit.Run:
        return serkit.train(
            model, store=store, runs=runs, protocol="speaker5", values=values, folds=1
        )

    def apart(self, run: serkit.Run, home: Path) -> float:
        """Return how far the answers to the tested clips' files are off the run's test."""
        files = [next((home / "corpus").rglob(f"{i}.wav")) for i in run.predictions.index]
        said = serkit.predict(run, files, workers=1)
        assert (said.failed, said.warnings) == ((), ())
        found = [[row.probabilities[name] for name in EMOTIONS] for row in said.predicted]
        stored = run.predictions[[f"p_{name}" for name in EMOTIONS]].to_numpy()
        return float(np.abs(np.array(found) - stored).max())

    def test_the_probe_answers_as_in_its_own_test(self, store, home, tmp_path):
        values = {"checkpoint": str(home / "tiny"), "C": 1.0, "layer": 1}
        assert self.apart(self.train("probe", store, tmp_path, **values), home) < 1e-5

    def test_wav2vec2_too_and_of_longer_clips(self, store, home, tmp_path, quick):
        run = self.train("wav2vec2", store, tmp_path, **{**quick, "epochs": 1})
        assert self.apart(run, home) < 1e-5
        write_wav(tmp_path / "long.wav", example_signal(300_000))
        (answer,) = serkit.predict(run, tmp_path / "long.wav").predicted
        assert answer.seconds == 6.25
        # One that the encoder cannot hear fails alone.
        write_wav(tmp_path / "short.wav", example_signal(50))
        said = serkit.predict(run, [tmp_path / "short.wav", tmp_path / "long.wav"])
        (failed,) = said.failed
        assert failed.message.startswith(f"clip {tmp_path / 'short.wav'} has 17 samples at 16,000")
        assert "; " not in failed.message  # what to do in training is no help here
        (again,) = said.predicted
        assert again.probabilities == pytest.approx(answer.probabilities, abs=1e-6)

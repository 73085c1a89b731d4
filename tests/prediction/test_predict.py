"""Models asked about audio without labels: the same answers as in the run's own test."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netkit
import serkit
import storekit
from serkit import FeatureStore
from serkit.audio import read_audio, write_wav
from serkit.corpora.ravdess import EMOTIONS
from serkit.errors import RunError, SerkitError, UnknownNameError, UsageError
from serkit.evaluation.splits import split_clips
from serkit.extraction.unlabelled import FeatureRequest, clip_features
from serkit.features import EXTRACTORS
from serkit.prediction.golden import golden_answer, golden_features
from serkit.prediction.predictions import Predictions
from serkit.results.finding import find_run
from serkit.results.folder import RECORD
from serkit.results.run import Run, read_run
from serkit.store.memory import MemoryStore
from serkit.testing import example_signal


def answers(said: Predictions) -> np.ndarray:
    assert said.failed == ()
    return np.array([[row.probabilities[name] for name in EMOTIONS] for row in said.predicted])


def apart(run: Run, corpus: Path) -> float:
    """Return how far the answers to a corpus's own files are off the run's test of them."""
    most = 0.0
    for fold, frame in run.predictions.groupby("fold"):
        files = [next(corpus.rglob(f"{clip_id}.wav")) for clip_id in frame.index]
        stored = frame[[f"p_{name}" for name in EMOTIONS]].to_numpy()
        found = answers(serkit.predict(run, files, fold=fold, workers=1))
        most = max(most, float(np.abs(found - stored).max()))
    return most


@pytest.fixture(scope="module")
def run(speech_runs) -> Run:
    return find_run(speech_runs, "logreg-luna5")


@pytest.fixture(scope="module")
def net_store(tmp_path_factory) -> FeatureStore:
    return netkit.make_store(tmp_path_factory.mktemp("nets"), actors=6)


@pytest.fixture(scope="module")
def net_run(net_store) -> Run:
    """A tiny convolutional net that reads true lengths; its recipe pads to 9,600 samples."""
    return train_net(net_store, "cnn", **netkit.TINY["cnn"])


def train_net(store: FeatureStore, model: str, **values: object) -> Run:
    given = {**netkit.QUICK, "epochs": 1, **values}
    return serkit.train(model, store=store, runs=store.path.parent / "runs", values=given, folds=1)


@pytest.fixture
def copy(run, tmp_path):
    """Return a function that copies the run and changes its record."""

    def change(**record: Any) -> Run:
        path = tmp_path / "copy"
        shutil.copytree(run.path, path)
        (path / RECORD).write_text(json.dumps({**run.record, **record}))
        return read_run(path)

    return change


def clip(folder: Path, frames: int, name: str = "clip.wav") -> Path:
    write_wav(folder / name, example_signal(frames))
    return folder / name


class TestParity:
    """Files of the training corpus get the probabilities that the run's test gave them."""

    def test_logreg(self, run, speech):
        assert apart(run, speech) < 1e-5

    def test_xgboost(self, speech_store, speech, tmp_path):
        few = {"rounds": 15, "patience": 5}
        run = serkit.train("xgboost", store=speech_store, runs=tmp_path, values=few, folds=1)
        assert apart(run, speech) < 1e-5

    def test_a_net_of_true_lengths(self, net_run, net_store):
        assert apart(net_run, net_store.path.parent / "corpus") < 1e-5

    def test_a_net_of_padded_clips(self, net_store):
        run = train_net(net_store, "ffnn", padding="front", **netkit.TINY["ffnn"])
        assert apart(run, net_store.path.parent / "corpus") < 1e-5

    def test_metadata_columns(self, speech_runs, speech):
        run = find_run(speech_runs, "logreg-notebook")
        assert run.record["values"]["columns"] == "num_frames"
        assert apart(run, speech) < 1e-5

    def test_worker_processes_change_nothing(self, run, speech):
        files = sorted(speech.rglob("*.wav"))[:40]
        found = [answers(serkit.predict(run, files, workers=each)) for each in (1, 2)]
        assert np.array_equal(*found)


class TestFolds:
    def test_by_default_the_mean_of_all(self, run, tmp_path):
        path = clip(tmp_path, 40_000)
        each = [answers(serkit.predict(run, path, fold=fold)) for fold in run.fold_names]
        said = serkit.predict(run, path)
        assert said.folds == run.fold_names == ("1", "2", "5")
        assert np.allclose(answers(said), np.mean(each, axis=0))
        assert not np.allclose(each[0], each[1])

    def test_a_missing_one(self, run, tmp_path):
        with pytest.raises(UnknownNameError) as caught:
            serkit.predict(run, tmp_path, fold="9")
        assert str(caught.value) == "unknown fold '9'; there are: 1, 2, 5"


class TestLongerAndShorterClips:
    @pytest.mark.parametrize("frames", [1, 100, 4_000, 600_000])
    def test_functionals_take_them(self, run, tmp_path, frames):
        found = answers(serkit.predict(run, clip(tmp_path, frames)))
        assert found.sum() == pytest.approx(1)

    @pytest.mark.parametrize("frames", [1, 100, 9_601, 96_000])
    def test_a_net_of_true_lengths_takes_them(self, net_run, tmp_path, frames):
        assert answers(serkit.predict(net_run, clip(tmp_path, frames))).sum() == pytest.approx(1)

    def test_predictions_do_not_depend_on_longer_clips(self, net_run, tmp_path):
        lengths = (8_000, 9_600, 9_700, 30_000)
        files = [clip(tmp_path, n, f"{n}.wav") for n in lengths]
        alone = np.concatenate([answers(serkit.predict(net_run, each)) for each in files])
        together = answers(serkit.predict(net_run, files))
        assert np.abs(alone - together).max() < 1e-6

    def test_a_longer_clip_is_read_as_training_reads_it(self, net_run, tmp_path):
        """Its frames fall where they would if the recipe had padded to more all along."""
        (spec,) = net_run.saved_models.specs
        audio = read_audio(clip(tmp_path, 12_345))
        longer = EXTRACTORS.get("mel").longer(spec.settings, 12_345)
        assert longer.pad_to % spec.parameters["hop_length"] == spec.parameters["pad_to"] % 128
        further = replace(longer, pad_to=longer.pad_to + 5 * 128)
        first, second = (
            clip_features("0", audio, FeatureRequest((replace(spec, parameters=each.to_json()),)))
            for each in (longer, further)
        )
        asked = clip_features("0", audio, FeatureRequest((spec,), stretch=True))
        values = [each.values["mel8"].array for each in (first, second, asked)]
        assert np.array_equal(values[0], values[1])
        assert np.array_equal(values[0], values[2])

    def test_statistics_of_padded_clips_work_for_longer_ones_too(self, speech_runs, tmp_path):
        run = find_run(speech_runs, "logreg-notebook")
        long, short = clip(tmp_path, 300_000), clip(tmp_path, 100_000, "short.wav")
        said = serkit.predict(run, [long, short])
        assert [row.path for row in said.predicted] == [str(long), str(short)]
        assert said.failed == ()

    def test_minutes_of_talk_are_refused_by_every_model(self, run, tmp_path):
        write_wav(tmp_path / "talk.wav", np.zeros(121 * 1000, np.int16), 1000)
        (failure,) = serkit.predict(run, tmp_path).failed
        assert failure.message == (
            "talk.wav is 121 s long; up to 120 s are; use a window (--window 3 --hop "
            "1), or cut it into utterances"
        )


class TestChangesSinceTraining:
    def features(self, run: Run, **changes: Any) -> list[Mapping[str, Any]]:
        return [{**each, **changes} for each in run.record["features"]]

    def refused(self, run: Run, audio: Path) -> str:
        with pytest.raises(RunError) as caught:
            serkit.predict(run, audio)
        return str(caught.value)

    def test_an_extractor(self, run, copy, tmp_path):
        old = copy(run="old", features=self.features(run, version=0))
        assert self.refused(old, tmp_path) == (
            "old was trained with extractor functionals 0, installed is 1; train it again"
        )

    def test_an_extractor_that_is_gone(self, run, copy, tmp_path):
        old = copy(run="old", features=self.features(run, extractor="prosody"))
        assert self.refused(old, tmp_path).startswith(
            "old reads functionals, made by the extractor 'prosody', which is not installed here; "
            "there are: change-deviation, "
        )

    def test_a_model_that_is_gone(self, copy, tmp_path):
        text = self.refused(copy(run="old", model="perceptron"), tmp_path)
        assert text.startswith(
            "old is a run of the model 'perceptron', which is not installed here; there are: "
        )
        assert text.endswith("; install the package that brings it")

    def test_a_record_without_features_or_folds(self, copy, tmp_path):
        old = copy(features=[{}])
        assert self.refused(old, tmp_path) == (
            f"{old.path / RECORD} is damaged (it does not say which features were read); "
            "train it again"
        )
        shutil.rmtree(old.path)
        assert "has no folds, so no model; train it again" in self.refused(
            copy(fold_scores=[]), tmp_path
        )

    def test_today_s_recipes_do_not_matter(self, run, tmp_path, monkeypatch):
        definitions = tmp_path / "features" / "definitions"
        definitions.mkdir(parents=True)
        monkeypatch.chdir(tmp_path)
        (definitions / "mine.toml").write_text("not TOML")
        assert answers(serkit.predict(run, clip(tmp_path, 20_000))).shape == (1, 8)


class TestGoldenClip:
    def test_each_fold_keeps_its_model_s_answer(self, run):
        kept = [golden_answer(run.folder_of(fold), run.labels) for fold in run.fold_names]
        assert [each.shape for each in kept] == [(8,)] * 3
        assert all(each.sum() == pytest.approx(1) for each in kept)

    def test_the_same_answer_says_nothing(self, run, tmp_path):
        assert not [w for w in serkit.predict(run, clip(tmp_path, 100_000)).warnings if "off" in w]

    def test_changed_predictions_are_reported_with_version_changes(self, copy, run, tmp_path):
        old = copy(versions={**run.record["versions"], "numpy": "1.0"})
        self.spoil(old, "2", sad=0.5)
        (warning,) = [
            w for w in serkit.predict(old, clip(tmp_path, 100_000)).warnings if "off" in w
        ]
        assert warning.startswith(
            "predictions may be unreliable: the model of fold 2 gives the golden clip "
            "a probability that is 0.50 off what it gave when it was trained "
            f"(since then: numpy 1.0 -> {np.__version__}); train it again"
        )

    def test_changed_features_are_detected(self, run, tmp_path, monkeypatch):
        real = EXTRACTORS.get("functionals")

        def louder(signal, parameters):
            values = real.compute(signal, parameters)
            return replace(values, array=values.array * np.float32(1.5))

        monkeypatch.setattr(
            "serkit.extractors.functionals.EXTRACTOR", replace(real, compute=louder)
        )
        assert any(
            "may be unreliable" in each
            for each in serkit.predict(run, clip(tmp_path, 100_000)).warnings
        )

    @pytest.mark.parametrize("text", [None, "", "{}", '{"probabilities": {"sad": 1}}', "[1]"])
    def test_without_a_readable_one_there_is_no_note(self, copy, tmp_path, text):
        old = copy()
        for fold in old.fold_names:
            path = old.folder_of(fold) / "golden.json"
            path.unlink() if text is None else path.write_text(text)
        said = serkit.predict(old, clip(tmp_path, 100_000))
        assert not [w for w in said.warnings if "off" in w]

    def test_the_clip_is_in_no_answer(self, run, tmp_path):
        said = serkit.predict(run, clip(tmp_path, 20_000))
        assert [row.path for row in said.rows] == [str(tmp_path / "clip.wav")]

    def spoil(self, run: Run, fold: str, **otherwise: float) -> None:
        """Write that the model gave each emotion named that much more or less."""
        path = run.folder_of(fold) / "golden.json"
        known = json.loads(path.read_text())["probabilities"]
        moved = {
            k: (known[k] + v if known[k] < 0.5 else known[k] - v) for k, v in otherwise.items()
        }
        path.write_text(json.dumps({"probabilities": {**known, **moved}}))


class TestWarnings:
    def test_a_run_knows_what_its_clips_were_like(self, run, speech):
        seconds = [read_audio(path).num_frames / 48_000 for path in speech.rglob("*.wav")]
        assert run.record["audio"] == {
            "shortest": min(seconds),
            "longest": max(seconds),
            "sample_rates": [48_000],
        }

    def test_other_rates_and_lengths_are_reported_once_per_kind(self, run, tmp_path):
        for n in range(2):
            write_wav(tmp_path / f"slow{n}.wav", example_signal(60_000), 16_000)
        clip(tmp_path, 2_000, "short.wav")
        clip(tmp_path, 480_000, "long.wav")
        audio = run.record["audio"]
        assert serkit.predict(run, tmp_path).warnings == (
            "2 of 4 files are not recorded at 48,000 Hz as the training clips were; resampled",
            f"1 of 4 files is shorter than every training clip ({audio['shortest']:.1f} s)",
            f"1 of 4 files is longer than every training clip ({audio['longest']:.1f} s)",
        )

    def test_audio_like_the_training_clips_says_nothing(self, run, speech):
        assert serkit.predict(run, speech / "Actor_01").warnings == ()

    def test_a_run_that_does_not_know_says_nothing(self, copy, tmp_path):
        assert serkit.predict(copy(audio=None), clip(tmp_path, 2_000)).warnings == ()


class TestChannels:
    def test_a_voice_on_the_other_one_is_warned_of_and_can_be_read(self, run, tmp_path):
        mono = clip(tmp_path, 160_000, "mono.wav")
        samples = read_audio(mono).samples
        write_wav(tmp_path / "clip.wav", np.stack([0 * samples, samples], axis=1))
        said = serkit.predict(run, tmp_path / "clip.wav")
        assert said.warnings[0] == (
            f"{tmp_path / 'clip.wav'}: channel 0, which is read, is all but silent beside channel "
            "1 (--channel 1 reads that)"
        )
        right, alone = (
            serkit.predict(run, path, channel=1) for path in (tmp_path / "clip.wav", mono)
        )
        assert right.warnings == ()
        assert np.array_equal(answers(right), answers(alone))


class TestWhatIsNoPath:
    @pytest.mark.parametrize("given", [np.zeros(4), [1.5], 7])
    def test_is_refused(self, run, given):
        with pytest.raises(UsageError, match="paths of audio files") as caught:
            serkit.predict(run, given)
        assert str(caught.value).startswith("audio holds a ")

    def test_a_fold_may_be_a_number(self, run, tmp_path):
        file = clip(tmp_path, 20_000)
        one, two = (serkit.predict(run, file, fold=fold) for fold in (1, "1"))
        assert np.array_equal(answers(one), answers(two))


class TestAnswers:
    def test_as_a_frame(self, run, tmp_path):
        path = clip(tmp_path, 20_000)
        frame = serkit.predict(run, [path, tmp_path / "no.wav"]).to_pandas()
        assert list(frame["path"]) == [str(path), str(tmp_path / "no.wav")]
        best = frame.loc[0, "emotion"]
        assert frame.loc[0, f"p_{best}"] == frame.loc[0, "probability"]
        assert frame.loc[1, "error"] == "NotFoundError"
        assert frame.loc[1, [f"p_{name}" for name in EMOTIONS]].isna().all()

    def test_a_run_by_its_name(self, run, speech_runs, tmp_path):
        path = clip(tmp_path, 20_000)
        said = serkit.predict("logreg-luna5", str(path), runs=speech_runs)
        assert (said.run, said.model, len(said)) == (run.name, "logreg", 1)

    def test_nothing_to_predict(self, run):
        assert serkit.predict(run, []).rows == ()

    def test_probabilities_that_are_none_fail_alone(self, run, tmp_path, monkeypatch):
        class Broken:
            def predict(self, data):
                found = np.full((len(data), 8), 1 / 8)
                found[0] = np.nan
                return found

        monkeypatch.setattr("serkit.prediction.saved.load_model", lambda *_: Broken())
        said = serkit.predict(run, [clip(tmp_path, 2_000), clip(tmp_path, 3_000, "b.wav")])
        assert [f.message for f in said.failed] == ["the model gives no probabilities for it"]
        assert [row.path for row in said.predicted] == [str(tmp_path / "b.wav")]

    def test_nothing_is_left_behind(self, run, tmp_path, monkeypatch):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
        (tmp_path / "temporary").mkdir()
        before = sorted(run.path.rglob("*"))
        serkit.predict(run, clip(tmp_path, 20_000))
        assert list((tmp_path / "temporary").iterdir()) == []
        assert sorted(run.path.rglob("*")) == before


class TestInMemory:
    """A clip's features in memory are those of a store, to the last bit."""

    @pytest.mark.parametrize("options", [{}, {"padded": False}], ids=["padded", "true length"])
    def test_arrays(self, net_store, options):
        self.compare(net_store, net_store.path.parent / "corpus", "mel8", **options)
        self.compare(net_store, net_store.path.parent / "corpus", "mel8", scale="db", **options)

    @pytest.mark.parametrize("feature", ["functionals", "change_deviation"])
    def test_tables(self, speech_store, speech, feature):
        self.compare(FeatureStore(speech_store), speech, feature)

    def compare(self, store: FeatureStore, corpus: Path, feature: str, **options: Any) -> None:
        ids = list(store.clips.index[:5])
        request = FeatureRequest((store.spec(feature),))
        files = [next(corpus.rglob(f"{clip_id}.wav")) for clip_id in ids]
        memory = MemoryStore(
            [clip_features(i, read_audio(f), request) for i, f in zip(ids, files, strict=True)]
        )
        stored, computed = (each.read(feature, ids, **options) for each in (store, memory))
        assert all(np.array_equal(a, b) for a, b in zip(stored.X, computed.X, strict=True))
        assert np.array_equal(stored.lengths, computed.lengths)
        assert (stored.columns, stored.spec) == (computed.columns, computed.spec)
        assert set(computed.y) == {-1}

    def test_missing_names(self, tmp_path):
        request = FeatureRequest((storekit.mel(),))
        memory = MemoryStore([clip_features("a", read_audio(clip(tmp_path, 2_000)), request)])
        with pytest.raises(UnknownNameError, match="unknown feature 'mel9': did you mean 'mel8'"):
            memory.read("mel9", ["a"])
        with pytest.raises(UnknownNameError, match="unknown clip 'b'"):
            memory.read("mel8", ["b"])


class TestPredictor:
    """Models that are loaded once."""

    def test_answers_as_predict_does(self, run, speech):
        predictor = serkit.load(run)
        files = sorted(speech.rglob("*.wav"))[:3]
        assert np.array_equal(
            answers(predictor.predict_files(files)), answers(serkit.predict(run, files))
        )
        for path, row in zip(files, serkit.predict(run, files).predicted, strict=True):
            audio = read_audio(path)
            assert predictor.predict(audio.samples).probabilities == pytest.approx(
                dict(row.probabilities)
            )

    def test_models_are_loaded_and_checked_once(self, run, tmp_path, monkeypatch):
        asked = []
        real = golden_features
        monkeypatch.setattr(
            "serkit.prediction.members.golden_features",
            lambda request: asked.append(1) or real(request),
        )
        predictor = serkit.load(run)
        for _ in range(3):
            predictor.predict_files([clip(tmp_path, 20_000)])
        assert asked == [1]

    def test_samples_of_any_rate_and_type(self, run):
        predictor = serkit.load(run)
        signal = example_signal(48_000)
        whole = predictor.predict(signal)
        assert predictor.predict(signal / np.float32(32_768)) == whole
        assert predictor.predict(np.stack([signal, signal * 0], axis=1)) == whole
        assert predictor.predict(signal[::3].copy(), 16_000).seconds == pytest.approx(1)

    @pytest.mark.parametrize(
        ("samples", "rate", "text"),
        [
            (np.zeros(0, np.int16), 48_000, "there are no samples"),
            (np.array([0.0, np.nan]), 48_000, "1 of 2 samples is NaN or infinite"),
            (np.zeros((2, 2, 2), np.int16), 48_000, "samples of shape (2, 2, 2)"),
            (np.zeros(9, np.int64), 48_000, "samples of type int64"),
            (np.zeros(9, np.int16), 10, "a sample rate of 10 Hz"),
        ],
    )
    def test_samples_that_are_none(self, run, samples, rate, text):
        with pytest.raises(SerkitError) as caught:
            serkit.load(run).predict(samples, rate)
        assert str(caught.value).startswith(text)

    def test_a_run_uses_its_own_models(self, run, tmp_path):
        path = clip(tmp_path, 20_000)
        assert run.predict(path).rows == serkit.predict(run, path).rows
        assert run.predict([path], fold="2").folds == ("2",)

    def test_threads_may_share_it(self, run, speech):
        predictor = serkit.load(run)
        signals = [read_audio(path).samples for path in sorted(speech.rglob("*.wav"))[:8]]
        alone = [predictor.predict(each) for each in signals]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(predictor.predict, signals)) == alone

    def test_says_which_models_answer(self, run):
        assert repr(serkit.load(run)) == f"Predictor('{run.name}, mean of 3 models')"
        assert serkit.load(run, fold="2").title == f"{run.name}, model of fold 2"


def test_clips_without_labels_cannot_be_trained_on(tmp_path):
    request = FeatureRequest((storekit.mel(),))
    clips = [clip_features(i, read_audio(clip(tmp_path, 2_000)), request) for i in ("0", "1")]
    with pytest.raises(UsageError) as caught:
        split_clips(MemoryStore(clips).state.clips)
    assert str(caught.value) == (
        "2 of 2 clips have no labels (0, ...); a model can be trained and tested only on clips "
        "whose emotion is known; extract a labelled corpus into a store of its own"
    )

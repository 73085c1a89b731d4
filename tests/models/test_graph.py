"""ONNX graphs: mel spectrograms from samples, pipelines, trees, nets and their averages."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from serkit.dsp.mel import power_to_db
from serkit.errors import RunError
from serkit.extraction.unlabelled import FeatureRequest, clip_features
from serkit.features import EXTRACTORS
from serkit.features.spec import resolve
from serkit.models import ClipData
from serkit.models.classical.inputs import Inputs
from serkit.models.classical.pipeline import SklearnModel
from serkit.models.ensemble import Ensemble, Member
from serkit.prediction.samples import audio_of_samples
from serkit.store.memory import MemoryStore

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from serkit.models.graph import Graph  # noqa: E402
from serkit.models.graph.mel import Transform  # noqa: E402
from serkit.prediction.onnx_file import OnnxGraph, open_session  # noqa: E402

CLASSES = 4


def recipe(**parameters):
    given = {"n_fft": 512, "hop_length": 128, "n_mels": 20, "pad_to": 24_000} | parameters
    return resolve("mel", EXTRACTORS.get("mel"), given)


def sound(frames, seed=0):
    random = np.random.default_rng(seed)
    tone = 8000 * np.sin(np.arange(frames) * 0.05)
    samples = (tone + 500 * random.standard_normal(frames)).astype(np.int16)
    return audio_of_samples(samples, 48_000)


def run(graph, output, classes, **inputs):
    model = graph.finish(output, classes, {})
    session = open_session(model.SerializeToString(), "a test")
    return session.run(None, inputs)[0]


class TestMel:
    @pytest.mark.parametrize(
        "parameters",
        [
            {},
            {"pad_to": 0},
            {"n_fft": 600, "hop_length": 250, "n_mels": 12},
            {"n_fft": 64, "hop_length": 64, "n_mels": 4},
            {"hop_length": 512, "fmin": 200.0, "fmax": 9000.0},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("frames", [700, 12_345, 23_900, 24_000, 24_001, 31_000])
    def test_the_graph_computes_what_the_extractor_does(self, parameters, frames):
        spec, audio = recipe(**parameters), sound(frames)
        expected = clip_features("c", audio, FeatureRequest((spec,), True)).values["mel"].array.T
        graph = Graph([spec])
        found = run(graph, graph.frames("mel"), expected.shape[1], samples=audio.samples)
        assert found.shape == expected.shape
        assert np.abs(power_to_db(found) - power_to_db(expected)).max() < 0.01

    def test_silence_is_silent(self):
        graph = Graph([recipe()])
        output = graph.frames("mel")
        assert run(graph, output, 20, samples=np.zeros(5000, np.int16)).max() == 0

    @pytest.mark.parametrize("n_fft", [2, 6, 64, 600, 2048])
    def test_two_steps_are_a_fourier_transform(self, n_fft):
        transform = Transform.of(n_fft)
        assert transform.inner * transform.outer == n_fft
        each_bin_once = transform.weights(np.eye(n_fft // 2 + 1, dtype=np.float32))
        assert each_bin_once.sum(axis=0).tolist() == [1.0] * (n_fft // 2 + 1)

    def test_frames_that_leave_gaps_are_read_as_a_feature(self):
        graph = Graph([recipe(hop_length=600)])
        graph.frames("mel")
        assert [each.kind for each in graph.inputs] == ["frames"]

    def test_samples_are_one_input_of_several_nets(self):
        graph = Graph([recipe()])
        assert graph.frames("mel") == graph.frames("mel")
        assert [each.name for each in graph.inputs] == ["samples"]


TABLE = resolve("change_deviation", EXTRACTORS.get("change_deviation"), {})


@pytest.fixture(scope="module")
def rows():
    """Return rows of one column, and labels that it says something of; of one class none."""
    random = np.random.default_rng(1)
    labels = np.resize([0, 1, 3], 60)
    matrix = (100 * labels + 40 * random.standard_normal(60)).astype(np.float32)[:, None]
    return matrix, labels


def as_clips(matrix):
    """Return clips whose feature has these values."""
    audio = sound(2000)
    clips = []
    for number, row in enumerate(matrix):
        clip = clip_features(f"{number}", audio, FeatureRequest((TABLE,)))
        value = clip.values[TABLE.name]
        clips.append(replace(clip, values={TABLE.name: replace(value, array=row)}))
    return ClipData.of(MemoryStore(clips), [f"{number}" for number in range(len(matrix))])


def in_graph(model, matrix):
    graph = Graph([TABLE])
    return run(graph, graph.add(model, "a model"), CLASSES, change_deviation=matrix)


def pipeline(last):
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from serkit.models.classical.steps import Clip, ShrunkWhitening, TellingColumns

    return make_pipeline(StandardScaler(), Clip(1.5), TellingColumns(1), ShrunkWhitening(0.5), last)


class TestClassical:
    @pytest.mark.parametrize("kind", ["logreg", "ovr", "svm", "two classes"])
    def test_pipelines(self, rows, kind):
        from sklearn.linear_model import LogisticRegression
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.svm import SVC

        matrix, labels = rows
        if kind == "two classes":
            matrix, labels = matrix[labels < 2], labels[labels < 2]
        last = {
            "ovr": OneVsRestClassifier(LogisticRegression()),
            "logreg": LogisticRegression(),
        }.get(kind, SVC(gamma=0.5))
        fitted = pipeline(last).fit(matrix, labels)
        temperature = None if kind in ("ovr", "logreg") else 1.7
        model = SklearnModel(fitted, Inputs((TABLE.name,)), CLASSES, temperature=temperature)
        found = in_graph(model, matrix)
        assert found == pytest.approx(model.predict(as_clips(matrix)), abs=1e-5)
        assert found[:, 2].max() == 0

    def test_trees(self, rows):
        xgboost = pytest.importorskip("xgboost")
        pytest.importorskip("onnxmltools")
        from serkit.trainers.xgboost import XgboostModel

        matrix, labels = rows
        options = {"objective": "multi:softprob", "num_class": CLASSES, "max_depth": 3}
        booster = xgboost.train(options, xgboost.DMatrix(matrix, labels), 10)
        model = XgboostModel(booster, Inputs((TABLE.name,)), {})
        expected = model.predict(as_clips(matrix))
        assert in_graph(model, matrix) == pytest.approx(expected, abs=1e-6)

    @pytest.mark.parametrize("mean", ["geometric", "arithmetic"])
    def test_ensembles(self, rows, mean):
        from sklearn.linear_model import LogisticRegression

        matrix, labels = rows
        members = [
            SklearnModel(
                pipeline(LogisticRegression(C=c)).fit(matrix, labels),
                Inputs((TABLE.name,)),
                CLASSES,
            )
            for c in (0.01, 10.0)
        ]
        model = Ensemble(tuple(Member("logreg", each) for each in members), mean)
        expected = model.predict(as_clips(matrix))
        assert in_graph(model, matrix) == pytest.approx(expected, abs=1e-5)

    def test_models_without_a_graph_are_named(self):
        with pytest.raises(RunError) as caught:
            Graph([]).add(object(), "majority")
        assert str(caught.value) == (
            "majority cannot be exported to ONNX: models of this kind have no graph; "
            "'serkit predict' and 'serkit serve' use the run itself"
        )
        with pytest.raises(RunError, match="it reads a speaker's clips"):
            Inputs(("functionals",), by_speaker=True).in_graph(Graph([]))


class TestNets:
    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("transformer", {"width": 8, "blocks": 1, "heads": 2, "hidden": 8, "attention": 4}),
            ("lstm", {"units": "6,6", "attention": 4}),
            ("lstm", {"units": "6", "attention": 4, "beside": TABLE.name, "beside_path": "linear"}),
            ("transformer", {"padding": "masked", "width": 8, "blocks": 1, "heads": 2}),
            ("ffnn", {"features": TABLE.name, "padding": "none", "wide": True, "units": 8}),
        ],
        ids=[
            *("attention over live frames", "lstm", "a table beside"),
            *("the study's attention, padding masked", "a wide net on a table"),
        ],
    )
    def test_from_samples_to_probabilities(self, name, values):
        pytest.importorskip("tensorflow")
        pytest.importorskip("tf2onnx")
        from serkit.models.keras.backend import load_keras
        from serkit.models.keras.nets.parts import Shape
        from serkit.models.keras.network import Network
        from serkit.models.keras.scaling import Scaling
        from serkit.models.keras.source import Source
        from serkit.models.trainer import TRAINERS

        preset = "best" if name == "ffnn" else "mel"
        parameters = TRAINERS.get(name).settle(preset, {"features": "mel", **values})
        spec = recipe()
        audio = sound(14_000)
        clip = clip_features("c", audio, FeatureRequest((spec, TABLE), True))
        data = ClipData.of(MemoryStore([clip]), ("c",))
        source = Source.of(parameters, data)
        bands = source.bands
        scaling = Scaling(np.full(bands, 40.0), np.linspace(5, 15, bands))
        if source.columns:
            beside = Scaling(np.full(1, 9.0), np.full(1, 50.0), limit=0.05)
            scaling = replace(scaling, beside=beside)
        load_keras("tensorflow").utils.set_random_seed(1)
        build = import_module(f"serkit.models.keras.nets.{name}").build
        model = build(parameters, Shape(source.length, source.bands, source.columns), CLASSES)
        for layer in ("beside_linear", "wide"):
            random = np.random.default_rng(1)
            for linear in (each for each in model.layers if each.name == layer):  # zeros at first
                shapes = [each.shape for each in linear.get_weights()]
                linear.set_weights([random.normal(size=shape) for shape in shapes])
        net = Network(model, source, scaling, parameters.to_json())
        graph = Graph([spec, TABLE])
        content = graph.finish(graph.add(net, name), CLASSES, {})
        session = open_session(content.SerializeToString(), "a test")
        given = {"samples": audio.samples} if source.padding != "none" else {}
        if TABLE.name in (*source.features, *source.tables):
            given[TABLE.name] = data.read(TABLE.name).X.astype(np.float32)
        (found,) = session.run(None, given)
        assert found == pytest.approx(net.predict(data), abs=1e-5)
        assert OnnxGraph(session, graph.inputs, CLASSES).inputs == graph.inputs

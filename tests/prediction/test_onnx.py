"""``serkit export --onnx``, and models in an ONNX file: the run's answers, without its packages."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import serkit
from serkit.errors import RunError, SerkitError
from serkit.prediction import onnx_export
from serkit.results.finding import find_run

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("skl2onnx")


@pytest.fixture(scope="module")
def run(speech_runs):
    return find_run(speech_runs, "logreg-luna5")


@pytest.fixture(scope="module")
def clips(speech):
    return sorted(speech.rglob("*.wav"))[:3]


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    return serkit.export_onnx(run, tmp_path_factory.mktemp("onnx") / "model.onnx")


class TestExport:
    def test_it_was_compared_on_fifty_clips(self, exported):
        assert exported.clips == 50
        assert exported.largest_difference < onnx_export.TOLERANCE
        assert [each.kind for each in exported.inputs] == ["row"]
        assert json.dumps(exported.to_json())

    def test_all_folds_answer_together(self, exported, run, clips):
        with_file = serkit.predict(exported.path, clips)
        with_run = serkit.predict(run, clips)
        assert with_file.folds == with_run.folds == run.fold_names
        for one, other in zip(with_file.predicted, with_run.predicted, strict=True):
            assert dict(one.probabilities) == pytest.approx(dict(other.probabilities), abs=1e-4)

    def test_one_fold(self, run, clips, tmp_path):
        found = serkit.export_onnx(run, tmp_path / "one.onnx", fold="2", clips=clips)
        assert (found.folds, found.clips) == (("2",), 3)
        (one,) = serkit.predict(found.path, clips[0]).predicted
        (other,) = serkit.predict(run, clips[0], fold="2").predicted
        assert dict(one.probabilities) == pytest.approx(dict(other.probabilities), abs=1e-4)

    def test_a_file_with_different_predictions_is_not_kept(self, run, clips, tmp_path, monkeypatch):
        (tmp_path / "m.onnx").write_bytes(b"the one before")
        monkeypatch.setattr(onnx_export, "TOLERANCE", -1.0)
        with pytest.raises(RunError, match=r"gives probabilities that are up to .* off"):
            serkit.export_onnx(run, tmp_path / "m.onnx", clips=clips)
        assert (tmp_path / "m.onnx").read_bytes() == b"the one before"

    @pytest.mark.parametrize(
        ("name", "file", "text"),
        [
            ("logreg-luna5", "m.onx", "m.onx does not end in .onnx; name it m.onx.onnx"),
            ("majority", "m.onnx", "majority cannot be exported to ONNX: models of this kind have"),
        ],
    )
    def test_what_cannot_be_exported(self, speech_runs, clips, tmp_path, name, file, text):
        with pytest.raises(SerkitError) as caught:
            serkit.export_onnx(find_run(speech_runs, name), tmp_path / file, clips=clips)
        assert text in str(caught.value)
        assert list(tmp_path.iterdir()) == []

    def test_clips_that_are_gone(self, run, tmp_path):
        gone = {**run.record, "settings": {"store": str(tmp_path / "gone")}}
        other = type(run)(run.path, gone)
        with pytest.raises(RunError) as caught:
            serkit.export_onnx(other, tmp_path / "m.onnx")
        assert str(caught.value) == (
            f"nothing is left of {run.name} to compare the file on: its feature store is not "
            "there any more; name audio files or a folder of them with --clips"
        )


class TestAsking:
    def test_no_framework_is_loaded(self, exported, clips):
        script = (
            "import sys, serkit; serkit.predict(sys.argv[1], sys.argv[2]);"
            "print(sorted({'tensorflow', 'torch', 'keras', 'sklearn', 'onnx', 'skl2onnx', 'pandas',"
            " 'pyarrow', 'h5py'} & {name.partition('.')[0] for name in sys.modules}))"
        )
        command = [sys.executable, "-c", script, str(exported.path), str(clips[0])]
        assert subprocess.run(command, capture_output=True, text=True).stdout.strip() == "[]"

    def test_the_graph_is_opened_once(self, exported, clips, monkeypatch):
        import onnxruntime

        opened, open_it = [], onnxruntime.InferenceSession

        def count(*arguments, **options):
            opened.append(arguments)
            return open_it(*arguments, **options)

        monkeypatch.setattr(onnxruntime, "InferenceSession", count)
        serkit.predict(exported.path, clips[:2])
        assert len(opened) == 1

    def test_workers_get_all_but_the_graph(self, exported):
        models = serkit.load(exported.path).saved
        received = pickle.loads(pickle.dumps(models))
        assert "session" not in vars(received)
        assert received.specs == models.specs

    def test_the_predictor_is_that_of_a_run(self, exported, run, clips):
        predictor = serkit.load(exported.path)
        assert predictor.title == "model.onnx, mean of 3 models"
        assert predictor.warnings == ()
        card = predictor.card()
        assert card["expected"] == run.expected
        assert card["features"] == ["functionals"]
        samples = np.zeros(96_000, np.int16)
        assert sum(predictor.predict(samples).probabilities.values()) == pytest.approx(1)
        assert len(predictor.predict_over_time(clips[:1], window=1).timelines) == 1

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            ({"fold": 1}, "holds one graph, and no folds to choose from; choose when"),
            ({"abstain": 0.9}, "holds no predictions for new speakers to calibrate on; use"),
        ],
    )
    def test_what_a_file_cannot_do(self, exported, options, text):
        with pytest.raises(SerkitError) as caught:
            serkit.load(exported.path, **options)
        assert text in str(caught.value)

    def test_files_that_are_none(self, exported, tmp_path):
        (tmp_path / "text.onnx").write_text("no graph")
        foreign = onnx.load(exported.path)
        foreign.metadata_props.clear()
        onnx.save(foreign, tmp_path / "foreign.onnx")
        onnx.helper.set_model_props(foreign, {"serkit": '{"version": 1}'})
        onnx.save(foreign, tmp_path / "damaged.onnx")
        onnx.helper.set_model_props(foreign, {"serkit": '{"version": 2}'})
        onnx.save(foreign, tmp_path / "newer.onnx")
        said = {
            "gone": "there is no file ",
            "text": "text.onnx is no ONNX file that onnxruntime can run (",
            "foreign": "does not say which features it reads and what its outputs mean; ONNX",
            "damaged": "damaged.onnx is damaged (KeyError: 'golden'); export the run again",
            "newer": "newer.onnx is of version 2, and this serkit reads 1; export the run again",
        }
        for name, text in said.items():
            with pytest.raises(SerkitError) as caught:
                serkit.load(tmp_path / f"{name}.onnx")
            assert text in str(caught.value)

    def test_a_graph_with_different_predictions_here_brings_a_warning(self, exported, tmp_path):
        model = onnx.load(exported.path)
        facts = json.loads(model.metadata_props[0].value)
        facts["golden"] = facts["golden"][::-1]
        onnx.helper.set_model_props(model, {"serkit": json.dumps(facts)})
        onnx.save(model, tmp_path / "m.onnx")
        (warning,) = serkit.load(tmp_path / "m.onnx").warnings
        assert warning.startswith(
            "predictions may be unreliable: m.onnx gives the golden clip a probability that is "
        )

    def test_it_is_served(self, exported, clips):
        testclient = pytest.importorskip("fastapi.testclient")
        from serkit.web.app import create_app

        app = create_app(serkit.load(exported.path))
        with testclient.TestClient(app, base_url="http://localhost:8000") as client:
            answer = client.post("/predict", content=Path(clips[0]).read_bytes())
            assert answer.status_code == 200
            assert client.get("/model").json()["title"] == "model.onnx, mean of 3 models"

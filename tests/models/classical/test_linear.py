"""Pipelines read without scikit-learn answer as scikit-learn does."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from serkit.models.classical.inputs import Inputs
from serkit.models.classical.linear import LinearPipeline, read_linear
from serkit.models.classical.parameters import PreprocessingParameters
from serkit.models.classical.pipeline import SklearnModel, preprocessing
from serkit.models.classical.skops_file import UnfamiliarNode, read_skops

ALL: Mapping[str, float | bool] = {"scale": True, "clip": 2.0, "whiten": 0.9}
NONE: Mapping[str, float | bool] = {"scale": False, "clip": 0.0, "whiten": 0.0}


def fitted(steps, classifier, classes=4):
    random = np.random.default_rng(0)
    matrix = random.normal(5, 3, (80, 12)).astype(np.float32)
    labels = np.arange(80) % classes
    return make_pipeline(preprocessing(PreprocessingParameters(**steps)), classifier).fit(
        matrix, labels
    ), matrix


def saved(estimator, folder: Path) -> bytes:
    SklearnModel(estimator, Inputs(("x",)), len(estimator.classes_), temperature=1.0).save(folder)
    return (folder / "model.skops").read_bytes()


@pytest.mark.parametrize(
    "steps", [ALL, NONE, {**ALL, "scale": False}, {**ALL, "whiten": 0.0}, {**ALL, "select": 7}]
)
@pytest.mark.parametrize("scheme", ["multinomial", "ovr"])
def test_answers_are_the_same(tmp_path, steps, scheme):
    model = LogisticRegression(max_iter=200)
    estimator, matrix = fitted(steps, OneVsRestClassifier(model) if scheme == "ovr" else model)
    linear = read_linear(saved(estimator, tmp_path))
    off = np.abs(linear.decision_function(matrix) - estimator.decision_function(matrix)).max()
    # One against the rest, scikit-learn asks one model after the other, in single precision.
    assert off <= (1e-5 if scheme == "ovr" else 0)
    apart = np.abs(linear.predict_proba(matrix) - estimator.predict_proba(matrix)).max()
    assert apart < (1e-6 if scheme == "ovr" else 1e-15)
    assert list(linear.classes_) == [0, 1, 2, 3]


def test_a_saved_model_is_loaded_so(tmp_path):
    estimator, _ = fitted(ALL, LogisticRegression())
    saved(estimator, tmp_path)
    model = SklearnModel.load(tmp_path)
    assert isinstance(model.estimator, LinearPipeline)
    before = SklearnModel(estimator, Inputs(("x",)), 4)
    assert model.parameters == before.parameters


@pytest.mark.parametrize(
    ("classifier", "classes"), [(SVC(), 4), (LogisticRegression(), 2)], ids=["kernel", "binary"]
)
def test_nonlinear_pipelines_are_left_to_scikit_learn(tmp_path, classifier, classes):
    estimator, _ = fitted(ALL, classifier, classes)
    assert read_linear(saved(estimator, tmp_path)) is None
    assert SklearnModel.load(tmp_path).estimator.steps[-1][0] == type(classifier).__name__.lower()


def test_foreign_classes_are_data_and_never_imported(tmp_path):
    path = tmp_path / "x.skops"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "schema.json",
            '{"__class__": "system", "__module__": "os", "__loader__": "ObjectNode"}',
        )
    assert read_skops(path.read_bytes()).kind == "os.system"
    assert read_linear(path.read_bytes()) is None


def test_unknown_nodes_are_named(tmp_path):
    path = tmp_path / "x.skops"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", '{"__loader__": "FunctionNode"}')
    with pytest.raises(UnfamiliarNode, match="FunctionNode"):
        read_skops(path.read_bytes())


def test_loading_needs_no_scikit_learn(tmp_path):
    estimator, _ = fitted(ALL, LogisticRegression())
    saved(estimator, tmp_path)
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from serkit.models.classical.pipeline import SklearnModel\n"
        "SklearnModel.load(Path(sys.argv[1]))\n"
        "print([m for m in ('sklearn', 'skops', 'pandas', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr

"""Saved models of earlier versions name modules that have moved; they load and predict the same."""

from __future__ import annotations

import zipfile
from importlib.util import find_spec

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from serkit.models.classical.inputs import Inputs
from serkit.models.classical.parameters import PreprocessingParameters
from serkit.models.classical.pipeline import SklearnModel, preprocessing
from serkit.models.moved import MOVED, with_modules_of_today


@pytest.mark.parametrize("module", MOVED.values())
def test_modules_are_where_the_table_says(module):
    assert find_spec(module) is not None


def test_other_modules_and_parts_of_names_stay():
    text = '{"module": "serkit.nets._lstm_of_mine", "other": "keras.layers"}'
    assert with_modules_of_today(text) == text


def test_an_old_pipeline_predicts_to_the_same_digits(tmp_path):
    """A pipeline with serkit's own steps, saved under the module name of version 0.1."""
    matrix = np.random.default_rng(0).normal(5, 3, (80, 12)).astype(np.float32)
    steps = preprocessing(PreprocessingParameters(scale=True, clip=4.0, whiten=0.9))
    estimator = make_pipeline(steps, SVC()).fit(matrix, np.arange(80) % 4)
    SklearnModel(estimator, Inputs(("x",)), 4, temperature=1.0).save(tmp_path)
    path = tmp_path / "model.skops"
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    old, new = b"serkit.trainers._steps", b"serkit.models.classical.steps"
    assert new in files["schema.json"]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content.replace(new, old) if name == "schema.json" else content)
    before = path.read_bytes()
    loaded = SklearnModel.load(tmp_path)
    assert np.array_equal(
        loaded.estimator.decision_function(matrix), estimator.decision_function(matrix)
    )
    assert path.read_bytes() == before
    again = tmp_path / "again"
    again.mkdir()
    loaded.save(again)
    assert SklearnModel.load(again).parameters == loaded.parameters

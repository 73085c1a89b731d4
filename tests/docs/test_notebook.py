"""docs/notebook.ipynb runs from its first cell to its last, and shows something in each."""

from __future__ import annotations

import ast
import json
import os
import shutil
from pathlib import Path

import pytest

import serkit

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "notebook.ipynb"
CELLS = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]


@pytest.fixture
def project(tmp_path, monkeypatch, speech):
    """Work in a folder with synthetic speech in ``data/speech``."""
    shutil.copytree(speech, tmp_path / "data" / "speech", copy_function=os.link)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SERKIT_WORKERS", "1")
    return tmp_path


def run_cell(source: str, names: dict[str, object]) -> object:
    """Run a cell as a notebook does; return what its last expression gives."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, str(NOTEBOOK), "exec"), names)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), str(NOTEBOOK), "eval"), names)


def test_every_cell_runs_and_reports_show_themselves(project):
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    names: dict[str, object] = {}
    shown: list[object] = []
    for cell in CELLS:
        if cell["cell_type"] == "code":
            shown.append(run_cell("".join(cell["source"]), names))
    figures = [each for each in shown if isinstance(each, Figure)]
    reports = [each for each in shown if each is not None and not isinstance(each, Figure)]
    assert len(figures) == 10
    kinds = {type(each).__name__ for each in reports}
    assert kinds == {"FeatureStore", "Batch", "Exploration", "Listened", "Run", "Board"}
    for each in reports:
        assert "<" in each._repr_html_()
    asked = {"".join(c["source"]) for c in CELLS if "found.figure(" in "".join(c["source"])}
    drawn = names["found"].figures
    assert all(any(f'"{name}"' in source for name in drawn) for source in asked)
    pyplot.close("all")


def test_it_is_kept_without_outputs():
    code = [cell for cell in CELLS if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


def test_stores_and_batches_show_themselves(speech_store):
    store = serkit.FeatureStore(speech_store)
    page = store._repr_html_()
    assert "96 clips" in page
    assert "(1362,)" in page
    batch = store.load("functionals")
    assert "shape (96, 1362)" in batch._repr_html_()
    assert "and 88 more" in batch._repr_html_()

"""The examples in docstrings run and print what they show, and every public name has one."""

from __future__ import annotations

import doctest
import inspect
import os
import shutil
import sys
from importlib import import_module
from pathlib import Path

import pytest

import serkit

_ROOT = Path(serkit.__file__).parent
_DOCS = Path(__file__).resolve().parents[2] / "docs"


def _modules_with_examples() -> list[str]:
    found = []
    for path in sorted(_ROOT.rglob("*.py")):
        if ">>> " in path.read_text(encoding="utf-8"):
            parts = path.relative_to(_ROOT.parent).with_suffix("").parts
            found.append(".".join(parts).removesuffix(".__init__"))
    return found


@pytest.fixture
def project(tmp_path, monkeypatch, speech, speech_store, speech_runs, german_store) -> Path:
    """Work in a project: ``data/speech``, ``features/store``, ``emodb``, ``runs``, ``recorded``.

    ``emodb`` is a store of another corpus, and ``recorded`` holds a published run that was trained
    in epochs.
    """
    shutil.copytree(speech, tmp_path / "data" / "speech", copy_function=os.link)
    shutil.copytree(speech_store, tmp_path / "features" / "store")
    shutil.copytree(german_store, tmp_path / "emodb")
    shutil.copytree(speech_runs, tmp_path / "runs")
    epochs = _DOCS / "record" / "runs" / "ffnn-luna5-20261125-041950-2077"
    shutil.copytree(epochs, tmp_path / "recorded" / epochs.name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", _modules_with_examples())
def test_examples_run(name, project):
    result = doctest.testmod(
        import_module(name), extraglobs={"serkit": serkit}, optionflags=doctest.ELLIPSIS
    )
    assert result.attempted > 0
    assert result.failed == 0


def _public() -> dict[str, object]:
    """Return serkit's functions and classes and those for plug-ins, by full name."""
    sys.path.insert(0, str(_DOCS))
    try:
        from _generate.library import public_types
    finally:
        sys.path.remove(str(_DOCS))
    own = {f"serkit.{name}": getattr(serkit, name) for name in serkit.__all__}
    return {name: each for name, each in (own | public_types()).items() if callable(each)}


def _has_example(thing: object) -> bool:
    """Whether a function's or class's own docstring holds code that a doctest runs."""
    steps = doctest.DocTestParser().get_examples(inspect.getdoc(thing) or "")
    return any(not step.options.get(doctest.SKIP) for step in steps)


@pytest.mark.parametrize(("name", "thing"), _public().items(), ids=_public())
def test_every_public_function_and_class_has_an_example(name, thing):
    assert _has_example(thing), f"{name} has no example that runs"
    assert thing.__module__ in _modules_with_examples()


def test_examples_that_do_not_run_are_not_counted():
    def without():
        """Add.

        Example:
            ``add(1, 2)``
        """

    def skipped():
        """Add.

        Example:
            >>> add(1, 2)  # doctest: +SKIP
            3
        """

    def present():
        """Add.

        Example:
            >>> 1 + 2
            3
        """

    assert [_has_example(each) for each in (without, skipped, present)] == [False, False, True]

"""The examples: what a page tells people to write and to run, written and run."""

from __future__ import annotations

import inspect
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import ClassVar

import pytest

import serkit
from serkit import registry
from serkit.corpora.synthetic import MARKER

DOCS = Path(__file__).resolve().parents[2] / "docs"


def blocks(page: str, language: str, before: str = "") -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^{before}```{language}\n(.*?)^```", text, re.S | re.M)


@pytest.fixture
def project(tmp_path, make_corpus, monkeypatch) -> Path:
    """A folder to work in, with a tiny corpus of four actors in ``corpus``."""
    monkeypatch.chdir(tmp_path)
    (make_corpus(32) / MARKER).write_text("{}")
    return tmp_path


@pytest.fixture
def store(project) -> serkit.FeatureStore:
    serkit.extract("corpus", features=["functionals", "mel128"], workers=1)
    return serkit.FeatureStore("features/store")


def test_the_tutorial_s_python_session_runs(project, capsys):
    session = blocks("tutorial.md", "python", before="<!-- run -->\n")
    assert session == blocks("tutorial.md", "python"), "every block of the tutorial is to be run"
    names: dict[str, object] = {}
    for block in session:
        exec(compile(block, "tutorial.md", "exec"), names)
    said = capsys.readouterr().out
    assert "32 clips computed, 0 failed" in said
    assert "(32, 128, 495) float32" in said
    assert "speaker5" in said


EXAMPLES = {
    "howto/new-extractor.md": "octave_levels",
    "howto/new-corpus.md": "moods",
    "howto/new-protocol.md": "cross_sex",
    "howto/new-trainer.md": "centroid",
}


@pytest.fixture
def plug_ins(tmp_path, monkeypatch) -> Iterator[None]:
    """Install the how-to pages' examples as another distribution would bring them."""
    site = tmp_path / "site"
    package = site / "examples-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: examples\nVersion: 1.0\n")
    groups, modules = [], []
    for page in EXAMPLES:
        for block in blocks(page, "python"):
            name = block.partition(".py")[0].removeprefix("# ")
            (site / f"{name}.py").write_text(block, encoding="utf-8")
            modules.append(name)
        entries = tomllib.loads(blocks(page, "toml")[0])["project"]["entry-points"]
        for group, targets in entries.items():
            groups.append(f"[{group}]\n" + "\n".join(f"{k} = {v}" for k, v in targets.items()))
    (package / "entry_points.txt").write_text("\n".join(groups))
    monkeypatch.syspath_prepend(site)
    registry._targets.cache_clear()
    yield
    registry._targets.cache_clear()
    for name in modules:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("module", EXAMPLES.values(), ids=EXAMPLES)
def test_each_example_passes_the_test_shown_with_it(module, plug_ins, request):
    tests = vars(import_module(f"test_{module}"))
    test: Callable[..., None] = next(f for n, f in tests.items() if n.startswith("test_"))
    wanted = {name: request.getfixturevalue(name) for name in inspect.signature(test).parameters}
    test(**wanted)


def test_the_example_extractor_protocol_and_trainer_work_together(project, plug_ins):
    recipe = next(b for b in blocks("howto/new-extractor.md", "toml") if "extractor =" in b)
    definitions = project / "features" / "definitions"
    definitions.mkdir(parents=True)
    (definitions / "octaves.toml").write_text(recipe)

    report = serkit.extract("corpus", features=["octaves"], workers=1)
    assert report.computed == 32

    values = {"feature": "octaves"}
    run = serkit.train("centroid", protocol="cross-sex", values=values)
    assert [fold["fold"] for fold in run.record["fold_scores"]] == ["male", "female"]
    assert serkit.compare().entries[0].model == "centroid"


def test_the_example_corpus_is_recognised_by_its_names(tmp_path, plug_ins, make_corpus):
    names = [f"{who}-{what}01" for who in ("P1", "P4") for what in ("a", "sa", "su", "n")]
    found = serkit.check(make_corpus(names, folder="moods"), workers=1)
    assert (found.corpus, found.clips) == ("moods", 8)
    assert found.counts["emotion"] == {"neutral": 2, "sad": 2, "angry": 2, "surprised": 2}


class TestFormats:
    OF_SOME_RUNS: ClassVar = {
        *("listening", "stores", "label_map", "trained_on", "evaluated_run", "teachers")
    }
    """Keys that only runs of people, over several stores, or with teachers have."""

    def described(self, section: str) -> set[str]:
        """Return the keys in the tables of a section of the page of run formats."""
        page = (DOCS / "reference" / "run-format.md").read_text(encoding="utf-8")
        text = re.search(rf"^##+ {re.escape(section)}\n(.*?)(?=^#|\Z)", page, re.S | re.M)
        assert text
        cells = re.findall(r"^\| (`.*?) \|", text[1], re.M)
        return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}

    def test_every_key_of_a_run_is_described_and_no_other(self, store):
        run = serkit.train("majority", store=store, protocol="speaker5")
        assert self.described("run.json") - self.OF_SOME_RUNS == set(run.record)
        assert self.described("fold_scores") == set(run.record["fold_scores"][0])
        columns = {*run.predictions.reset_index().columns}
        assert self.described("predictions.parquet") == columns

    def test_every_key_of_a_manifest_is_described(self, store):
        page = (DOCS / "reference" / "store-format.md").read_text(encoding="utf-8")
        manifest = json.loads((store.path / "manifest.json").read_text())
        keys = set(manifest) | set(manifest["features"]["mel128"])
        assert keys <= set(re.findall(r"^\| `(\w+)` \|", page, re.M))

    def test_a_part_is_read_as_the_page_says(self, store):
        part = next((store.path / "parts" / "mel128").glob("*.h5"))
        pages = blocks("reference/store-format.md", "python")
        (shown,) = (block for block in pages if "part.h5" in block)
        names: dict[str, object] = {}
        exec(shown.replace('"part.h5"', repr(str(part))), names)
        with names["h5py"].File(part) as file:  # type: ignore[attr-defined]
            clip_id = file["clip_id"][0].decode()
        stored = store.read("mel128", [clip_id], padded=False).X[0]
        assert (stored == names["clip"]).all()

"""Every report shows itself in terminals and in notebooks."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

import serkit


def reports() -> dict[str, type]:
    """Return the public classes with tables, and the reports that functions return."""
    found = {name: getattr(serkit, name) for name in serkit.__all__}
    for module, name in (
        ("serkit.results.curve", "Curve"),
        ("serkit.results.learning", "Learning"),
        ("serkit.results.stress", "StressTable"),
        ("serkit.api.infos", "FeatureList"),
        ("serkit.api.infos", "ModelList"),
        ("serkit.ingest.audit_report", "AuditReport"),
        ("serkit.extraction.extract", "ExtractReport"),
        ("serkit.store.listing", "StoreListing"),
        ("serkit.store.verify", "VerifyReport"),
    ):
        found[name] = getattr(import_module(module), name)
    return {n: each for n, each in found.items() if inspect.isclass(each) and has_table(each)}


def has_table(kind: type) -> bool:
    return hasattr(kind, "__rich__") or hasattr(kind, "to_json")


@pytest.mark.parametrize(("name", "kind"), reports().items(), ids=reports())
def test_a_report_has_a_table_for_terminals_and_html_for_notebooks(name, kind):
    assert callable(kind.__rich__), name
    # A model card is Markdown, which notebooks render better than a table.
    assert hasattr(kind, "_repr_html_") or hasattr(kind, "_repr_markdown_"), name


def test_html_holds_the_numbers_of_the_table(speech_runs):
    html = serkit.compare(speech_runs, protocol="luna5")._repr_html_()
    assert "logreg" in html
    assert "majority" in html

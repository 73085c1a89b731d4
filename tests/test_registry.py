"""Plug-ins: a folder and the entry points are the table, and listing it imports nothing."""

from __future__ import annotations

import sys
from importlib import metadata

import pytest

from serkit.errors import SerkitError, UnknownNameError, UsageError
from serkit.registry import Registry


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A package of two plug-ins, of which one breaks when it is imported."""
    package = f"plugins_{tmp_path.name}"  # another name a test: modules stay imported
    folder = tmp_path / package
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "_shared.py").write_text("THING = 'not a plug-in'\n")
    (folder / "two_words.py").write_text("THING = 'the thing'\n")
    (folder / "broken.py").write_text("raise ImportError('needs a framework')\n")
    monkeypatch.syspath_prepend(tmp_path)
    return Registry("thing", package, "THING", hint="see 'serkit things'")


def entry_point(monkeypatch, registry, name, value):
    point = metadata.EntryPoint(name, value, registry.package)

    def entry_points(*, group):
        return (point,) if group == registry.package else ()

    monkeypatch.setattr(metadata, "entry_points", entry_points)


def test_the_names_are_the_modules_with_hyphens_and_without_private_ones(registry):
    assert registry.names() == ("broken", "two-words")


def test_listing_imports_no_plug_in(registry):
    registry.names()
    assert not [name for name in sys.modules if name.startswith(f"{registry.package}.")]


@pytest.mark.parametrize("name", ["two-words", "two_words"])
def test_a_plug_in_is_found_by_its_name_with_hyphens_or_underscores(registry, name):
    assert registry.get(name) == "the thing"


def test_a_broken_plug_in_raises_on_use(registry):
    with pytest.raises(ImportError, match="needs a framework"):
        registry.get("broken")


def test_an_unknown_name_is_wrong_usage_and_names_the_nearest(registry):
    with pytest.raises(UnknownNameError) as caught:
        registry.get("two-wrods")
    assert str(caught.value) == (
        "unknown thing 'two-wrods': did you mean 'two-words'?; "
        "there are: broken, two-words; see 'serkit things'"
    )
    assert isinstance(caught.value, UsageError)
    assert isinstance(caught.value, LookupError)
    assert caught.value.exit_code == 2


def test_a_name_like_no_other_gets_the_list_alone(registry):
    with pytest.raises(UnknownNameError, match=r"^unknown thing 'qqq'; there are: broken, two"):
        registry.get("qqq")


def test_a_private_module_is_no_plug_in(registry):
    with pytest.raises(UnknownNameError):
        registry.get("_shared")


def test_other_distributions_add_plug_ins_by_entry_points(registry, monkeypatch):
    entry_point(monkeypatch, registry, "from_afar", "string:digits")
    assert registry.names() == ("broken", "from-afar", "two-words")
    assert registry.get("from-afar") == "0123456789"


def test_a_plug_in_of_the_package_is_found_without_reading_every_distribution(
    registry, monkeypatch
):
    def refuse(*, group):
        raise AssertionError(f"{group} was read")

    monkeypatch.setattr(metadata, "entry_points", refuse)
    assert "two_words" in registry
    assert registry.get("two-words") == "the thing"


def test_a_name_is_in_it_or_not(registry, monkeypatch):
    entry_point(monkeypatch, registry, "from_afar", "string:digits")
    assert "from-afar" in registry
    assert "two-wrods" not in registry


def test_two_plug_ins_of_one_name_are_an_error_that_names_both(registry, monkeypatch):
    entry_point(monkeypatch, registry, "two_words", "string:digits")
    with pytest.raises(SerkitError, match=r"two things are named 'two-words': .* and string:dig"):
        registry.names()

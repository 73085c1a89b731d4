"""Tables take every text as it stands, whatever console prints them."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from serkit.tables import table

MARKUP = ["b[/x]", "b [v2]", "[bold]b[/bold]", ":smile:", "pip install 'serkit[torch]'"]


@pytest.mark.parametrize("text", MARKUP)
def test_what_looks_like_markup_is_text(text):
    made = table(f"title {text}", {f"heading {text}": "left"})
    made.add_row(f"cell {text}")
    out = io.StringIO()
    Console(file=out, width=200).print(made)
    for place in ("title", "heading", "cell"):
        assert f"{place} {text}" in out.getvalue()


def test_styled_text_keeps_its_style():
    made = table("t", {"a": "left"})
    made.add_row(Text("strong", "bold"))
    out = io.StringIO()
    Console(file=out, width=200, force_terminal=True, color_system="standard").print(made)
    assert "\x1b[1mstrong" in out.getvalue()


def test_control_characters_are_shown_and_not_obeyed():
    made = table("a\x1b[31mb", {"x": "left"})
    made.add_row("c\x07\x9bd")
    out = io.StringIO()
    Console(file=out, width=80).print(made)
    shown = out.getvalue()
    assert "a\\x1b[31mb" in shown
    assert "c\\x07\\x9bd" in shown
    assert "\x1b" not in shown

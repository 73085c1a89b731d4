"""Tables take every text as it stands, whatever console prints them."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from serkit.tables import table

MARKUP = ["b[/x]", "b [v2]", "[bold]b[/bold]", ":smile:", "pip install 'serkit[torch]'"]


@pytest.mark.parametrize("text", MARKUP)
def test_markup_is_printed_literally(text):
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


def shown(width, made):
    out = io.StringIO()
    Console(file=out, width=width).print(made)
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    return out.getvalue()


@pytest.fixture
def clips():
    made = table("clips in a store with a title that is long", {"": "left", "clips": "right"})
    made.add_column("size", justify="right")
    made.add_column("what")
    made.add_row("Actor_01/03-01-05-01-01-01-01.wav", "1,440", "123.4 MB", "a few plain words")
    return made


class TestWhereRoomIsShort:
    def test_everything_is_shown_where_there_is_room(self, clips):
        text = shown(100, clips)
        assert "no room" not in text
        assert "Actor_01/03-01-05-01-01-01-01.wav" in text

    @pytest.mark.parametrize("width", [64, 48])
    def test_text_is_broken_first(self, clips, width):
        text = shown(width, clips)
        assert "no room" not in text
        assert "1,440" in text
        assert "123.4 MB" in text

    def test_short_columns_stay_whole_and_the_longest_wraps(self):
        made = table("t", {"name": "left", "kind": "left", "what": "left"})
        made.add_row("functionals-slow", "a few words", "a sentence with many short words " * 4)
        text = shown(80, made)
        assert "functionals-slow   a few words   a sentence" in text

    def test_no_word_is_broken_while_others_can_wrap(self):
        made = table("t", {"run": "left", "note": "left"})
        made.add_row("transformer-luna5-20251125-035448-01bd", "several quite short words " * 9)
        assert "transformer-luna5-20251125-035448-01bd" in shown(60, made)

    @pytest.mark.parametrize(
        ("width", "gone"),
        [(40, "what"), (39, "what"), (38, "size, what"), (12, "clips, size, what")],
    )
    def test_columns_are_left_out_from_the_right_and_named(self, clips, width, gone):
        text = " ".join(shown(width, clips).split())
        assert f"no room for {gone}: widen the terminal, or ask for --json" in text

    @pytest.mark.parametrize("width", range(8, 80))
    def test_a_figure_is_whole_or_its_column_is_named(self, clips, width):
        text = shown(width, clips)
        assert "…" not in text
        for heading, figure in (("clips", "1,440"), ("size", "123.4 MB")):
            named = text[text.find("no room") :] if "no room" in text else ""
            assert (figure in text) != (heading in "".join(named.split()))


def test_a_title_stays_on_one_line_in_a_pipe_and_wraps_in_a_terminal():
    made = table("96 clips in /a/long/folder/of/features/store (0.6 s): 96 computed", {"x": "left"})
    made.add_row("y")
    piped, terminal = io.StringIO(), io.StringIO()
    Console(file=piped, width=30).print(made, crop=False)
    Console(file=terminal, width=30, force_terminal=True, color_system=None).print(made)
    assert piped.getvalue().splitlines()[0] == made.title.plain
    lines = terminal.getvalue().splitlines()
    assert max(map(len, lines)) <= 30
    assert "".join(lines[:4]).replace(" ", "").startswith(made.title.plain.replace(" ", ""))

"""A page that is one file: no network, no script, readable on phones, in the dark and on paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files

from serkit.reports.markup import Child, Markup, join, tag


@dataclass(frozen=True)
class Section:
    """A part of a page with a heading.

    Attributes:
        name: Unique in the page; links lead to it.
        title: Its heading.
        body: What it holds.
    """

    name: str
    title: str
    body: Markup


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: Above it.
        text: Whether it holds words, which are aligned to the left, rather than numbers.
        wrap: Whether its words may be broken over lines.
    """

    heading: str
    text: bool = False
    wrap: bool = False

    @property
    def style(self) -> str | None:
        """The classes of its cells."""
        return " ".join(["text"] * self.text + ["wrap"] * self.wrap) or None


def page(title: str, lead: Child, sections: Sequence[Section]) -> str:
    """Return a whole page.

    Args:
        title: Its title.
        lead: What stands below it.
        sections: Its parts; each is in the table of contents.
    """
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="generator", content=f"serkit {version('serkit')}"),
        tag("title", title),
        tag("style", _css()),
    )
    links = (tag("li", tag("a", each.title, href=f"#{each.name}")) for each in sections)
    body = tag(
        "body",
        tag("a", "Skip to the content", class_="skip", href="#content"),
        tag(
            "header",
            tag("h1", title),
            lead,
            tag("nav", tag("ol", links), aria_label="Contents"),
        ),
        tag("main", map(_section, sections), id="content", tabindex="-1"),
        tag("footer", tag("p", f"Made by serkit {version('serkit')}.")),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def table(
    caption: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Child]],
    *,
    row_headings: bool = True,
) -> Markup:
    """Return a table that scrolls sideways where it does not fit.

    Args:
        caption: What it shows.
        columns: Its columns.
        rows: Its cells; None stays empty.
        row_headings: Whether the first cell of a row names it.
    """
    head = tag("tr", (tag("th", c.heading, scope="col", class_=c.style) for c in columns))
    body = (
        tag(
            "tr",
            (
                tag("th", cell, scope="row", class_=column.style)
                if place == 0 and row_headings
                else tag("td", cell, class_=column.style)
                for place, (column, cell) in enumerate(zip(columns, row, strict=True))
            ),
        )
        for row in rows
    )
    made = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", body))
    return scrolling(made, caption)


def scrolling(content: Child, label: str, *, class_: str = "") -> Markup:
    """Let wide content scroll on its own, by touch and by keyboard, so that the page does not."""
    return tag(
        "div",
        content,
        class_=f"scroll {class_}".strip(),
        role="region",
        tabindex="0",
        aria_label=label,
    )


def cards(values: Iterable[tuple[str, str]]) -> Markup:
    """Return the key figures: ``(value, what it is)``."""
    return tag(
        "ul",
        (tag("li", tag("b", value), tag("span", what)) for value, what in values),
        class_="cards",
    )


def details(summary: str, *content: Child) -> Markup:
    """Return collapsed content."""
    return tag("details", tag("summary", summary), content)


def paragraphs(*texts: str) -> Markup:
    """Return plain text, a paragraph each."""
    return join(tag("p", text) for text in texts)


def _section(section: Section) -> Markup:
    heading = tag("h2", section.title, id=f"{section.name}-heading")
    return tag(
        "section", heading, section.body, id=section.name, aria_labelledby=f"{section.name}-heading"
    )


def _css() -> Markup:
    # Raw text: the only thing that could end a style element is its end tag, which it lacks.
    return Markup((files("serkit.reports") / "assets" / "page.css").read_text(encoding="utf-8"))

"""Markdown from tables and from Google-style docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence

_SECTIONS = ("Args", "Attributes", "Returns", "Yields", "Raises", "Example")
_NAMED = {"Args": "Argument", "Attributes": "Attribute", "Raises": "Error"}
_ROLE = re.compile(r":[a-z]+:`~?([^`]+)`")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; no rows, no table."""
    lines = [_line(row) for row in rows]
    return "\n".join([_line(head), _line(["---"] * len(head)), *lines]) if lines else ""


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def prose(text: str) -> str:
    """Turn reStructuredText's inline markup into Markdown's."""
    text = _ROLE.sub(lambda match: code(_short(match.group(1))), text)
    return text.replace("``", "`")


def docstring(thing: object) -> str:
    """Return a docstring as Markdown: its text, then a table a section."""
    return render(inspect.getdoc(thing) or "")


def render(text: str) -> str:
    """Return a Google-style docstring as Markdown."""
    parts = []
    for name, lines in _sections(text.splitlines()):
        body = "\n".join(lines).strip("\n")
        if name in _NAMED:
            rows = ((code(key), prose(meaning)) for key, meaning in _entries(lines))
            parts.append(table((_NAMED[name], "Meaning"), rows))
        elif name == "Example":
            parts.append(f"```python\n{inspect.cleandoc(body)}\n```")
        elif name:
            parts.append(f"{name}: {prose(_joined(lines))}")
        else:
            parts.append(prose(_blocks(body)))
    return "\n\n".join(part for part in parts if part)


def _sections(lines: list[str]) -> Iterable[tuple[str, list[str]]]:
    name = ""
    kept: list[str] = []
    for line in lines:
        heading = line.removesuffix(":")
        if line.endswith(":") and heading in _SECTIONS:
            yield name, kept
            name, kept = heading, []
        else:
            kept.append(line)
    yield name, kept


def _entries(lines: list[str]) -> Iterable[tuple[str, str]]:
    """Yield the names of a section and what is said of each."""
    entry: list[str] = []
    for line in lines:
        if re.match(r" {4}\S", line) and entry:
            yield _entry(entry)
            entry = []
        if line.strip():
            entry.append(line.strip())
    if entry:
        yield _entry(entry)


def _entry(lines: list[str]) -> tuple[str, str]:
    key, _, meaning = " ".join(lines).partition(":")
    return key.strip(), meaning.strip()


def _joined(lines: Iterable[str]) -> str:
    return " ".join(line.strip() for line in lines if line.strip())


def _blocks(body: str) -> str:
    """Keep paragraphs; indented ones are code."""
    found = []
    for block in re.split(r"\n\s*\n", body):
        if all(line.startswith("    ") for line in block.splitlines()) and block.strip():
            found.append(f"```python\n{inspect.cleandoc(block)}\n```")
        else:
            found.append(block)
    return "\n\n".join(found)


def _short(name: str) -> str:
    return name.rpartition(".")[2] if name.startswith("serkit") else name


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

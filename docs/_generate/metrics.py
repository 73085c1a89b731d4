"""The page of metrics, from the docstring of :mod:`serkit.evaluation.metrics`."""

from __future__ import annotations

import inspect
import re
from itertools import pairwise

from serkit.evaluation import metrics

from . import markdown, simulations
from .library import entry

_RULE = re.compile(r"=+( +=+)+")


def page() -> str:
    before, rows, after = _split((inspect.getdoc(metrics) or "").splitlines())
    summary, _, text = before.partition("\n")
    parts = ["# Metrics", summary, markdown.prose(text.strip())]
    parts.append(markdown.table(rows[0], rows[1:]))
    parts.append(markdown.render(after))
    parts.append(simulations.section())
    parts += [entry(name, getattr(metrics, name)) for name in metrics.__all__]
    return "\n\n".join(part for part in parts if part)


def _split(lines: list[str]) -> tuple[str, list[list[str]], str]:
    """Cut the page into what is before its table, the table's rows, and what follows."""
    rules = [i for i, line in enumerate(lines) if _RULE.fullmatch(line)]
    starts = [match.start() for match in re.finditer("=+", lines[rules[0]])]
    head = [_cells(line, starts) for line in lines[rules[0] + 1 : rules[1]]]
    rows = head + _merged([_cells(line, starts) for line in lines[rules[1] + 1 : rules[2]]])
    return "\n".join(lines[: rules[0]]), rows, "\n".join(lines[rules[2] + 1 :]).strip()


def _cells(line: str, starts: list[int]) -> list[str]:
    edges = [*starts, len(line) + 1]
    cells = (line[a:b].strip() for a, b in pairwise(edges))
    return [markdown.prose(cell) for cell in cells]


def _merged(rows: list[list[str]]) -> list[list[str]]:
    """Join a row without a name to the one above it."""
    merged: list[list[str]] = []
    for row in rows:
        if row[0]:
            merged.append(row)
        else:
            merged[-1] = [
                " ".join(filter(None, pair)) for pair in zip(merged[-1], row, strict=True)
            ]
    return merged

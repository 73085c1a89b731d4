"""How a row's figures are put into words, in tables and in Markdown alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from serkit.results.entries import Entry

_LEAST_P = 0.001
"""Smaller p-values are not told apart."""


def percent(value: float | None) -> str:
    """Render a rate as percent; a dash where there is none."""
    return "-" if value is None else f"{100 * value:.1f}"


def name_of(entry: Entry) -> str:
    """Return the model's name, with preset, values and seed where they are not the usual ones."""
    name = entry.model
    if entry.preset not in (None, "best"):
        name += f" ({entry.preset})"
    given = " ".join(f"{key}={value}" for key, value in entry.given.items())
    seed = f"seed {entry.seed}" if entry.seed else ""
    return " ".join(filter(None, (name, given, seed)))


def versus(entry: Entry) -> str:
    """Say how a row stands to the best of its group."""
    if entry.published:
        return ""
    if entry.best:
        return "best"
    if entry.distinguishable_from_best is None:
        return "untested"
    p = "" if entry.p_value is None else f"p={entry.p_value:.3f}"
    if entry.p_value is not None and entry.p_value < _LEAST_P:
        p = f"p<{_LEAST_P}"
    return f"worse {p}" if entry.distinguishable_from_best else f"too close to call {p}"


def stamps(values: Mapping[str, Any]) -> str:
    """Name what a reader must know before believing a result."""
    texts = {
        "published": "published",
        "synthetic": "synthetic",
        "selected_on_test": "selected-on-test",
        "transductive": "transductive",
    }
    return ", ".join(stamp for key, stamp in texts.items() if values.get(key))


def interval(low: float | None, high: float | None) -> str:
    """Render an interval of rates as percent; empty where there is none."""
    return "" if low is None or high is None else f"{100 * low:.1f}-{100 * high:.1f}"

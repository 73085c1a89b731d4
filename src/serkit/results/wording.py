"""The wording of a row's figures, in tables and in Markdown alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from serkit.results.entries import Entry, Group

_LEAST_P = 0.001
"""Smaller p-values are shown as below this."""


def percent(value: float | None) -> str:
    """Render a rate as percent; a dash where there is none."""
    return "-" if value is None else f"{100 * value:.1f}"


def rate_of(entry: Entry) -> str:
    """Render the UAR as percent, with its spread over seeds where there are several."""
    spread = "" if entry.seed_spread is None else f" +-{100 * entry.seed_spread:.1f}"
    return percent(entry.uar) + spread


def name_of(entry: Entry) -> str:
    """Return the model's name, with preset, overrides and seeds if they are not the defaults.

    An ensemble is named after its members' models, and a net after its teachers' too;
    ``serkit show`` lists these runs in full.
    """
    name, given = entry.model, dict(entry.given)
    if runs := given.pop("members", None):
        given.pop("features", None)  # those of its members
        name += f" ({_models(str(runs))})"
    if runs := given.pop("teachers", None):
        name += f" (taught by {_models(str(runs))})"
    if entry.preset not in (None, "best"):
        name += f" ({entry.preset})"
    overrides = " ".join(f"{key}={value}" for key, value in given.items())
    return " ".join(filter(None, (name, overrides, *entry.recipes, _seeds(entry))))


def _models(runs: str) -> str:
    """Name the models of runs: those of serkit's own run names, other names as they are.

    Example:
        >>> _models("svm-loso-20260102-000000-1f2e,svm-loso-20260102-000101-aa00,mine")
        '2 svm + mine'
    """
    names = [re.sub(r"-.*-\d{8}-\d{6}-[0-9a-f]{4}$", "", run) for run in runs.split(",")]
    return " + ".join(f"{n} {name}" if n > 1 else name for name, n in Counter(names).items())


def _seeds(entry: Entry) -> str:
    if entry.ignores_seed:
        return "any seed"
    if len(entry.seeds) > 1:
        return f"{len(entry.seeds)} seeds"
    if entry.seed_spread is not None:  # retrained with another result
        return f"{len(entry.runs)} runs"
    return f"seed {entry.seed}" if entry.seed else ""


def versus(entry: Entry) -> str:
    """Describe a row's verdict against the best of its group."""
    if entry.published:
        return ""
    if entry.best:
        return "best"
    if entry.distinguishable_from_best is None:
        return "untested"
    verdict = "worse" if entry.distinguishable_from_best else "too close to call"
    return " ".join(filter(None, (verdict, _p_value(entry))))


def _p_value(entry: Entry) -> str:
    """Render a p-value; one that is as small as the method can give is a bound."""
    p, floor = entry.p_value, entry.p_value_floor
    if p is None:
        return ""
    if floor is not None and p <= floor:
        return f"p<={floor:.2g}"
    return f"p<{_LEAST_P}" if p < _LEAST_P else f"p={p:.3f}"


def difference(entry: Entry) -> str:
    """Render the difference to the best in points, with its interval."""
    if entry.difference is None or entry.best:
        return ""
    text = f"{100 * entry.difference:.1f}"
    low, high = entry.difference_low, entry.difference_high
    if low is None or high is None:
        return text
    return f"{text} ({100 * low:+.1f}..{100 * high:+.1f})"


def resolution(group: Group) -> str:
    """Describe the smallest detectable difference; empty if nothing is tested."""
    if group.detectable is None:
        return ""
    speakers = next(entry.actors for entry in group.entries if entry.best)
    points = 100 * group.detectable
    return (
        f"{speakers} speakers show a difference to the best of {points:.1f} points here "
        "in 4 of 5 cases; smaller ones are more likely missed than found"
    )


def stamps(values: Mapping[str, Any]) -> str:
    """Return the stamps that qualify a result."""
    texts = {
        "published": "published",
        "synthetic": "synthetic",
        "selected_on_test": "selected-on-test",
        "transductive": "transductive",
        "speaker_unknown": "speaker unknown",
        "submitted": "submitted",
    }
    stamped = [stamp for key, stamp in texts.items() if values.get(key)]
    if values.get("trained_on"):
        stamped.append(f"trained on {values['trained_on']}")
    return ", ".join(stamped)


def interval(low: float | None, high: float | None) -> str:
    """Render an interval of rates as percent; empty where there is none."""
    return "" if low is None or high is None else f"{100 * low:.1f}-{100 * high:.1f}"

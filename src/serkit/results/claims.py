"""Contradictions between a record and its predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np

from serkit.evaluation.metrics import Scores
from serkit.evaluation.metrics.bootstrap import percentile_interval, resampled_scores
from serkit.evaluation.metrics.classification import accuracy_of, macro_f1_of, uar_of
from serkit.results.answers import ClipFacts, Ints

MOST_NAMED = 3
"""Contradictions named at most; they come in families."""

_EXACT = 1e-6
"""Room for a figure that depends on counts alone."""

_ROUNDED = 1e-3
"""Room for a figure of probabilities, which a record may keep in single precision."""


_RATES: Mapping[str, Callable[[Ints], Any]] = {
    "clips": lambda confusions: confusions.sum(axis=(-2, -1)),
    "accuracy": accuracy_of,
    "uar": uar_of,
    "macro_f1": macro_f1_of,
}
"""Figures of a group of clips, each computed from a stack of confusion matrices."""


@dataclass(frozen=True)
class Evidence:
    """Figures computed from predictions, to compare with a record.

    Attributes:
        labels: The names of the C classes.
        facts: The clips.
        scores: Every score.
        confusions: (groups, C, C) a confusion matrix for each group of clips, at the places of
            ``facts``.
    """

    labels: tuple[str, ...]
    facts: ClipFacts
    scores: Scores
    confusions: Ints

    @property
    def by_speaker(self) -> Ints:
        """(A, C, C) each speaker's confusion matrix."""
        return self.confusions[self.facts.places["speaker"]]

    def rates_of(self, grouping: str) -> list[dict[str, Any]]:
        """Return the figures of each group of a grouping, by name."""
        return self._rates[self.facts.places[grouping]]

    @cached_property
    def _rates(self) -> list[dict[str, Any]]:
        """Every group's figures, all computed at once."""
        columns = [rate(self.confusions).tolist() for rate in _RATES.values()]
        return [dict(zip(_RATES, row, strict=True)) for row in zip(*columns, strict=True)]


def contradictions(record: Mapping[str, Any], evidence: Evidence) -> list[str]:
    """Name the figures of a record that the predictions do not bear out.

    Args:
        record: The content of ``run.json``.
        evidence: The computed figures.

    Returns:
        For each wrong figure the recorded and the computed value; at most three.
    """
    found: list[str] = []
    for name, said, counted, tolerance in _pairs(record, evidence):
        if not _agree(said, counted, tolerance):
            found.append(f"{name} is {_shown(said)}, counted {_shown(counted)}")
            if len(found) == MOST_NAMED:
                break
    return found


_Pair = tuple[str, Any, Any, float]


def _pairs(record: Mapping[str, Any], evidence: Evidence) -> Iterator[_Pair]:
    scores, labels = evidence.scores, evidence.labels
    for name in ("clips", "actors", "uar", "accuracy", "macro_f1"):
        yield name, record[name], getattr(scores, name), _EXACT
    for name in ("log_loss", "brier"):
        yield name, record[name], getattr(scores, name), _ROUNDED
    # Rounding can move a clip to the next of the 15 bins.
    yield "ece", record["ece"], scores.ece, 5 * _ROUNDED
    for label, recall in zip(labels, scores.recall, strict=True):
        yield f"recall of {label}", record["recall"][label], _none_if_nan(recall), _EXACT
    yield from _confusion(record["confusion"], scores, labels)
    yield from _intervals(record, evidence)
    for column in ("sex", "intensity"):
        yield from _by_group(column, record[f"by_{column}"], evidence)
    yield "folds", record["folds"], len(evidence.facts.by_fold.names), _EXACT
    yield from _folds(record["fold_scores"], evidence)


def _intervals(record: Mapping[str, Any], evidence: Evidence) -> Iterator[_Pair]:
    """Compare intervals over speakers; older records have those of a bootstrap, to the digit."""
    draws = None
    for name in ("uar", "accuracy"):
        ends = [f"{name}_low", f"{name}_high"]
        if name == "accuracy" and not record.keys() & set(ends):
            continue  # from before it had one
        pairs = [
            (end, record.get(end), _none_if_nan(getattr(evidence.scores, end)), _EXACT)
            for end in ends
        ]
        if all(_agree(said, counted, room) for _, said, counted, room in pairs):
            continue
        draws = draws or resampled_scores(evidence.by_speaker)
        older = percentile_interval(getattr(draws, name), len(evidence.by_speaker))
        said = [record.get(end) for end in ends]
        if not all(map(_agree, said, map(_none_if_nan, (older.low, older.high)), (_EXACT,) * 2)):
            yield from pairs


def _by_group(column: str, said: Any, evidence: Evidence) -> Iterator[_Pair]:
    """Compare the recorded scores by sex or intensity."""
    groups = evidence.facts.groups.get(column)
    names = groups.names if groups else ()
    claimed = said if isinstance(said, Mapping) else {}
    if groups is None or set(claimed) != set(names):
        if said != {} or names:
            yield f"by_{column}", _names(said), ", ".join(names) or None, _EXACT
        return
    for name, counted in zip(names, evidence.rates_of(column), strict=True):
        for key in ("uar", "accuracy", "clips"):
            yield f"{key} of {column} {name}", _of(claimed[name], key), counted[key], _EXACT


def _names(said: Any) -> Any:
    return ", ".join(map(str, said)) if isinstance(said, Mapping) else said


def _confusion(said: Any, scores: Scores, labels: tuple[str, ...]) -> Iterator[_Pair]:
    counted = [list(row) for row in scores.confusion]
    if said == counted:
        return
    if not _is_square(said, len(counted)):
        yield "confusion", said, counted, _EXACT
        return
    for row, (mine, theirs) in enumerate(zip(said, counted, strict=True)):
        for column, (one, other) in enumerate(zip(mine, theirs, strict=True)):
            yield f"confusion of {labels[row]} with {labels[column]}", one, other, _EXACT


def _is_square(table: Any, size: int) -> bool:
    rows = table if isinstance(table, list) else []
    return len(rows) == size and all(isinstance(r, list) and len(r) == size for r in rows)


def _folds(said: list[Any], evidence: Evidence) -> Iterator[_Pair]:
    """Compare the recorded scores by fold."""
    facts = evidence.facts
    places = {name: place for place, name in enumerate(facts.by_fold.names)}
    rates = evidence.rates_of("fold")
    for entry in said:
        name = str(entry.get("fold")) if isinstance(entry, Mapping) else "?"
        if name not in places:
            yield f"clips of fold {name}", _of(entry, "clips"), 0, _EXACT
            continue
        place = places[name]
        for key, counted in rates[place].items():
            yield f"{key} of fold {name}", _of(entry, key), counted, _EXACT
        yield f"actors of fold {name}", _of(entry, "actors"), facts.speakers_a_fold[place], _EXACT


def _of(entry: Any, key: str) -> Any:
    return entry.get(key) if isinstance(entry, Mapping) else None


def _none_if_nan(value: float) -> float | None:
    return None if np.isnan(value) else value


def _agree(said: Any, counted: Any, tolerance: float) -> bool:
    if counted is None:
        return said is None or said != said  # NaN, as older records write it
    if isinstance(said, bool) or not isinstance(said, (float, int, Real)):
        return False
    return bool(abs(float(said) - float(counted)) <= tolerance)


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, float):
        return f"{value:.6g}"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."

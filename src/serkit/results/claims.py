"""Where a record says something else than its predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.evaluation.metrics import Scores

MOST_NAMED = 3
"""Contradictions named at most; they come in families."""

_EXACT = 1e-6
"""Room for a figure that depends on counts alone."""

_ROUNDED = 1e-3
"""Room for a figure of probabilities, which a record may keep in single precision."""


def contradictions(
    record: Mapping[str, Any],
    scores: Scores,
    labels: tuple[str, ...],
    folds: npt.NDArray[np.str_],
    right: npt.NDArray[np.bool_],
) -> list[str]:
    """Name the figures of a record that the predictions do not bear out.

    Args:
        record: The content of ``run.json``.
        scores: What was counted.
        labels: The classes' names.
        folds: (n,) each clip's fold.
        right: (n,) whether each clip was labelled right.

    Returns:
        For each figure, what the record says and what was counted; at most three.
    """
    found: list[str] = []
    for name, said, counted, tolerance in _pairs(record, scores, labels, folds, right):
        if not _agree(said, counted, tolerance):
            found.append(f"{name} is {_shown(said)}, counted {_shown(counted)}")
            if len(found) == MOST_NAMED:
                break
    return found


_Pair = tuple[str, Any, Any, float]


def _pairs(
    record: Mapping[str, Any],
    scores: Scores,
    labels: tuple[str, ...],
    folds: npt.NDArray[np.str_],
    right: npt.NDArray[np.bool_],
) -> Iterator[_Pair]:
    for name in ("clips", "actors", "uar", "accuracy", "macro_f1"):
        yield name, record[name], getattr(scores, name), _EXACT
    for name in ("log_loss", "brier"):
        yield name, record[name], getattr(scores, name), _ROUNDED
    # Rounding can move a clip to the next of the 15 bins.
    yield "ece", record["ece"], scores.ece, 5 * _ROUNDED
    for label, recall in zip(labels, scores.recall, strict=True):
        yield f"recall of {label}", record["recall"][label], _none_if_nan(recall), _EXACT
    yield from _confusion(record["confusion"], scores, labels)
    names = sorted(set(folds.tolist()))
    yield "folds", record["folds"], len(names), _EXACT
    yield from _folds(record["fold_scores"], folds, right)


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


def _folds(
    said: list[Any], folds: npt.NDArray[np.str_], right: npt.NDArray[np.bool_]
) -> Iterator[_Pair]:
    """Compare what is said of each fold."""
    for entry in said:
        name = str(entry.get("fold")) if isinstance(entry, Mapping) else "?"
        inside = folds == name
        yield f"clips of fold {name}", _of(entry, "clips"), int(inside.sum()), _EXACT
        if inside.any():
            share = float(right[inside].mean())
            yield f"accuracy of fold {name}", _of(entry, "accuracy"), share, _EXACT


def _of(entry: Any, key: str) -> Any:
    return entry.get(key) if isinstance(entry, Mapping) else None


def _none_if_nan(value: float) -> float | None:
    return None if np.isnan(value) else value


def _agree(said: Any, counted: Any, tolerance: float) -> bool:
    if counted is None:
        return said is None or said != said  # NaN, as older records write it
    if isinstance(said, bool) or not isinstance(said, Real):
        return False
    return bool(abs(float(said) - float(counted)) <= tolerance)


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, float):
        return f"{value:.6g}"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."

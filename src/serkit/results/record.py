"""The required content and types of ``run.json``.

Figures are left to :mod:`serkit.results.recount`, which counts them again: a wrong figure is
reported with the recomputed value.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

_NUMBER_OR_NONE: tuple[type, ...] = (Real, type(None))

FIGURES = frozenset(
    {
        *("uar", "accuracy", "macro_f1", "log_loss", "brier", "ece", "recall", "confusion"),
        *("uar_low", "uar_high", "by_sex", "by_intensity", "folds", "actors", "clips"),
    }
)
"""Fields that can be recomputed from the predictions."""

_TYPES: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("run", "model", "protocol", "corpus"), (str,)),
    **dict.fromkeys(("corpus_digest", "split_digest", "created"), (str,)),
    "preset": (str, type(None)),
    "seed": (int,),
    **dict.fromkeys(("values", "given", "versions", "feature_fingerprints"), (Mapping,)),
    **dict.fromkeys(("notes", "fold_scores"), (list,)),
    **dict.fromkeys(("speaker_independent", "selected_on_test", "transductive"), (bool,)),
    **dict.fromkeys(("synthetic", "published"), (bool,)),
    **dict.fromkeys(("parameters", "train_seconds", "seconds"), _NUMBER_OR_NONE),
    "peak_memory_bytes": _NUMBER_OR_NONE,
}

KEYS = FIGURES | _TYPES.keys()
"""Required fields of every record, used by tables and leaderboards."""

_WORDS = {str: "text", int: "a whole number", bool: "true or false", Real: "a number"}
_WORDS |= {Mapping: "an object", list: "a list", type(None): "null"}


def fault_of(record: object) -> str | None:
    """Return what is wrong with a record's structure; None if it is valid.

    Example:
        >>> fault_of([])
        'it is no object'
    """
    if not isinstance(record, Mapping):
        return "it is no object"
    if missing := KEYS - record.keys():
        return f"it lacks {min(missing)!r}"
    for key, types in _TYPES.items():
        value = record[key]
        is_flag = isinstance(value, bool) and bool not in types  # True is an int for Python
        if is_flag or not isinstance(value, types):
            allowed = " or ".join(_WORDS[each] for each in types)
            return f"{key} is {_short(value)}, it must be {allowed}"
    if not all(isinstance(note, str) for note in record["notes"]):
        return "notes holds something other than text"
    return None


def _short(value: Any) -> str:
    text = "null" if value is None else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


_PARTIAL = "only the first"


def partial_note(wanted: int, folds: int) -> str:
    """Return the note of a run of some of its protocol's folds."""
    return f"{_PARTIAL} {wanted} of {folds} folds"


def is_partial(record: Mapping[str, Any]) -> bool:
    """Return whether a run has only some of its protocol's folds (``--folds``)."""
    return any(note.startswith(_PARTIAL) for note in record["notes"])

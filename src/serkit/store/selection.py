"""Which clips are read: by values, by a query, or by a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from serkit.errors import UsageError, unknown_name
from serkit.store.batch import METADATA
from serkit.store.tables import ClipRow

if TYPE_CHECKING:
    import pandas as pd

_ALIKE = 0.85
"""How alike two names are that are taken for one: 'Angry' and 'angry', not 'male' and 'female'."""

Where: TypeAlias = "Mapping[str, Any] | str | pd.Series | Callable[[pd.DataFrame], Any] | None"
"""Which clips: values by column (``{"emotion": ["angry", "sad"], "actor": 3}``), a pandas query
(``"actor <= 5 and sex == 'female'"``), a boolean series indexed by clip id, or a function from the
clips' metadata to a boolean mask."""


def choose(
    where: Where, rows: Sequence[ClipRow], frame: Callable[[], pd.DataFrame]
) -> Sequence[ClipRow]:
    """Return the selected clips, in the order of the rows.

    Args:
        where: Which clips; None is all.
        rows: All clips.
        frame: Makes the table of all clips, only called if pandas is needed; the caller may change
            the result.

    Raises:
        UnknownNameError: There is no such column, or no clip has a name that resembles others.
        UsageError: The selection cannot be understood.
    """
    if where is None:
        return rows
    if isinstance(where, Mapping):
        tests = [_with_values(rows, column, wanted) for column, wanted in where.items()]
        return [row for row in rows if all(test(row) for test in tests)]
    if isinstance(where, str):
        mask = _query(where, frame())
    elif callable(where):
        mask = _mask(where(frame()), len(rows))
    else:
        mask = _series(where, [row.clip_id for row in rows])
    return [row for row, keep in zip(rows, mask.tolist(), strict=True) if keep]


def _with_values(rows: Sequence[ClipRow], column: str, wanted: Any) -> Callable[[ClipRow], bool]:
    """Return a predicate that tests a clip for the given values in a column."""
    if column not in METADATA:
        raise unknown_name("column", column, METADATA)
    many = isinstance(wanted, Iterable) and not isinstance(wanted, (str, bytes))
    try:
        values = set(wanted if many else (wanted,))
    except TypeError as error:
        raise UsageError(
            f"where={{{column!r}: {wanted!r}}} cannot be understood",
            allowed="a value or a list of values is allowed",
        ) from error
    value_of = attrgetter(column)
    known = {value_of(row) for row in rows}
    for value in values - known:
        _check_absent(column, value, known)
    return lambda row: value_of(row) in values


def _check_absent(column: str, value: Any, known: set[Any]) -> None:
    """Reject a value that no clip has if it looks like a typo."""
    if not known or not isinstance(value, str):
        return
    names = [name for name in known if isinstance(name, str)]
    if not names:
        raise UsageError(
            f"where={{{column!r}: {value!r}}} is text",
            allowed=f"{column} is a number such as {next(iter(known))}",
        )
    by_lower = {name.lower(): name for name in names}
    if get_close_matches(value.strip().lower(), by_lower, cutoff=_ALIKE):
        raise unknown_name(f"value of {column}", value, names)


def _query(query: str, frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    try:
        # keep the query's result as a mask: clip names would be looked up as rows
        return _mask(frame.eval(query), len(frame))
    except Exception as error:  # pandas raises a dozen kinds for a query it cannot read
        raise UsageError(
            f"where={query!r} cannot be understood ({error})",
            allowed="a pandas query such as \"emotion == 'angry' and actor < 5\" is",
        ) from error


def _series(answer: Any, clip_ids: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return a boolean series that is indexed by clip id as a mask."""
    aligned = getattr(answer, "reindex", None)
    if aligned is None or getattr(answer, "ndim", 0) != 1:
        raise UsageError(
            f"where={answer!r:.60} chooses no clips",
            allowed="values by column, a query, a boolean Series or a function do",
            hint="read(feature, clip_ids) reads clips by name",
        )
    return _mask(aligned(clip_ids), len(clip_ids))


def _mask(answer: Any, count: int) -> npt.NDArray[np.bool_]:
    """Return a ``where`` function's mask over the clips."""
    import pandas as pd

    try:
        mask = pd.array(answer, dtype="boolean").to_numpy(bool, na_value=False)
    except (TypeError, ValueError):
        mask = np.empty(0, bool)
    if mask.shape != (count,):
        raise UsageError(
            f"the function given as where= returned no mask for {count:,} clips",
            allowed="one boolean per clip is, such as clips['actor'] < 5",
        )
    return np.asarray(mask, bool)

"""Which clips are read: by values, by a query, or by a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from serkit.errors import UsageError, unknown_name
from serkit.store.batch import METADATA, sorted_frame
from serkit.store.rows import column
from serkit.store.tables import ClipRow

if TYPE_CHECKING:
    import pandas as pd

_ALIKE = 0.85
"""How alike two names are that are taken for one: 'Angry' and 'angry', not 'male' and 'female'."""

Where: TypeAlias = "Mapping[str, Any] | str | pd.Series | Callable[[pd.DataFrame], Any] | None"
"""Which clips: values by column (``{"emotion": ["angry", "sad"], "actor": 3}``), a pandas query
(``"actor <= 5 and sex == 'female'"``), a boolean series indexed by clip id, or a function from the
clips' metadata to a boolean mask."""


def choose(where: Where, clips: Mapping[str, ClipRow]) -> list[str]:
    """Return the ids of the selected clips, sorted.

    Args:
        where: Which clips; None is all.
        clips: All clips by id.

    Raises:
        UnknownNameError: There is no such column, or no clip has a name that resembles others.
        UsageError: The selection cannot be understood.
    """
    if isinstance(where, Mapping):
        chosen = [_with_values(clips, name, wanted) for name, wanted in where.items()]
        return sorted(set.intersection(*chosen)) if chosen else sorted(clips)
    clip_ids = sorted(clips)
    if where is None:
        return clip_ids
    if isinstance(where, str):
        mask = _query(where, clips)
    elif callable(where):
        mask = _mask(where(sorted_frame(clips)), len(clip_ids))
    else:
        mask = _series(where, clip_ids)
    return [clip_id for clip_id, keep in zip(clip_ids, mask.tolist(), strict=True) if keep]


def _with_values(clips: Mapping[str, ClipRow], name: str, wanted: Any) -> set[str]:
    """Return the clips that have one of the wanted values in a column."""
    if name not in METADATA:
        raise unknown_name("column", name, METADATA)
    many = isinstance(wanted, Iterable) and not isinstance(wanted, (str, bytes))
    try:
        values = set(wanted if many else (wanted,))
    except TypeError as error:
        raise UsageError(
            f"where={{{name!r}: {wanted!r}}} cannot be understood",
            allowed="a value or a list of values is allowed",
        ) from error
    found = column(clips, name)
    known = set(found)
    for value in values - known:
        _check_absent(name, value, known)
    return {clip_id for clip_id, value in zip(clips, found, strict=True) if value in values}


def _check_absent(name: str, value: Any, known: set[Any]) -> None:
    """Reject a value that no clip has if it looks like a typo."""
    if not known or not isinstance(value, str):
        return
    names = [each for each in known if isinstance(each, str)]
    if not names:
        raise UsageError(
            f"where={{{name!r}: {value!r}}} is text",
            allowed=f"{name} is a number such as {next(iter(known))}",
        )
    by_lower = {each.lower(): each for each in names}
    if get_close_matches(value.strip().lower(), by_lower, cutoff=_ALIKE):
        raise unknown_name(f"value of {name}", value, names)


def _query(query: str, clips: Mapping[str, ClipRow]) -> npt.NDArray[np.bool_]:
    frame = sorted_frame(clips, [name for name in METADATA if name in query])
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

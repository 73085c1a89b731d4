"""Answers that were given elsewhere: to whom, on which clip, in whose words."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from serkit.errors import NotFoundError, UsageError
from serkit.experiments.listening.answers import SKIPPED, UNDONE, Answer, check_listener
from serkit.labels import LabelSet
from serkit.storage.files import not_read
from serkit.store.store import FeatureStore
from serkit.store.tables import ClipRow

_CLIP = ("clip", "clip_id", "file", "path")
_ANSWER = ("answer", "pred", "predicted", "guess")
_STUDY = frozenset({"index", "true", "pred"})
_NOBODY = "unknown"

Row = Mapping[str, str]


def read_foreign(path: Path, store: FeatureStore) -> tuple[Answer, ...]:
    """Read answers that were given elsewhere.

    Args:
        path: A CSV file with a header. Either a column ``clip`` (a clip's id or its file) and a
            column ``answer``, and where they are known ``listener`` and ``seconds``; or the
            reference study's ``index,true,pred``, whose index counts the clips from 0.
        store: The store that knows the clips.

    Returns:
        The answers, in their order. Where nobody says who answered, a clip's second answer counts
        as another listener's than its first.

    Raises:
        NotFoundError: There is no such file.
        UsageError: It holds something else, or its clips cannot be identified.
    """
    rows = _rows(path)
    columns = rows[0].keys() if rows else frozenset()
    clip = next((name for name in _CLIP if name in columns), "")
    answer = next((name for name in _ANSWER if name in columns), "")
    if clip and answer:
        found = _by_clip(path, rows, clip, answer, store)
    elif columns >= _STUDY:
        found = _by_index(path, rows, store)
    else:
        raise UsageError(
            f"{path} has the columns {', '.join(columns) or 'of no row'}",
            allowed="columns clip and answer (with listener and seconds where they are known), or "
            "index, true and pred",
        )
    return tuple(_with_listeners(found, rows))


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise NotFoundError(f"no answers in {path}: there is no such file") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text ({error.reason})") from error
    except OSError as error:
        raise not_read(path, error) from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
    rows = []
    for row in reader:
        if None in row or None in row.values():
            raise UsageError(
                f"{path}, line {reader.line_num} has another number of cells than the header",
                allowed=f"a line holds {', '.join(reader.fieldnames)}",
            )
        rows.append({name: cell.strip() for name, cell in row.items()})
    return rows


def _by_clip(
    path: Path, rows: Sequence[Row], clip: str, answer: str, store: FeatureStore
) -> list[tuple[str, str]]:
    labels = store.labels
    found = []
    for number, row in enumerate(rows, start=2):
        said = row[answer]
        if said not in (SKIPPED, UNDONE):
            said = _label(path, number, said, labels)
        clip_id = row[clip] if row[clip] in store.state.clips else Path(row[clip]).stem
        if not clip_id:
            raise UsageError(f"{path}, line {number} names no clip")
        found.append((clip_id, said))
    return found


def _by_index(path: Path, rows: Sequence[Row], store: FeatureStore) -> list[tuple[str, str]]:
    """Match the study's numbered rows to clips by their true labels.

    In which order the study met its files depends on the machine, so every usual one is tried: all
    rows must agree with the labels of the clips that they then mean.
    """
    labels = store.labels
    clips = store.state.clips.values()
    orders = (
        sorted(clips, key=lambda clip: clip.path),
        sorted(clips, key=lambda clip: clip.clip_id),
    )
    indices = [_index(path, number, row["index"]) for number, row in enumerate(rows, start=2)]
    found = set()
    for first in _first_numbers(path, rows, "true", labels):
        truths = [_said(path, n, row["true"], labels, first) for n, row in enumerate(rows, start=2)]
        answers = _answers(path, rows, labels, first)
        for order in orders:
            if _fit(order, indices, truths):
                ids = [order[index].clip_id for index in indices]
                found.add(tuple(zip(ids, answers, strict=True)))
    if len(found) == 1:
        return list(found.pop())
    how = "fit no usual order" if not found else f"fit {len(found)} orders"
    raise UsageError(
        f"the clips of {path} cannot be identified: index and true of its "
        f"{len(rows):,} rows {how} of the {len(clips):,} clips in {store.path}",
        hint="replace the column index by a column clip with the names of the files",
    )


def _fit(order: Sequence[ClipRow], indices: Sequence[int], labels: Sequence[str]) -> bool:
    """Return whether the numbered clips have these labels."""
    return all(
        index < len(order) and order[index].emotion == label
        for index, label in zip(indices, labels, strict=True)
    )


def _answers(path: Path, rows: Sequence[Row], labels: LabelSet, first: int | None) -> list[str]:
    """Return the labels that were answered; their numbers count as the truth's do if they can."""
    possible = _first_numbers(path, rows, "pred", labels)
    chosen = first if first in possible else possible[-1]
    return [_said(path, n, row["pred"], labels, chosen) for n, row in enumerate(rows, start=2)]


def _first_numbers(
    path: Path, rows: Sequence[Row], column: str, labels: LabelSet
) -> list[int | None]:
    """Return from where a column may count labels: 0, 1, or None where it names them.

    Raises:
        UsageError: No counting gives labels.
    """
    numbers = {int(row[column]) for row in rows if row[column].isdecimal()}
    if not numbers:
        return [None]
    fitting = [n for n in (0, 1) if min(numbers) >= n and max(numbers) < len(labels) + n]
    if not fitting:
        raise UsageError(
            f"{path}: {column} goes from {min(numbers)} to {max(numbers)}",
            allowed=f"{len(labels)} labels are counted from 0 or from 1",
        )
    return [*fitting]


def _said(path: Path, line: int, cell: str, labels: LabelSet, first: int | None) -> str:
    """Return the label that a cell names, or counts."""
    if first is None or not cell.isdecimal():
        return _label(path, line, cell, labels)
    return labels[int(cell) - first]


def _index(path: Path, line: int, cell: str) -> int:
    if not cell.isdecimal():
        raise UsageError(
            f"{path}, line {line}: index = {cell!r}", allowed="a whole number from 0 is allowed"
        )
    return int(cell)


def _label(path: Path, line: int, cell: str, labels: LabelSet) -> str:
    known = {name.lower(): name for name in labels}
    if cell.lower() not in known:
        raise UsageError(
            f"{path}, line {line}: {cell!r} is not a label of the store",
            allowed=f"there are {', '.join(labels)}",
        )
    return known[cell.lower()]


def _with_listeners(found: Sequence[tuple[str, str]], rows: Sequence[Row]) -> Iterator[Answer]:
    times: Counter[str] = Counter()
    for (clip_id, answer), row in zip(found, rows, strict=True):
        name = row.get("listener", "")
        if not name:
            times[clip_id] += 1
            name = _NOBODY if times[clip_id] == 1 else f"{_NOBODY} {times[clip_id]}"
        yield Answer(check_listener(name), clip_id, answer, _seconds(row.get("seconds", "")))


def _seconds(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan

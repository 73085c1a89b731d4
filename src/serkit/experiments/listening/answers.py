"""The file of answers: one line per answer, appended at once and atomically."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from serkit.errors import NotFoundError, StoreLockedError, StoreWriteError, UsageError
from serkit.storage.files import not_read

COLUMNS = ("listener", "clip", "answer", "seconds")
"""The file's header."""

SKIPPED = "(skipped)"
"""Stands for an answer where a listener would not say."""

UNDONE = "(undone)"
"""Takes a listener's last word on a clip back: the file is only ever appended to."""

_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of the file.

    Attributes:
        listener: Who listened.
        clip_id: The clip.
        answer: A label, :data:`SKIPPED` or :data:`UNDONE`.
        seconds: From the beginning of the clip to the answer; NaN where nobody measured it.
    """

    listener: str
    clip_id: str
    answer: str
    seconds: float = math.nan

    @property
    def line(self) -> str:
        """The line in the file."""
        seconds = "" if math.isnan(self.seconds) else f"{self.seconds:.2f}"
        return _line((self.listener, self.clip_id, self.answer, seconds))


class AnswerFile:
    """A file that answers are appended to.

    Attributes:
        path: The file.
        answers: Every line of it, in order.
    """

    def __init__(self, path: Path, descriptor: int, answers: Iterable[Answer]) -> None:
        self.path = path
        self.answers = list(answers)
        self._descriptor = descriptor

    def append(self, answer: Answer) -> None:
        """Write an answer down; it is on the disk when this returns.

        Raises:
            StoreWriteError: The disk did not take it.
        """
        _append(self.path, self._descriptor, answer.line)
        self.answers.append(answer)


@contextmanager
def appending(path: Path) -> Iterator[AnswerFile]:
    """Open a file of answers for appending; make it where it is not there.

    A last line without its end is what a killed process left: it is cut off.

    Args:
        path: The file.

    Raises:
        StoreLockedError: Another listening test is writing to it.
        StoreWriteError: It cannot be written.
        UsageError: The file holds something other than answers.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StoreLockedError(
            f"another listening test is writing to {path}",
            hint="end that one, or name another file with --answers FILE",
        ) from error
    except OSError as error:
        raise _not_taken(path, error) from error
    try:
        answers = _whole_answers(path)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            if not os.fstat(descriptor).st_size:
                _append(path, descriptor, _line(COLUMNS))
            yield AnswerFile(path, descriptor, answers)
        finally:
            os.close(descriptor)
    finally:
        lock.release()


def read_answers(path: Path) -> tuple[Answer, ...]:
    """Read a file of answers; a last line without its end does not count.

    Raises:
        NotFoundError: There is no such file.
        StoreReadError: It cannot be read.
        UsageError: It holds something other than answers.
    """
    return _parsed(path, _whole_lines(path))


def written(answers: Iterable[Answer]) -> bytes:
    """Return a file of answers."""
    return (_line(COLUMNS) + "".join(each.line for each in answers)).encode()


def last_words(answers: Iterable[Answer]) -> dict[tuple[str, str], Answer]:
    """Return what counts: each listener's last word on each clip, in the order of giving.

    Answers that were undone are left out; clips that were skipped are there.
    """
    found: dict[tuple[str, str], Answer] = {}
    for each in answers:
        found.pop((each.listener, each.clip_id), None)
        if each.answer != UNDONE:
            found[each.listener, each.clip_id] = each
    return found


def check_listener(name: str) -> str:
    """Return a listener's name.

    Raises:
        UsageError: It cannot stand in a table.
    """
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise UsageError(
            f"listener = {name!r}", allowed=f"1 to {_LONGEST_NAME} printable characters are allowed"
        )
    return name.strip()


def _whole_answers(path: Path) -> tuple[Answer, ...]:
    """Read the answers of a file, and cut off what a killed process left half written."""
    if not path.exists():
        return ()
    lines = _whole_lines(path)
    answers = _parsed(path, lines) if lines else ()
    whole = sum(map(len, lines))
    if whole < path.stat().st_size:
        try:
            os.truncate(path, whole)
        except OSError as error:
            raise _not_taken(path, error) from error
    return answers


def _whole_lines(path: Path) -> list[bytes]:
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError as error:
        raise NotFoundError(f"no answers in {path}: there is no such file") from error
    except OSError as error:
        raise not_read(path, error) from error
    if lines and not lines[-1].endswith(b"\n"):
        del lines[-1]
    return lines


def _parsed(path: Path, lines: Sequence[bytes]) -> tuple[Answer, ...]:
    try:
        text = b"".join(lines).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text ({error.reason})") from error
    rows = csv.reader(io.StringIO(text, newline=""))
    head = next(rows, [])
    if tuple(head) != COLUMNS:
        raise UsageError(
            f"{path} begins with {','.join(head)[:60]!r}",
            allowed=f"a file of answers begins with {','.join(COLUMNS)!r}",
            hint="import other formats with --import FILE",
        )
    return tuple(_answer(path, rows.line_num, row) for row in rows if row)


def _answer(path: Path, number: int, row: Sequence[str]) -> Answer:
    if len(row) == len(COLUMNS) and all(row[:3]):
        try:
            return Answer(row[0], row[1], row[2], float(row[3]) if row[3] else math.nan)
        except ValueError:
            pass
    raise UsageError(
        f"{path}, line {number}: {','.join(row)[:80]!r} is not an answer",
        allowed=f"a line holds {', '.join(COLUMNS)}",
    )


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _append(path: Path, descriptor: int, line: str) -> None:
    try:
        rest = memoryview(line.encode())
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    except OSError as error:
        raise _not_taken(path, error) from error


def _not_taken(path: Path, error: OSError) -> StoreWriteError:
    return StoreWriteError(
        f"cannot write {path} ({error.strerror or error})",
        hint="earlier answers are kept; make room (or fix the permissions) and run it again",
    )

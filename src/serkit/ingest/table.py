"""Tables in common formats: CSV, TSV or Parquet, in any common encoding, as rows of text."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serkit.errors import CorpusError, NotFoundError

SUFFIXES = (".csv", ".tsv", ".parquet")
"""File name extensions of tables."""

_DELIMITERS = (",", ";", "\t")

_SEPARATOR_LINE = re.compile(r'\A"?sep=."?\r?\n')


@dataclass(frozen=True)
class TextTable:
    """A table of text.

    Attributes:
        path: Its file.
        columns: Their names, without blanks around them.
        rows: Rows, each as long as ``columns``; missing values are ``""``.
        short: Numbers, from 1, of lines that had another number of values than the header.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    short: tuple[int, ...] = ()

    def column(self, name: str) -> list[str]:
        """Return the values of a column, without blanks around them."""
        place = self.columns.index(name)
        return [row[place].strip() for row in self.rows]


def read_table(path: Path) -> TextTable:
    """Read a table.

    Text is UTF-8 (with or without a byte-order mark), UTF-16 with one, or else Latin-1. Values are
    divided by tabs in ``.tsv``, and in ``.csv`` by commas, semicolons or tabs, whichever the first
    line has most of. Excel's line ``sep=;`` before it is passed over.

    Raises:
        NotFoundError: There is no such file.
        CorpusError: It is no table.
    """
    if not path.is_file():
        raise NotFoundError(f"no table {path}", hint="--metadata is the path of a table's file")
    if path.suffix.lower() not in SUFFIXES:
        raise CorpusError(
            f"{path.name} is not named as a table", allowed=f"{', '.join(SUFFIXES)} are read"
        )
    if path.suffix.lower() == ".parquet":
        return _read_parquet(path)
    text = _SEPARATOR_LINE.sub("", _decoded(path.read_bytes()), count=1)
    first = text.partition("\n")[0]
    delimiter = "\t" if path.suffix.lower() == ".tsv" else max(_DELIMITERS, key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise CorpusError(f"{path.name} is not a table ({error})") from error
    if not lines or not any(cell.strip() for cell in lines[0]):
        raise CorpusError(f"{path.name} is empty", allowed="its first line names the columns")
    return _table(path, lines[0], lines[1:])


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _table(path: Path, head: Sequence[str], lines: Sequence[Sequence[str]]) -> TextTable:
    columns = tuple(name.strip() for name in head)
    rows, short = [], []
    for number, line in enumerate(lines, start=2):
        if not any(cell.strip() for cell in line):
            continue
        if len(line) != len(columns):
            short.append(number)
        rows.append(tuple([*line, *[""] * len(columns)][: len(columns)]))
    return TextTable(path, columns, tuple(rows), tuple(short))


def _read_parquet(path: Path) -> TextTable:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowInvalid, OSError) as error:
        raise CorpusError(f"{path.name} is not a Parquet file ({error})") from error
    found: Mapping[str, Sequence[object]] = table.to_pydict()
    columns = [[_text(value) for value in found[c]] for c in found]
    return TextTable(path, tuple(found), tuple(zip(*columns, strict=True)))


def _text(value: object) -> str:
    """Return a value of a typed table as text; whole numbers beside missing ones are floats."""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.15g}"
    return "" if value is None else str(value)

"""audEERING's database format: ``db.yaml`` beside its tables, read as a table of own recordings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from serkit.errors import CorpusError, MissingDependencyError
from serkit.ingest.table import TextTable

if TYPE_CHECKING:
    import pandas as pd

HEADER = "db.yaml"
"""The file that makes a folder a database."""

_WANTED = ("speaker", "gender", "sex", "age", "text", "intensity")
"""What is read beside the emotion, where a scheme or its labels say it."""

_EMOTION = ("emotion", "label")


def read_audformat(header: Path) -> TextTable:
    """Read the labels of a database.

    Labels of schemes are followed: where a speaker's label says ``gender`` and ``age``, they are
    read. The split of a table (``train``, ``dev``, ``test``) becomes the column ``split``.

    Args:
        header: The database's ``db.yaml``.

    Raises:
        MissingDependencyError: audformat is not installed.
        CorpusError: The database is damaged, has no emotion, or labels parts of files.
    """
    try:
        import audformat
    except ImportError as error:
        raise MissingDependencyError(
            f"{header} needs audformat, which is not installed",
            hint="pip install 'serkit[audformat]'",
        ) from error
    try:
        database = audformat.Database.load(str(header.parent))
        frame = next((f for name in _EMOTION if not (f := _labels(database, name)).empty), None)
    except Exception as error:  # YAML's, Parquet's and audformat's own
        raise CorpusError(f"{header} cannot be read ({error})") from error
    if frame is None:
        raise CorpusError(
            f"no table of {header} has a column {' or '.join(_EMOTION)}",
            allowed=f"it has the schemes {', '.join(database.schemes) or 'none'}",
        )
    frame = _of_whole_files(frame, header)
    frame["split"] = frame.index.map(_splits(database)).to_numpy()
    frame = frame.dropna(axis="columns", how="all").astype(object)
    columns = ("file_name", *map(str, frame.columns))
    cells = frame.where(frame.notna(), "").astype(str)
    rows = tuple(
        (str(path).replace("\\", "/"), *row)
        for path, row in zip(frame.index, cells.itertuples(index=False, name=None), strict=True)
    )
    return TextTable(header, columns, rows)


def _labels(database: Any, emotion: str) -> pd.DataFrame:
    """Return the emotion of every file or segment, and the other requested columns."""
    found: pd.DataFrame = database.get(emotion, list(_WANTED))
    return found.dropna(subset=[emotion]) if emotion in found else found


def _of_whole_files(frame: pd.DataFrame, header: Path) -> pd.DataFrame:
    """Return the labels by file.

    Raises:
        CorpusError: Some are of a part of a file.
    """
    if frame.index.nlevels == 1:
        return frame
    levels = frame.index.to_frame()
    parts = (levels["start"].dt.total_seconds() > 0) | levels["end"].notna()
    if parts.any():
        raise CorpusError(
            f"{int(parts.sum()):,} of {len(frame):,} labels of {header} are of parts of files",
            allowed="labels of whole files are read",
            hint="cut the segments into files, with audinterface for example",
        )
    return frame.droplevel(["start", "end"])


def _splits(database: Any) -> dict[str, str]:
    """Return the split of each file, where a table has one."""
    return {
        str(file): str(database.splits[table.split_id].type)
        for name in database.tables
        if (table := database[name]).split_id
        for file in table.files
    }

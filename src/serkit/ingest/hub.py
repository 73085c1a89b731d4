"""Hugging Face ``datasets`` as a source: unpacked once into files and a table of own recordings.

Workers read files, and a store remembers them by size and time; so the audio that a data set holds
is written to the user's cache, in a folder named by the data set's fingerprint.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any, Protocol, runtime_checkable

from serkit.audio import SUFFIXES
from serkit.errors import CorpusError, MissingDependencyError, UsageError

_SAVED = ("state.json", "dataset_dict.json")
"""What a folder holds that ``save_to_disk`` wrote: of one data set, or of several splits."""

_MAGIC = {b"RIFF": ".wav", b"fLaC": ".flac", b"OggS": ".ogg", b"ID3": ".mp3", b"FORM": ".aiff"}

_TABLE = "metadata.csv"


@runtime_checkable
class HubDataset(Protocol):
    """A ``datasets.Dataset``, or a ``DatasetDict`` of splits."""

    @property
    def column_names(self) -> Any:
        """Names of the columns."""

    def cast_column(self, column: str, feature: Any) -> Any:
        """Return the same with a column of another type."""


def is_saved(folder: Path) -> bool:
    """Return whether a folder was written by ``save_to_disk``."""
    return any((folder / name).is_file() for name in _SAVED)


def unpack(source: HubDataset | Path, cache: Path | None = None) -> Path:
    """Return a folder of a data set's audio files with a ``metadata.csv``; written once.

    Args:
        source: The data set, or the folder that ``save_to_disk`` wrote.
        cache: Where the folder is made; None is the user's cache.

    Raises:
        MissingDependencyError: ``datasets`` is not installed.
        CorpusError: The data set is damaged or has no column of audio.
    """
    splits = _splits(source)
    name = source.name if isinstance(source, Path) else "dataset"
    mark = "-".join(str(split._fingerprint) for split in splits.values())[:80]
    target = (cache or _cache()) / mark / (name or "dataset")
    if (target / _TABLE).is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=target.parent))
    try:
        _write(splits, partial)
        shutil.rmtree(target, ignore_errors=True)  # of a process that was killed
        partial.replace(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def _cache() -> Path:
    import pooch

    return Path(pooch.os_cache("serkit")) / "datasets"


def _splits(source: HubDataset | Path) -> dict[str, Any]:
    """Return the data sets by split; a single one under the empty name."""
    try:
        import datasets
    except ImportError as error:
        raise MissingDependencyError(
            f"{source if isinstance(source, Path) else 'a data set'} needs the package datasets, "
            "which is not installed",
            hint="pip install 'serkit[datasets]'",
        ) from error
    if isinstance(source, Path):
        try:
            opened: Any = datasets.load_from_disk(str(source))
        except Exception as error:  # Arrow's, JSON's and its own
            raise CorpusError(f"the data set in {source} cannot be read ({error})") from error
    else:
        opened = source
    if isinstance(opened, datasets.Dataset):
        return {"": opened}
    if isinstance(opened, Mapping):
        return dict(opened)
    raise UsageError(
        f"a {type(opened).__name__} is no source",
        allowed="a folder, a datasets.Dataset or a DatasetDict is",
        hint="load streamed data sets whole",
    )


def _write(splits: Mapping[str, Any], folder: Path) -> None:
    """Write the audio files and their table into a folder."""
    rows = [row for split, data in splits.items() for row in _unpacked(data, split, folder)]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with (folder / _TABLE).open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, restval="")
        table.writeheader()
        table.writerows(rows)


def _unpacked(data: Any, split: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Write the audio of one split, and yield its rows."""
    import datasets

    kinds = data.features
    audio = next((n for n, kind in kinds.items() if isinstance(kind, datasets.Audio)), None)
    if audio is None:
        raise CorpusError(
            f"the data set has no column of audio (there are: {', '.join(data.column_names)})",
            hint="cast one: dataset.cast_column('path', datasets.Audio())",
        )
    names = {n: k.names for n, k in kinds.items() if isinstance(k, datasets.ClassLabel)}
    (folder / split).mkdir(exist_ok=True)
    taken: set[str] = set()
    for number, row in enumerate(data.cast_column(audio, datasets.Audio(decode=False))):
        path = _place(row[audio], number, taken)
        _write_audio(row[audio], folder / split / path)
        said = {
            name: _named(value, names.get(name))
            for name, value in row.items()
            if name not in (audio, "file_name") and isinstance(value, str | int | float)
        }
        yield {"file_name": f"{split}/{path}" if split else path, **said} | (
            {"split": split} if split else {}
        )


def _named(value: str | float, names: list[str] | None) -> str | float:
    """Return the name of a class in place of its number; -1 stands for none."""
    if names is None or not isinstance(value, int):
        return value
    return names[value] if value >= 0 else ""


def _place(audio: Mapping[str, Any], number: int, taken: set[str]) -> str:
    """Return a file name for a clip: its own where it has one that no other clip has."""
    own = PurePath(str(audio.get("path") or "").replace("\\", "/"))
    suffix = own.suffix.lower() if own.suffix.lower() in SUFFIXES else _suffix(audio.get("bytes"))
    stem = re.sub(r"[^\w.-]+", "_", own.stem).lstrip(".") or f"{number:06}"
    name = f"{stem}{suffix}"
    if name in taken:
        name = f"{stem}-{number:06}{suffix}"
    taken.add(name)
    return name


def _suffix(data: bytes | None) -> str:
    start = bytes(data or b"")[:4]
    return next((suffix for magic, suffix in _MAGIC.items() if start.startswith(magic)), ".wav")


def _write_audio(audio: Mapping[str, Any], target: Path) -> None:
    if audio.get("bytes"):
        target.write_bytes(audio["bytes"])
        return
    source = Path(str(audio.get("path") or ""))
    if not source.is_file():
        raise CorpusError(
            f"the data set names the audio file {source}, which is not there",
            hint="save the data set with its audio, or put the file back",
        )
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)

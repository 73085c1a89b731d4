"""Unfinished runs: locking, finished folds, and whether the run can be resumed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xxhash import xxh3_64

from serkit.errors import RunError, SerkitError
from serkit.evaluation.splits import Fold
from serkit.results.finding import find_folder
from serkit.results.folder import CONFIG, FOLD, HISTORY, PREDICTIONS, launcher
from serkit.results.run import read_run, with_speakers
from serkit.storage.files import flush_file, sync_folder
from serkit.storage.lock import folder_lock

if TYPE_CHECKING:
    import pandas as pd

WORK = "work"
"""Folder inside an unfinished run: the lock, and the current fold's checkpoints."""

MUST_AGREE = {
    "corpus_digest": "the clips",
    "feature_fingerprints": "the features' recipes",
    "split_digest": "the folds",
    "folds": "the number of folds",
    "values": "the model's parameters",
    "selected_on_test": "what the epoch is chosen on",
}
"""Keys of ``config.json`` that must not change when a run is resumed, with their meaning."""

_MACHINE = ("machine", "system", "processor")

_NEEDED = frozenset(
    {
        *MUST_AGREE,
        *("run", "model", "preset", "protocol", "seed", "settings"),
        *("notes", "versions", "hardware"),
    }
)


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Hold a run, so that no other process trains it meanwhile.

    Raises:
        RunError: Another process holds it; the message names it.
    """

    def busy(holder: str) -> SerkitError:
        return RunError(
            f"the run {folder.name} is being trained by {holder}",
            hint="wait for it, or end it first",
        )

    with folder_lock(folder / WORK, f"the run {folder}", busy):
        yield


def clear(folder: Path) -> None:
    """Remove files that only an unfinished run needs."""
    shutil.rmtree(folder / WORK, ignore_errors=True)


def find_unfinished(runs: Path, name: str) -> Path:
    """Find a run that is not finished by its name, the beginning of it, its path, or ``last``.

    Raises:
        NotFoundError: No such runs folder.
        UnknownNameError: No such run.
        UsageError: Several runs begin so.
        RunError: The run is finished.
    """
    folder = find_folder(runs, name, finished=False)
    refuse_finished(folder)
    return folder


def refuse_finished(folder: Path) -> None:
    """Raise where there is nothing to resume.

    Raises:
        RunError: The run is finished.
    """
    try:
        read_run(folder)
    except RunError:  # not finished, or its record is damaged and is written again from its folds
        return
    raise RunError(f"the run {folder.name} is finished", hint=f"see 'serkit show {folder.name}'")


def read_config(folder: Path) -> dict[str, Any]:
    """Read a run's configuration.

    Raises:
        RunError: The file is damaged.
    """
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        if missing := _NEEDED - (config.keys() if isinstance(config, dict) else set()):
            raise ValueError(f"it lacks {min(missing)!r}")
    except (OSError, ValueError) as error:
        raise RunError(f"{path} is damaged ({error})", hint="train it again") from error
    return dict(config)


def continued(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of a resumed run.

    Args:
        old: The original configuration.
        new: The configuration it would have now.

    Returns:
        The old configuration, with notes on changes that may affect scores.

    Raises:
        RunError: Something that the result depends on is not the same.
    """
    for key, meaning in MUST_AGREE.items():
        if old[key] != new[key]:
            raise RunError(
                f"the run {old['run']} cannot resume: {meaning} changed since it started "
                f"({_difference(key, old[key], new[key])})",
                hint="restore what it was started with, or train it again",
            )
    begun, now = (config.get("processes", 1) for config in (old, new))
    if begun != now:
        raise RunError(
            f"the run {old['run']} was started with {begun} and cannot resume with {now} "
            f"process{'es' * (now > 1)}: its random numbers would differ",
            hint=f"use '{launcher(begun)} train --resume ...'",
        )
    notes = []
    if old["versions"] != new["versions"]:
        changes = _changes(old["versions"], new["versions"])
        notes.append(f"resumed with other versions: {changes}")
    if any(old["hardware"].get(key) != new["hardware"].get(key) for key in _MACHINE):
        notes.append("resumed on another machine")
    return {**old, "notes": list(dict.fromkeys([*old["notes"], *notes]))}


def _difference(key: str, old: Any, new: Any) -> str:
    if isinstance(old, dict) and isinstance(new, dict):
        return _changes(old, new)
    return f"{key} {_short(old)} -> {_short(new)}"


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {_short(old.get(name, 'none'))} -> {_short(new.get(name, 'none'))}"
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 16 else f"{text[:12]}..."


@dataclass(frozen=True)
class Kept:
    """A finished fold on disk.

    Attributes:
        entry: Its row of ``fold_scores``.
        predictions: Its test clips.
        history: Its epochs; None where the model was not trained in epochs.
    """

    entry: Mapping[str, Any]
    predictions: pd.DataFrame
    history: pd.DataFrame | None


def kept_fold(folder: Path, fold: Fold) -> Kept | None:
    """Read a finished fold; None if it is unfinished or its files are damaged."""
    import pandas as pd

    try:
        entry = json.loads((folder / FOLD).read_text(encoding="utf-8"))
        if entry["fold"] != fold.name or entry["files"] != digests(folder):
            return None
        predictions = with_speakers(pd.read_parquet(folder / PREDICTIONS))
        history = None
        if HISTORY in entry["files"]:
            history = pd.read_parquet(folder / HISTORY).drop(columns="fold")
        if tuple(predictions["clip_id"]) != fold.test:
            return None
    except (OSError, ValueError, KeyError, TypeError):  # missing, or not written by serkit
        return None
    return Kept(entry, predictions, history)


def flush_all(folder: Path) -> None:
    """Wait until every file in a folder is on the disk: libraries write models without that."""
    for path in folder.rglob("*"):
        if path.is_file():
            flush_file(path)
        elif path.is_dir():
            sync_folder(path)
    sync_folder(folder)


def digests(folder: Path) -> dict[str, str]:
    """Return the checksum of each file in a fold's folder but ``fold.json``, by its path there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != FOLD)
    return {path.relative_to(folder).as_posix(): _digest(path) for path in files}


def _digest(path: Path) -> str:
    state = xxh3_64()
    with path.open("rb") as file:
        while piece := file.read(2**20):
            state.update(piece)
    return state.hexdigest()

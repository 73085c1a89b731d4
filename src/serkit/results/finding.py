"""Runs in a folder: all of them, or one by its name, the beginning of it, its path or ``last``."""

from __future__ import annotations

from pathlib import Path

from serkit.errors import NotFoundError, RunError, UsageError, unknown_name
from serkit.results.folder import CONFIG, RECORD
from serkit.results.run import Run, read_run
from serkit.storage.files import TEMPORARY


def list_runs(folder: Path) -> tuple[list[Run], list[str]]:
    """Read every run in a folder.

    Returns:
        The finished runs, sorted by name, and for each other run the reason why it is not listed.

    Raises:
        NotFoundError: No such folder.
    """
    if not folder.is_dir():
        raise NotFoundError(
            f"no runs in {folder}: there is no such folder",
            hint="make one with 'serkit train MODEL' or name another with --runs DIR",
        )
    runs: list[Run] = []
    problems: list[str] = []
    for path in sorted(folder.iterdir()):
        if path.name.endswith(TEMPORARY):  # being written, or left by a process that was killed
            continue
        if not (path / CONFIG).is_file() and not (path / RECORD).is_file():
            continue
        try:
            runs.append(read_run(path))
        except RunError as error:
            problems.append(str(error))
    return runs, problems


def find_run(folder: Path, name: str) -> Run:
    """Find a finished run by its name, the beginning of it, its path, or ``last``.

    Raises:
        NotFoundError: No such runs folder.
        UnknownNameError: No such run.
        UsageError: Several runs begin with this name.
        RunError: The run is not finished.
    """
    return read_run(find_folder(folder, name, finished=True))


def find_folder(folder: Path, name: str, *, finished: bool) -> Path:
    """Find a run's folder by its name, the beginning of it, its path, or ``last``.

    Args:
        folder: The folder of runs.
        name: What was typed.
        finished: Whether a finished run is wanted. One of the other kind is found where its whole
            name or path is given, or no run of the wanted kind has such a name: the caller says
            what to do with it.

    Raises:
        NotFoundError: No such runs folder.
        UnknownNameError: No such run.
        UsageError: Several runs begin so.
    """
    direct = Path(name)
    if (direct / RECORD).is_file() or (direct / CONFIG).is_file():
        return direct
    done, begun = _by_age(folder)
    wanted, others = (done, begun) if finished else (begun, done)
    if name == "last" and wanted:
        return wanted[-1]
    if (folder / name / CONFIG).is_file():
        return folder / name
    found = sorted(path for path in wanted if path.name.startswith(name))
    if len(found) > 1:
        names = ", ".join(path.name for path in found[:5])
        raise UsageError(
            f"{len(found)} runs begin with {name!r}: {names}", hint="type more of the name"
        )
    if found:
        return found[0]
    last_begun = name == "last" and finished
    if alike := [path for path in others if last_begun or path.name.startswith(name)]:
        return alike[-1]
    kind = "run" if finished else "unfinished run"
    raise unknown_name(kind, name, (path.name for path in wanted), hint="see 'serkit compare'")


def _by_age(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the folders of finished and of unfinished runs, each from the oldest to the newest.

    A run whose record is damaged is not finished: it is written again from its folds.
    """
    runs = sorted(list_runs(folder)[0], key=lambda run: (str(run.record.get("created")), run.name))
    done = [run.path for run in runs]
    begun = {path.parent for path in folder.glob(f"*/{CONFIG}")} - {*done}
    return done, sorted(begun, key=lambda path: ((path / CONFIG).stat().st_mtime_ns, path.name))

"""A run's figures: confusion matrix, learning curves and more.

    figure = serkit.figure("last", "confusion")  # a matplotlib Figure
    figure.savefig("confusion.svg")

Each is a pure function from a run to a figure. matplotlib, an optional extra, is only required
here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serkit.errors import RunError, UsageError, unknown_name
from serkit.extras import require
from serkit.reports.figures.confusion import confusion_figure
from serkit.reports.figures.errors import calibration_figure, recall_figure
from serkit.reports.figures.stress import stress_figure
from serkit.reports.figures.training import curves_figure, learning_figure
from serkit.results.analysis.errors import analyse_errors
from serkit.storage.files import hidden_beside

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from serkit.results.run import Run


def _stress(run: Run) -> Figure:
    table = run.stress
    if table is None:
        raise UsageError(
            f"{run.name} was not stressed", hint=f"run 'serkit stress {run.name}' first"
        )
    return stress_figure(table)


FIGURES: dict[str, Callable[[Run], Figure]] = {
    "confusion": confusion_figure,
    "curves": curves_figure,
    "learning": learning_figure,
    "recall": lambda run: recall_figure(analyse_errors(run)),
    "calibration": lambda run: calibration_figure(analyse_errors(run)),
    "stress": _stress,
}
"""Available figures."""

FORMATS = ("png", "svg")


def figure_names(run: Run) -> tuple[str, ...]:
    """Return which figures a run has: curves need epochs, ``learning`` also validation clips."""
    history = run.history
    names = ["confusion", "recall", "calibration"]
    if history is not None:
        names.append("curves")
        if "validation_uar" in history.columns:
            names.append("learning")
    if run.stress is not None:
        names.append("stress")
    return tuple(names)


def draw(run: Run, name: str) -> Figure:
    """Draw one figure of a run.

    Args:
        run: The run.
        name: One of :data:`FIGURES`.

    Raises:
        UnknownNameError: No such figure.
        UsageError: This run has no such figure; the message says why.
        MissingDependencyError: matplotlib is not installed.
    """
    if name not in FIGURES:
        raise unknown_name("figure", name, FIGURES)
    require("matplotlib", extra="figures")
    return FIGURES[name](run)


def save_figures(run: Run, folder: Path, form: str = "png") -> tuple[Path, ...]:
    """Write every figure that a run has, each under its name.

    Args:
        run: The run.
        folder: The folder to write to; created if missing. Files of the same names are replaced.
        form: ``png`` or ``svg``.

    Returns:
        The files.

    Raises:
        UnknownNameError: No such format.
        MissingDependencyError: matplotlib is not installed.
        RunError: The disk does not take them; no half file is left.
    """
    if form not in FORMATS:
        raise unknown_name("format", form, FORMATS)
    paths = []
    for name in figure_names(run):
        figure = draw(run, name)
        path = folder / f"{name}.{form}"
        _save(figure, path, form)
        paths.append(path)
    return tuple(paths)


def save(figure: Figure, path: Path) -> Path:
    """Write one figure in the format that the file's name ends with.

    Raises:
        UnknownNameError: No such format.
        RunError: The disk does not take it; no half file is left.
    """
    form = path.suffix.removeprefix(".")
    if form not in FORMATS:
        raise unknown_name("format", form, FORMATS)
    _save(figure, path, form)
    return path


def _save(figure: Figure, path: Path, form: str) -> None:
    # omitting the date makes files deterministic
    about: dict[str, Any] = {"Date": None} if form == "svg" else {"Software": None}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with hidden_beside(path) as hidden:
            figure.savefig(hidden, format=form, metadata=about)
    except OSError as error:
        raise RunError(
            f"cannot write {path} ({error.strerror or error})", hint="name another folder"
        ) from error

"""Runs for other people to read: ``report``, ``card``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from serkit.api._settings import PathLike
from serkit.api.results import show
from serkit.settings import resolve

if TYPE_CHECKING:
    from serkit.reports.card import ModelCard
    from serkit.reports.overview.report import Report
    from serkit.results.run import Run


def report(
    names: str | Run | Iterable[str | Run] = (),
    *,
    runs: PathLike | None = None,
    published: bool = False,
) -> Report:
    """Make one self-contained page about a set of runs.

    It shows the leaderboard, confusion matrices, errors of the best model, learning curves, cost
    against UAR, the optimism gap and the data audit.

    Args:
        names: The runs, or their names as for :func:`show`; none given takes every run.
        runs: The folder; None uses the setting.
        published: Add published results of the same protocols.

    Returns:
        The report: ``save("report.html")``, or ``html``.

    Raises:
        NotFoundError: No such folder.
        UnknownNameError: No such run.
        RunError: No run is finished, or a named run is damaged.

    Example:
        >>> serkit.report(["logreg-luna5", "majority-luna5"]).save("report.html").name
        'report.html'
    """
    from serkit.reports.overview.report import make_report
    from serkit.results.finding import list_runs
    from serkit.results.run import Run

    wanted = [names] if isinstance(names, (str, Run)) else list(names)
    if wanted:
        found = [show(each, runs=runs) if isinstance(each, str) else each for each in wanted]
        return make_report(found, published=published)
    finished, problems = list_runs(Path(resolve({"runs": runs}).runs))
    return make_report(finished, published=published, problems=problems)


def card(run: Run | str, *, runs: PathLike | None = None) -> ModelCard:
    """Write a run's model card for the Hugging Face hub.

    Args:
        run: The run, or its name as for :func:`show`.
        runs: Folder of runs; None uses the setting.

    Returns:
        The card: ``save("README.md")``, or ``text``.

    Raises:
        NotFoundError: No such folder.
        UnknownNameError: No such run.
        RunError: The run is not finished, or its predictions are damaged.

    Example:
        >>> card = serkit.card("logreg-luna5")
        >>> card.save("README.md").name
        'README.md'
    """
    from serkit.reports.card import model_card

    return model_card(show(run, runs=runs) if isinstance(run, str) else run)

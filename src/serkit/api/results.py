"""Results of runs: ``compare``, ``show``, ``analyse``, figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from serkit.api._settings import PathLike
from serkit.errors import SerkitError
from serkit.settings import resolve

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from serkit.results.analysis.errors import ErrorAnalysis
    from serkit.results.analysis.pair import RunComparison
    from serkit.results.board import Board
    from serkit.results.learning import Learning
    from serkit.results.run import Run
    from serkit.results.truth import StoredLabels
    from serkit.store.store import FeatureStore


def compare(
    runs: PathLike | None = None,
    *,
    protocol: str | None = None,
    published: bool = False,
    all_seeds: bool = False,
    store: PathLike | None = None,
) -> Board:
    """Rank the runs in a folder by scores recomputed from their predictions.

    Args:
        runs: The folder; None uses the setting.
        protocol: Show only this protocol.
        published: Add published results of the same protocols.
        all_seeds: One row per run; otherwise runs that differ only in the seed share a row.
        store: The feature store to check the runs' labels against; None uses the setting, if that
            store exists.

    Raises:
        NotFoundError: No such folder, or no store where one was named.
        StoreCorruptError: The named store is damaged.
        UnknownNameError: No such protocol.

    Example:
        >>> board = serkit.compare("runs", protocol="luna5")
        >>> [entry.model for entry in board.entries]
        ['logreg', 'majority']
    """
    from serkit.results.board import make_board
    from serkit.results.finding import list_runs
    from serkit.store.mirror import store_folder

    settings = resolve({"runs": runs, "store": store})
    finished, problems = list_runs(Path(settings.runs))
    return make_board(
        finished,
        protocol=protocol,
        published=published,
        all_seeds=all_seeds,
        labels=_stored_labels(store_folder(settings.store), needed=store is not None),
        problems=problems,
    )


def _stored_labels(store: Path, *, needed: bool) -> StoredLabels | None:
    """Return a store's labels; None where there is no usable store and none was named."""
    from serkit.results.truth import StoredLabels
    from serkit.store.state import read_state

    try:
        return StoredLabels(read_state(store).clips)
    except SerkitError:
        if needed:
            raise
        return None


def to_markdown(board: Board) -> str:
    """Return a leaderboard as Markdown, for READMEs and papers: one table for each group."""
    from serkit.reports.markdown import board_to_markdown

    return board_to_markdown(board)


def show(run: str, *, runs: PathLike | None = None) -> Run:
    """Find a run by its name, the beginning of it, its path, or ``last``.

    Raises:
        NotFoundError: No such folder.
        UnknownNameError: No such run.
        RunError: The run is not finished.

    Example:
        >>> run = serkit.show("majority-luna5")
        >>> round(run.uar, 3)
        0.125
    """
    from serkit.results.finding import find_run

    return find_run(Path(resolve({"runs": runs}).runs), run)


def analyse(
    run: Run | str,
    *,
    runs: PathLike | None = None,
    store: FeatureStore | PathLike | None = None,
) -> ErrorAnalysis:
    """Analyse a run's errors: recall by group, hardest clips, calibration, agreement of seeds.

    Args:
        run: The run, or its name as for :func:`show`.
        runs: Folder of runs, among which those of other seeds are sought; None uses the setting.
        store: The store that holds the run's clips, or its folder; None uses the setting. Where it
            is there, clips are also grouped by statement, and have paths.

    Raises:
        NotFoundError: No such folder, or a store is named that is not there.
        UnknownNameError: No such run.
        RunError: The run is not finished, or its predictions are damaged.

    Example:
        >>> errors = serkit.analyse("logreg-luna5")
        >>> errors.hardest[0].clip_id in serkit.show("logreg-luna5").predictions.index
        True
    """
    from serkit.results.analysis.errors import analyse_errors
    from serkit.results.analysis.seeds import same_but_seed
    from serkit.results.finding import list_runs

    folder = Path(resolve({"runs": runs}).runs)
    found = show(run, runs=runs) if isinstance(run, str) else run
    others = list_runs(folder)[0] if folder.is_dir() else []
    return analyse_errors(found, clips=_clips(store), seeds=same_but_seed(found, others))


def _clips(store: FeatureStore | PathLike | None) -> pd.DataFrame | None:
    """Return the clips of a store; None where none is named and the usual one is not there."""
    from serkit.store.mirror import store_folder
    from serkit.store.store import FeatureStore

    if isinstance(store, FeatureStore):
        return store.clips
    if store is None:
        usual = store_folder(resolve().store)
        return FeatureStore(usual).clips if usual.is_dir() else None
    return FeatureStore(resolve({"store": store}).store).clips


def compare_pair(
    run_a: Run | str, run_b: Run | str, *, runs: PathLike | None = None
) -> RunComparison:
    """Compare two runs clip by clip, by speaker and by class.

    Args:
        run_a: Run A, or its name as for :func:`show`.
        run_b: Run B.
        runs: Folder of runs; None uses the setting.

    Raises:
        NotFoundError: No such folder.
        UnknownNameError: No such run.
        UsageError: They share no clips or do not have the same classes.
        RunError: A run is not finished, or its predictions are damaged.

    Example:
        >>> difference = serkit.compare_pair("logreg-luna5", "majority-luna5")
        >>> difference.clips, difference.uar_a > difference.uar_b
        (96, True)
    """
    from serkit.results.analysis.pair import compare_pair as compare_two

    found = (show(run, runs=runs) if isinstance(run, str) else run for run in (run_a, run_b))
    return compare_two(*found)


def learning(run: Run | str, *, runs: PathLike | None = None) -> Learning:
    """Return the epoch in which a run learned each emotion.

    Args:
        run: The run, or its name as for :func:`show`.
        runs: Folder of runs; None uses the setting.

    Raises:
        UnknownNameError: No such run.
        UsageError: The run has no history, or none of validation clips.

    Example:
        >>> learning = serkit.learning("ffnn-luna5", runs="recorded")
        >>> learning.folds[0]["fold"], len(learning.folds[0]["learned"])
        ('1', 8)
    """
    from serkit.results.learning import Learning

    return Learning.of(show(run, runs=runs) if isinstance(run, str) else run)


def figure(run: Run | str, name: str, *, runs: PathLike | None = None) -> Figure:
    """Draw a figure of a run.

    ``confusion``, ``recall``, ``calibration``, ``curves``, ``learning`` and ``stress``.

    Args:
        run: The run, or its name as for :func:`show`.
        name: The figure.
        runs: Folder of runs; None uses the setting.

    Returns:
        A ``matplotlib.figure.Figure``; ``.savefig("x.png")`` or ``"x.svg"`` writes it.

    Raises:
        UnknownNameError: No such run or figure.
        UsageError: This run has no such figure: its model is not trained in epochs, it had no
            validation clips, or it was not stressed.
        MissingDependencyError: matplotlib is not installed.

    Example:
        >>> serkit.figure("logreg-luna5", "confusion").savefig("confusion.png")
    """
    from serkit.reports.figures.draw import draw

    return draw(show(run, runs=runs) if isinstance(run, str) else run, name)


def figures(
    run: Run | str, folder: PathLike, *, form: str = "png", runs: PathLike | None = None
) -> tuple[Path, ...]:
    """Write a run's figures into a folder.

    ``confusion``, ``recall`` (by group) and ``calibration`` always; ``curves`` (accuracy and loss
    over the epochs) and ``learning`` (recall of each emotion over the epochs) where the model was
    trained in epochs. :func:`figure` draws one of them without writing it.

    Args:
        run: The run, or its name as for :func:`show`.
        folder: The folder to write to; created if missing.
        form: ``png`` or ``svg``.
        runs: Folder of runs; None uses the setting.

    Returns:
        The files.

    Raises:
        UnknownNameError: No such run or format.
        MissingDependencyError: matplotlib is not installed.
        RunError: The run is not finished, or the files cannot be written.

    Example:
        >>> [path.name for path in serkit.figures("logreg-luna5", "figures", form="svg")]
        ['confusion.svg', 'recall.svg', 'calibration.svg']
    """
    from serkit.reports.figures.draw import save_figures

    found = show(run, runs=runs) if isinstance(run, str) else run
    return save_figures(found, Path(folder), form)

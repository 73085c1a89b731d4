"""Stress tests of trained models: ``stress``, and its picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from serkit.api._settings import PathLike
from serkit.errors import UsageError
from serkit.progress import ProgressCallback
from serkit.settings import resolve

if TYPE_CHECKING:
    from serkit.results.run import Run
    from serkit.results.stress import StressTable
    from serkit.store.store import FeatureStore


def stress(
    run: Run | str,
    *,
    only: Sequence[str] = (),
    clips: int | None = None,
    store: FeatureStore | PathLike | None = None,
    cache: PathLike | None = None,
    runs: PathLike | None = None,
    workers: int | None = None,
    wait: float | None = None,
    progress: ProgressCallback | None = None,
) -> StressTable:
    """Measure a run's accuracy on perturbed test clips.

    Each test clip is perturbed in level, by noise, bands, codecs, rooms and so on, and predicted
    by the model that was not trained on its speaker. Perturbed clips are cached as features are, so
    that a second time is quick. The table is kept beside the run, unless ``clips`` is given.

    Args:
        run: The run, or its name as for :func:`show`.
        only: Names of conditions and of groups of them, such as ``white`` or ``mp3-32``; the
            others' rows stay as they were. None takes all.
        clips: At most so many test clips, evenly over speakers and emotions, for a quick look.
        store: The store that the run's clips are of, or its folder; None uses the setting.
        cache: Folder of the store of perturbed clips; None is the store's name with ``-stress``.
        runs: Folder of runs; None uses the setting.
        workers: Processes; None uses the setting.
        wait: Seconds to wait for another writer of the cache; None uses the setting.
        progress: Called as ``progress(done, total, what)``.

    Returns:
        A row for each condition: UAR, its change, and their intervals over speakers.

    Raises:
        UnknownNameError: No such run or condition.
        UsageError: Too few clips.
        NotFoundError: No such store, or an audio file is not there any more.
        RunError: The run is not finished, has no models, or tested other clips.
        StoreLockedError: Another stress test writes to the cache.

    Example:
        >>> table = serkit.stress("majority-luna5", only=["white-20"], clips=8, workers=1)
        >>> table["white-20"].change
        0.0
    """
    from serkit.experiments.stress.conditions import chosen
    from serkit.experiments.stress.measure import StressPlan, measure_stress
    from serkit.results.finding import find_run
    from serkit.results.stress import read_stress, write_stress
    from serkit.store.store import FeatureStore

    if clips is not None and clips < 1:
        raise UsageError(f"clips = {clips}", allowed="1 or more is allowed")
    conditions = chosen(only)
    given = None if isinstance(store, FeatureStore) else store
    settings = resolve({"store": given, "runs": runs, "workers": workers, "wait": wait})
    found = find_run(Path(settings.runs), run) if isinstance(run, str) else run
    opened = store if isinstance(store, FeatureStore) else FeatureStore(settings.store)
    folder = opened.path.with_name(f"{opened.path.name}-stress") if cache is None else Path(cache)
    plan = StressPlan(
        found, opened, folder, conditions, clips, settings.workers or None, settings.wait
    )
    table = measure_stress(plan, progress=progress)
    if clips is not None:
        return table
    earlier = read_stress(found.path) if only else None
    table = table.merged(earlier) if earlier else table
    write_stress(found.path, table)
    return table


def stress_figure(table: StressTable, path: PathLike) -> Path:
    """Draw a stress table into a file.

    Args:
        table: From :func:`stress`.
        path: Ends with ``.png`` or ``.svg``.

    Returns:
        The file.

    Raises:
        MissingDependencyError: matplotlib is not installed.
        UnknownNameError: It has another extension.
        RunError: It cannot be written.
    """
    from serkit.extras import require
    from serkit.reports.figures.draw import save
    from serkit.reports.figures.stress import stress_figure as draw

    require("matplotlib", extra="figures")
    return save(draw(table), Path(path))

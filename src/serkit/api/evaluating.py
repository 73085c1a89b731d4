"""Asking a finished run's models about another labelled store: ``evaluate``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from serkit.api._settings import PathLike
from serkit.progress import ProgressCallback
from serkit.settings import resolve

if TYPE_CHECKING:
    from serkit.results.run import Run
    from serkit.store.store import FeatureStore


def evaluate(
    run: Run | PathLike,
    *,
    store: FeatureStore | PathLike,
    joined: Mapping[str, str] | None = None,
    fold: str | int | None = None,
    runs: PathLike | None = None,
    progress: ProgressCallback | None = None,
) -> Run:
    """Ask a finished run's models about the clips of another labelled store.

    The answers are a run of their own, which is ranked among evaluations on the same clips and
    stamped with where its models were trained. Labels are joined by name as by :func:`train` with
    ``test_store``; probabilities of labels that the store does not have are left out.

    Args:
        run: The run, or how :func:`show` finds it.
        store: The store or its folder, with the features that the models read.
        joined: Labels that count as another one, beyond synonyms: ``{"calm": "neutral"}``.
        fold: Which model answers: a fold's, ``final``, or ``mean`` of all folds'; None is
            ``final`` where there is one, else ``mean``.
        runs: Folder of runs; None is the setting.
        progress: Called as ``progress(done, total)`` in models.

    Returns:
        The evaluation.

    Raises:
        UnknownNameError: No such run or fold, or the store lacks a feature.
        NotFoundError: No such store.
        UsageError: Models and store share fewer than two labels, or a feature is of another
            recipe than the models were trained on.
        LeakageError: The models were trained on clips or speakers of the store.
        RunError: The run is not finished or damaged, or has no models.

    Example:
        >>> found = serkit.evaluate("logreg-luna5", store="emodb")
        >>> found.record["trained_on"], found.record["clips"]
        ('synthetic (luna5)', 72)
    """
    from serkit.experiments.evaluate import Evaluation
    from serkit.experiments.evaluate import evaluate as ask_models
    from serkit.results.finding import find_run
    from serkit.results.run import Run
    from serkit.store.store import FeatureStore

    folder = Path(resolve({"runs": runs}).runs)
    found = run if isinstance(run, Run) else find_run(folder, str(run))
    opened = store if isinstance(store, FeatureStore) else FeatureStore(store)
    which = None if fold is None else str(fold)
    return ask_models(Evaluation.of(found, opened, joined, which), folder, progress)

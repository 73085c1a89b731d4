"""Many trainings for one answer: ``tune`` parameters, ``curve`` over numbers of speakers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serkit.api._settings import PathLike
from serkit.api.training import train
from serkit.errors import UsageError
from serkit.progress import ProgressCallback

if TYPE_CHECKING:
    from serkit.experiments.progress import Progress
    from serkit.results.curve import Curve
    from serkit.results.tuning import Tuning
    from serkit.store.store import FeatureStore

_IN_TUNE = {"of": "model", "of_preset": "preset", "fixed": "values"}
"""What parameters of the model ``tuned`` are called here."""


def tune(
    model: str | None = None,
    *,
    search: Sequence[str] = (),
    trials: int | None = None,
    inner: int | None = None,
    store: FeatureStore | PathLike | None = None,
    runs: PathLike | None = None,
    protocol: str | None = None,
    preset: str | None = None,
    values: Mapping[str, Any] | None = None,
    seed: int | None = None,
    folds: int | None = None,
    definitions: PathLike | None = None,
    resume: PathLike | None = None,
    prune: bool = True,
    final: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Tuning:
    """Search a model's parameters in each fold, on its training speakers alone, and test the best.

    Each fold has a search of its own on inner folds by speaker, so the run's figures are those of
    speakers that no setting was chosen on. Optuna's TPE sampler proposes settings; the first one is
    the preset's, as far as it lies in the ranges.

    Args:
        model: Its name; omit it with ``resume``.
        search: What to search: ``"C"`` in its declared range, ``"C=0.1:10"`` or
            ``"units=32,32|64,64"``; by default all parameters that declare a range.
        trials: Settings to try in each fold; None is 30.
        inner: Inner folds by speaker that a setting is judged on; None is 4. 1 judges on the fold's
            validation speakers, which takes a quarter of the time.
        store: The store or its folder; None uses the setting.
        runs: Folder to store the run in; None uses the setting.
        protocol: The protocol's name; None uses the setting, else the corpus's default.
        preset: The preset to start from; None is ``best``.
        values: Parameters that are set and not searched, as ``--set``.
        seed: Random seed; None uses the setting.
        folds: Search and train only this many folds.
        definitions: Folder with the project's recipes; None uses the setting.
        resume: An interrupted or killed run, see :func:`train`. No setting is tried again.
        prune: Whether to give up settings that are below the median of those before.
        final: Whether to search once more on all speakers, for a model to be used on new audio.
        progress: Called with a :class:`Progress` after each step.

    Returns:
        The run, and each fold's settings.

    Raises:
        UnknownNameError: No such model, protocol, preset or parameter.
        UsageError: A range cannot be read or is not allowed, nothing can be searched, or a setting
            is given beside ``resume``.
        TrainingError: No setting could be fitted, or there are too few speakers.
        MissingDependencyError: Optuna is not installed.
        TrainingInterrupted: It was interrupted (Ctrl-C) and can be resumed.

    Example:
        >>> found = serkit.tune("logreg", search=["C=0.1:1"], trials=1, inner=2, protocol="luna5")
        >>> list(found.folds[0].values), len(found.folds[0].trials)
        (['C'], 1)
    """
    from serkit.results.tuning import Tuning

    if model is None and resume is None:
        raise UsageError("no model is named", hint="see 'serkit models', or resume a run")
    fixed = ";".join(f"{key}={value}" for key, value in (values or {}).items())
    given: dict[str, Any] = {
        "of": model,
        "of_preset": preset,
        "fixed": fixed or None,
        "search": ";".join(search) or None,
        "trials": trials,
        "inner": inner,
        "prune": None if prune else False,
    }
    given = {key: value for key, value in given.items() if value is not None}
    if resume is not None and given:
        raise UsageError(
            f"{', '.join(_IN_TUNE.get(key, key) for key in given)} cannot be combined with resume: "
            "a search keeps its settings",
            hint="leave that out, or search anew",
        )
    run = train(
        "tuned",
        store=store,
        runs=runs,
        protocol=protocol,
        values=given,
        seed=seed,
        folds=folds,
        definitions=definitions,
        resume=resume,
        final=final,
        progress=progress,
    )
    return Tuning.of(run)


def curve(
    model: str,
    *,
    speakers: Sequence[int] = (),
    store: FeatureStore | PathLike | None = None,
    protocol: str | None = None,
    preset: str | None = None,
    values: Mapping[str, Any] | None = None,
    seed: int | None = None,
    definitions: PathLike | None = None,
    out: PathLike | None = None,
    progress: ProgressCallback | None = None,
) -> Curve:
    """Measure a model's UAR as a function of the number of training speakers.

    Args:
        model: Its name.
        speakers: Numbers of training speakers, not counting validation speakers; by default a
            quarter, a half, three quarters and all.
        store: The store or its folder; None uses the setting.
        protocol: The protocol's name; None uses the setting, else the corpus's default.
        preset: The preset's name; None uses the setting.
        values: Parameters that differ from the preset, as ``--set``.
        seed: Random seed, also for the order of speakers; None uses the setting.
        definitions: Folder with the project's recipes; None uses the setting.
        out: Folder to write ``curve.json`` and ``curve.png`` to; None writes nothing.
        progress: Called as ``progress(done, total)`` in models.

    Returns:
        The points, and the expected gain from ten more speakers.

    Raises:
        UnknownNameError: No such model, protocol, preset or parameter.
        UsageError: Fewer than two numbers of speakers, or the model is an ensemble.
        NotFoundError: No such store.
        MissingDependencyError: ``out`` is given and matplotlib is not installed.
        ReportError: The files cannot be written.

    Example:
        >>> curve = serkit.curve("majority", speakers=[1, 2], protocol="luna5")
        >>> [round(point.uar, 3) for point in curve.points]
        [0.125, 0.125]
    """
    from serkit.experiments.curve import measure_curve
    from serkit.experiments.request import Request, resolve_plan
    from serkit.extras import require
    from serkit.models import TRAINERS
    from serkit.reports.files import make_folder

    if TRAINERS.get(model).combines_runs:
        raise UsageError(
            f"{model} combines finished runs and is not trained itself",
            hint="draw the curves of its members",
        )
    if out is not None:  # before training, not after
        require("matplotlib", extra="figures")
        make_folder(Path(out))
    request = Request(
        model=model,
        store=store,
        protocol=protocol,
        preset=preset,
        values=values,
        seed=seed,
        definitions=definitions,
    )
    plan = resolve_plan(request)
    found = measure_curve(plan, speakers, progress=progress)
    if out is not None:
        from serkit.reports.figures.curve import write_curve

        write_curve(found, Path(out))
    return found

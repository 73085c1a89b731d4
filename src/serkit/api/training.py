"""Training: ``train``, ``extract_for`` a model, ``fit`` on all speakers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serkit.api._settings import PathLike
from serkit.errors import UsageError
from serkit.progress import ProgressCallback
from serkit.settings import resolve

if TYPE_CHECKING:
    from serkit.experiments.plan import Plan
    from serkit.experiments.progress import Progress
    from serkit.experiments.sides import Fit
    from serkit.extraction.extract import ExtractReport
    from serkit.results.run import Run
    from serkit.store.store import FeatureStore


def train(
    model: str | object | None = None,
    *,
    features: str | Sequence[str] | None = None,
    store: FeatureStore | PathLike | Sequence[FeatureStore | PathLike] | None = None,
    test_store: FeatureStore | PathLike | None = None,
    joined: Mapping[str, str] | None = None,
    runs: PathLike | None = None,
    protocol: str | None = None,
    preset: str | None = None,
    values: Mapping[str, Any] | None = None,
    members: str | Run | Sequence[str | Run] | None = None,
    teachers: str | Run | Sequence[str | Run] | None = None,
    seed: int | None = None,
    folds: int | None = None,
    definitions: PathLike | None = None,
    resume: PathLike | None = None,
    tensorboard: PathLike | None = None,
    mlflow: str | None = None,
    final: bool = False,
    engine: str = "local",
    scheduler: str | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Run:
    """Train and test a model by a protocol, or resume one that was interrupted.

    An ensemble is not trained: it combines finished runs on the same folds, its ``members``, and
    averages their models' predictions in each fold, or weights them (``values={"how":
    "stacking"}``).

    A scikit-learn estimator or pipeline is cloned and fitted in each fold. Every ``random_state``
    that is None gets the seed, and a search inside it (``GridSearchCV``) chooses on inner folds by
    speaker. skops saves it if it can; otherwise a note on the run says that the model was not
    saved.

    Args:
        model: Its name, or a scikit-learn estimator; omit it with ``resume``.
        features: Features to train on, as a list or separated by commas; None uses the preset's.
        store: The store or its folder; None uses the setting, or the run's own when resuming.
            Several are read as one: their labels are joined by name (``fear``, ``fearful`` and
            ``anxiety`` are one), clips of labels that they do not share are left out, and without
            ``protocol`` each corpus is tested in turn (``leave-one-corpus-out``).
        test_store: The store to test on, of another corpus: a model is trained on all clips of
            ``store`` and tested on all of this one.
        joined: Labels that count as another one where stores are joined, beyond synonyms:
            ``{"calm": "neutral"}``.
        runs: Folder to store the run in; None uses the setting.
        protocol: The protocol's name; None uses the setting, else the corpus's default.
        preset: The preset's name; None uses the setting.
        values: Parameters that differ from the preset, as ``--set``.
        members: Finished runs that an ensemble combines: runs or their names, as a list or
            separated by commas.
        teachers: Finished runs, named likewise, that a net learns from as well
            (distillation): in each fold, models like theirs are fitted on inner folds of its
            training clips, and label these with probabilities.
        seed: Random seed; None uses the setting.
        folds: Train only this many folds, for a quick look; None trains all.
        definitions: Folder with the project's recipes; None uses the setting.
        resume: An interrupted or killed run: its name, the beginning of it, its path, or ``last``.
            It resumes with its original settings; the result is identical.
        tensorboard: Folder to log each epoch to, for TensorBoard.
        mlflow: Folder or address of a server to log each epoch to, for MLflow.
        final: Whether to fit a model on all speakers when the run is finished; see :func:`fit`.
        engine: Who fits the folds: ``local`` one after another, or the workers of ``dask`` side by
            side. They need the store and the folder of runs under the same path.
        scheduler: Address of a dask scheduler that runs already, such as
            ``tcp://10.0.0.1:8786``; None starts a cluster of processes on this machine.
        progress: Called with a :class:`Progress` after each step.

    Returns:
        The finished run: ``run.uar``, ``run.predictions``, ``run.record``. Under
        torchrun every process returns the same run; the first one stores it.

    Raises:
        UnknownNameError: No such model, protocol, preset, parameter or run.
        UsageError: Neither a model nor a run is named, a setting of the run is given beside
            ``resume``, teachers do not belong together or the model learns from labels alone,
            two stores share too few labels or differ in a feature's recipe, the model
            is not trained in epochs and is to be logged, torchrun started several processes for a
            model that trains in one, or no scheduler answers.
        NotFoundError: No such store.
        IncompleteFeatureError: A feature is missing or stale for some clips.
        LeakageError: The split leaks, or a teacher was fitted on other folds.
        RunError: The run to resume is finished, in the hands of another process, damaged, or
            was begun on something else than what is there now.
        EngineError: Workers died or are gone; folds that are done stay.
        TrainingInterrupted: Training was interrupted (Ctrl-C) and can be resumed.

    Example:
        >>> run = serkit.train("majority", protocol="luna5", runs="trials")
        >>> round(run.uar, 3), len(run.predictions)
        (0.125, 96)
    """
    from serkit.compute.engine import LOCAL, open_engine
    from serkit.encoders.machine import process_count
    from serkit.experiments import distributed as team
    from serkit.experiments.execute import execute
    from serkit.experiments.request import Request, resolve_plan, resume_plan
    from serkit.models import Tracking

    if team.helps():
        return team.assist()
    if features is not None:
        names = features if isinstance(features, str) else ",".join(features)
        values = {**(values or {}), "features": names}
    for key, named in (("members", members), ("teachers", teachers)):
        if named is not None:
            values = {**(values or {}), key: _names_of(named)}
    request = Request(
        model=model,
        store=store,
        test_store=test_store,
        joined=joined or {},
        runs=runs,
        protocol=protocol,
        preset=preset,
        values=values,
        seed=seed,
        folds=folds,
        definitions=definitions,
    )
    folder = None
    if resume is None:
        plan = resolve_plan(request)
    else:
        folder, plan = resume_plan(request, resume)
    tracking = Tracking(None if tensorboard is None else Path(tensorboard), mlflow)

    if engine != LOCAL and process_count() > 1:
        raise UsageError(
            f"engine {engine} under torchrun: both would share out the work",
            hint="leave one of them out",
        )

    with open_engine(engine, scheduler=scheduler) as opened:
        workers = opened if opened.remote else None

        def work(fit: Fit) -> Run:
            callbacks = [progress] if progress else []
            return execute(
                plan, *callbacks, tracking=tracking, resumed=folder, fit=fit, engine=workers
            )

        run = team.lead(plan.trainer, work)
    return _with_final(plan, run, progress) if final else run


def _names_of(runs: str | Run | Sequence[str | Run]) -> str:
    """Return runs as the parameters that name runs hold them."""
    each = [runs] if isinstance(runs, str) or not isinstance(runs, Sequence) else runs
    return ",".join(one if isinstance(one, str) else one.name for one in each)


def extract_for(
    model: str,
    source: PathLike,
    *,
    preset: str | None = None,
    values: Mapping[str, Any] | None = None,
    store: PathLike | None = None,
    runs: PathLike | None = None,
    workers: int | None = None,
    definitions: PathLike | None = None,
    progress: ProgressCallback | None = None,
    say: Callable[[str], None] | None = None,
) -> ExtractReport:
    """Extract what a model reads, copies of training clips in other voices included.

    For a net with teachers (``values={"teachers": ...}``) that is what they read, too.
    Computes only what is missing or stale.

    Args:
        model: Its name.
        source: The folder of audio.
        preset: The preset's name; None uses the setting.
        values: Parameters that differ from the preset, as ``--set``.
        store: The store's folder; None uses the setting.
        runs: The folder of runs that teachers are in; None uses the setting.
        workers: Processes; None uses the setting.
        definitions: Folder with the project's recipes; None uses the setting.
        progress: Called as ``progress(done, total, what)``, in clips.
        say: Called with each message that the user should see immediately.

    Returns:
        What was computed, and which clips failed.

    Raises:
        UnknownNameError: No such model, preset, parameter, feature or teacher.
        UsageError: The model combines finished runs, or its teachers do not belong together.
        NotFoundError: No such folder.
        CorpusError: It has no clips, or they belong to another corpus than the store's.

    Example:
        >>> report = serkit.extract_for("svm", "data/speech", workers=1)
        >>> report.computed, report.reused
        (0, 96)
    """
    from serkit.api.features import extract
    from serkit.experiments.teachers import find_teachers, read_by
    from serkit.features.voices import copy_name
    from serkit.models import TRAINERS

    trainer = TRAINERS.get(model)
    if trainer.combines_runs:
        raise UsageError(
            f"{model} combines finished runs and reads what they read",
            hint="extract for its members",
        )
    settled = trainer.settle(resolve({"preset": preset}).preset, values or {})
    read = trainer.features(settled)
    copies = [copy_name(name, voice) for voice in trainer.voices(settled) for name in read]
    theirs = read_by(find_teachers(settled, Path(resolve({"runs": runs}).runs)))
    # A model that reads nothing needs the clips all the same.
    return extract(
        source,
        store=store,
        features=list(dict.fromkeys([*read, *copies, *theirs])) or None,
        workers=workers,
        definitions=definitions,
        progress=progress,
        say=say,
    )


def fit(
    run: Run | PathLike,
    *,
    store: FeatureStore | PathLike | None = None,
    runs: PathLike | None = None,
    definitions: PathLike | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Run:
    """Refit the model of a finished run on all speakers, for use on new audio.

    ``predict`` prefers it to the mean of the folds' models. It has no score of its own because no
    speakers are left to test it on: expect the accuracy that the run measured.

    Args:
        run: The run, or how :func:`serkit.show` finds it.
        store: The store or its folder; None uses the one that the run was trained on.
        runs: Folder of runs; None uses the setting.
        definitions: Folder with the project's recipes; None uses the run's.
        progress: Called with a :class:`serkit.Progress`.

    Returns:
        The run; its ``final`` is the model's folder.

    Raises:
        UnknownNameError: No such run.
        RunError: It already has a final model, is an ensemble, or the store is no longer what it
            was trained on.
        TrainingError: The model could not be fitted.

    Example:
        >>> serkit.fit("majority-luna5", store="features/store").final.name
        'final'
    """
    from serkit.experiments.request import plan_of_run
    from serkit.results.finding import find_run
    from serkit.results.run import Run

    found = run if isinstance(run, Run) else find_run(Path(resolve({"runs": runs}).runs), str(run))
    plan = plan_of_run(found, store, definitions)
    return _with_final(plan, found, progress)


def _with_final(plan: Plan, run: Run, progress: Callable[[Progress], None] | None) -> Run:
    from serkit.experiments.final import fit_final

    return fit_final(plan, run, progress or (lambda _progress: None))


def assist() -> bool:
    """Work as a helper process if torchrun started this process as one.

    Returns:
        False at once in every other process; True when the helper's work is done.
    """
    from serkit.experiments import distributed

    if not distributed.helps():
        return False
    distributed.assist()
    return True


def process_count() -> int:
    """Return how many processes torchrun started to train together; 1 without it."""
    from serkit.encoders.machine import process_count as count

    return count()

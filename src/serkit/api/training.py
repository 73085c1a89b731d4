"""Training a model into a run: ``train``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serkit.api._settings import PathLike, recipes
from serkit.errors import IncompleteFeatureError, MissingDependencyError, NotFoundError, UsageError
from serkit.settings import resolve

if TYPE_CHECKING:
    from serkit.experiments.plan import Plan
    from serkit.experiments.progress import Progress
    from serkit.experiments.sides import Fit
    from serkit.features import Recipes
    from serkit.results.run import Run
    from serkit.store.store import FeatureStore


def train(
    model: str | None = None,
    *,
    store: FeatureStore | PathLike | None = None,
    runs: PathLike | None = None,
    protocol: str | None = None,
    preset: str | None = None,
    values: Mapping[str, Any] | None = None,
    seed: int | None = None,
    folds: int | None = None,
    definitions: PathLike | None = None,
    resume: PathLike | None = None,
    tensorboard: PathLike | None = None,
    mlflow: str | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Run:
    """Train and test a model by a protocol, or resume one that was interrupted.

    An ensemble is not trained but made of finished runs on the same folds, named by its parameter
    ``members``: their models of each fold answer together.

    Args:
        model: Its name; may be left out with ``resume``.
        store: The store or its folder; None is the setting, or what the run was begun with.
        runs: Folder that the run is kept in; None is the setting.
        protocol: The protocol's name; None is the setting, and without one the corpus's own.
        preset: The preset's name; None is the setting.
        values: Parameters that differ from the preset, as ``--set``.
        seed: Of all random numbers; None is the setting.
        folds: Only the first so many folds, for a quick look; None is all.
        definitions: Folder of the project's own recipes; None is the setting.
        resume: A run that was interrupted or killed, by its name, the beginning of it, its path,
            or ``last``: it resumes with the settings it was started with; the result is identical.
        tensorboard: Folder to log each epoch to, for TensorBoard.
        mlflow: Folder or address of a server to log each epoch to, for MLflow.
        progress: Called with a :class:`Progress` after each step.

    Returns:
        The finished run: ``run.uar``, ``run.predictions``, ``run.record``. Every process of a
        torchrun gets the same; the first keeps the run, and the others help it to fit.

    Raises:
        UnknownNameError: No such model, protocol, preset, parameter or run.
        UsageError: Neither a model nor a run is named, a setting of the run is given beside
            ``resume``, the model is not trained in epochs and is to be logged, or torchrun
            started several processes for a model that trains in one.
        NotFoundError: No such store.
        IncompleteFeatureError: A feature is missing or stale for some clips.
        LeakageError: The split leaks.
        RunError: The run to resume is finished, in the hands of another process, damaged, or
            was begun on something else than what is there now.
        TrainingInterrupted: It was interrupted (Ctrl-C); it can be resumed.
    """
    from serkit.experiments import distributed as team
    from serkit.experiments.execute import execute
    from serkit.models import Tracking

    if team.helps():
        return team.assist()
    fixed = {"protocol": protocol, "preset": preset, "values": values, "seed": seed, "folds": folds}
    folder = None
    if resume is None:
        if model is None:
            raise UsageError("no model is named", hint="see 'serkit models', or resume a run")
        plan = _new_plan(model, store, runs, definitions, fixed)
    else:
        folder, plan = _resumed_plan(model, store, runs, definitions, resume, fixed)
    tracking = Tracking(None if tensorboard is None else Path(tensorboard), mlflow)

    def work(fit: Fit) -> Run:
        told = [progress] if progress else []
        return execute(plan, *told, tracking=tracking, resumed=folder, fit=fit)

    return team.lead(plan.trainer, work)


def assist() -> bool:
    """Serve as a helper where torchrun started this process as one.

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


def _new_plan(
    model: str,
    store: FeatureStore | PathLike | None,
    runs: PathLike | None,
    definitions: PathLike | None,
    given: Mapping[str, Any],
) -> Plan:
    """Resolve a plan from the arguments, the settings and the defaults."""
    from serkit.evaluation.splits import PROTOCOLS
    from serkit.experiments.members import completed, find_members
    from serkit.experiments.plan import Plan
    from serkit.models import TRAINERS
    from serkit.store.store import FeatureStore

    settings = resolve(
        {
            "store": store.path if isinstance(store, FeatureStore) else store,
            "runs": runs,
            "protocol": given["protocol"],
            "preset": given["preset"],
            "seed": given["seed"],
            "definitions": definitions,
        }
    )
    trainer = TRAINERS.get(model)
    settled = trainer.settle(settings.preset, given["values"] or {})
    members: tuple[Run, ...] = ()
    wanted = settings.protocol
    if trainer.combines_runs:
        members = find_members(settled, Path(settings.runs))
        settled = completed(settled, members, trainer)
        wanted = wanted or str(members[0].record["protocol"])
    named = PROTOCOLS.get(wanted) if wanted else None
    opened = store if isinstance(store, FeatureStore) else FeatureStore(settings.store)
    plan = Plan(
        trainer=trainer,
        store=opened,
        protocol=named or PROTOCOLS.get(_own_protocol(opened)),
        preset=settings.preset,
        values=settled,
        seed=settings.seed,
        runs=Path(settings.runs),
        settings=asdict(settings),
        folds=given["folds"],
        members=members,
    )
    for feature in (*plan.features, *plan.copies):
        _refuse_stale_recipe(opened, recipes(settings), feature)
    return plan


def _resumed_plan(
    model: str | None,
    store: FeatureStore | PathLike | None,
    runs: PathLike | None,
    definitions: PathLike | None,
    resume: PathLike,
    given: Mapping[str, Any],
) -> tuple[Path, Plan]:
    """Find a run that is not finished, and resolve what it was begun with.

    Returns:
        Its folder, and the plan.
    """
    from serkit.experiments.resume import find_unfinished, read_config

    others = {key: value for key, value in given.items() if key != "values"}
    others |= given["values"] or {}
    if refused := [name for name, value in others.items() if value is not None]:
        raise UsageError(
            f"{', '.join(refused)} beside resume: a run keeps its settings",
            hint="leave that out, or train a new run",
        )
    folder = find_unfinished(Path(resolve({"runs": runs}).runs), str(resume))
    config = read_config(folder)
    if model is not None and model.replace("_", "-") != config["model"]:
        raise UsageError(
            f"the run {folder.name} is of {config['model']}, not of {model}",
            hint="leave the model out",
        )
    begun = config["settings"]
    plan = _new_plan(
        config["model"],
        begun["store"] if store is None else store,
        begun["runs"],
        begun["definitions"] if definitions is None else definitions,
        {key: config[key] for key in given},
    )
    return folder, replace(plan, settings=begun)


def _own_protocol(store: FeatureStore) -> str:
    """Return the protocol that published work on a store's corpus uses."""
    from serkit.ingest.corpus import CORPORA

    corpora = {clip.corpus for clip in store.state.clips.values()}
    known = corpora & set(CORPORA.names())  # clips without labels are of none
    return (
        CORPORA.get(known.pop()).default_protocol if len(corpora) == len(known) == 1 else "speaker5"
    )


def _refuse_stale_recipe(store: FeatureStore, known: Recipes, feature: str) -> None:
    """Refuse values of an older recipe: what a run says it read must be what the recipe says."""
    from serkit.features import stored_name

    is_told = ":" in feature
    if stored_name(feature) not in store.features or not (is_told or feature in known.names()):
        return
    try:
        spec = known.get(feature)
    except (NotFoundError, MissingDependencyError):
        if not is_told:
            raise
        return  # the checkpoint is elsewhere; what it said is in the store
    stored = store.spec(feature)
    if stored.fingerprint != spec.fingerprint:
        changes = ", ".join(stored.differences(spec))
        raise IncompleteFeatureError(
            f"{feature} in {store.path} is of another recipe ({changes})",
            hint=f"run 'serkit extract SRC --features {feature}' to compute it again",
        )

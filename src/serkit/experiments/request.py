"""From what a caller asks for to a plan: settings, defaults, the corpus's own protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from serkit.errors import IncompleteFeatureError, MissingDependencyError, NotFoundError, UsageError
from serkit.evaluation.splits import PROTOCOLS
from serkit.experiments.members import completed, find_members
from serkit.experiments.plan import Plan
from serkit.experiments.resume import find_unfinished, read_config
from serkit.features import Recipes, stored_name
from serkit.ingest.corpus import CORPORA
from serkit.models import TRAINERS, Trainer
from serkit.results.run import Run
from serkit.settings import resolve
from serkit.store.store import FeatureStore


@dataclass(frozen=True)
class Request:
    """What a caller asks for; None leaves a value to the settings and their defaults.

    Attributes:
        model: A model's name, or a scikit-learn estimator; None where a run is resumed.
        store: The store or its folder.
        runs: Folder of runs.
        protocol: The protocol's name; without a setting the corpus's own.
        preset: The preset's name.
        values: Parameters that differ from the preset.
        seed: Of all random numbers.
        folds: Only the first so many folds; None is all.
        definitions: Folder of the project's own recipes.
    """

    model: object | None
    store: FeatureStore | str | Path | None = None
    runs: str | Path | None = None
    protocol: str | None = None
    preset: str | None = None
    values: Mapping[str, Any] | None = None
    seed: int | None = None
    folds: int | None = None
    definitions: str | Path | None = None


def resolve_plan(request: Request) -> Plan:
    """Resolve a request into a plan.

    Raises:
        UnknownNameError: No such model, protocol, preset or parameter.
        UsageError: No model is named, or what is named is neither a name nor an estimator.
        NotFoundError: No such store.
        IncompleteFeatureError: A feature in the store is of an older recipe.
    """
    if request.model is None:
        raise UsageError("no model is named", hint="see 'serkit models', or resume a run")
    trainer, values = _trainer_of(request)
    store = request.store
    settings = resolve(
        {
            "store": store.path if isinstance(store, FeatureStore) else store,
            "runs": request.runs,
            "protocol": request.protocol,
            "preset": request.preset if isinstance(request.model, str) else "best",
            "seed": request.seed,
            "definitions": request.definitions,
        }
    )
    settled = trainer.settle(settings.preset, values)
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
        folds=request.folds,
        members=members,
    )
    recipes = Recipes(Path(settings.definitions))
    for feature in (*plan.features, *plan.copies):
        _refuse_stale_recipe(opened, recipes, feature)
    return plan


def resume_plan(request: Request, run: str | Path) -> tuple[Path, Plan]:
    """Find an unfinished run, and resolve the plan that it was started with.

    Args:
        request: Only ``model`` (to be checked), ``store``, ``runs`` and ``definitions`` may be
            given; all else is the run's.
        run: The run, by its name, the beginning of it, its path, or ``last``.

    Returns:
        Its folder, and the plan.

    Raises:
        UsageError: A setting of the run is given, or another model.
    """
    kept = {
        "protocol": request.protocol,
        "preset": request.preset,
        "seed": request.seed,
        "folds": request.folds,
        **(request.values or {}),
    }
    if refused := [name for name, value in kept.items() if value is not None]:
        raise UsageError(
            f"{', '.join(refused)} beside resume: a run keeps its settings",
            hint="leave that out, or train a new run",
        )
    folder = find_unfinished(Path(resolve({"runs": request.runs}).runs), str(run))
    config = read_config(folder)
    _refuse_other_model(request.model, folder, config)
    begun = config["settings"]
    definitions = begun["definitions"] if request.definitions is None else request.definitions
    plan = resolve_plan(
        Request(
            model=config["model"],
            store=begun["store"] if request.store is None else request.store,
            runs=begun["runs"],
            protocol=config["protocol"],
            preset=config["preset"],
            values=config["values"],
            seed=config["seed"],
            folds=config["folds"],
            definitions=definitions,
        )
    )
    return folder, replace(plan, settings=begun)


def plan_of_run(
    run: Run,
    store: FeatureStore | str | Path | None = None,
    definitions: str | Path | None = None,
) -> Plan:
    """Resolve the plan of a finished run anew.

    Args:
        run: The run.
        store: The store or its folder; None is the one that the run was trained on.
        definitions: Folder of recipes; None is as the run had it.
    """
    record, begun = run.record, run.record.get("settings", {})
    return resolve_plan(
        Request(
            model=run.model,
            store=begun.get("store") if store is None else store,
            runs=begun.get("runs"),
            protocol=record["protocol"],
            preset=record["preset"],
            values=record["values"],
            seed=record["seed"],
            definitions=begun.get("definitions") if definitions is None else definitions,
        )
    )


def _trainer_of(request: Request) -> tuple[Trainer, dict[str, Any]]:
    """Return the trainer of a name or of an estimator, and the values given for it."""
    values = dict(request.values or {})
    if isinstance(request.model, str):
        return TRAINERS.get(request.model), values
    from serkit.models.classical.estimator import check_estimator, description, fit

    check_estimator(request.model)
    trainer = replace(TRAINERS.get("estimator"), fit=partial(fit, request.model))
    return trainer, {**values, "estimator": description(request.model)}


def _refuse_other_model(model: object | None, folder: Path, config: Mapping[str, Any]) -> None:
    if model is None:
        return
    if not isinstance(model, str):
        raise UsageError(
            "an estimator beside resume: the estimator that a run was started with is not kept",
            hint="train it again",
        )
    if model.replace("_", "-") != config["model"]:
        raise UsageError(
            f"the run {folder.name} is of {config['model']}, not of {model}",
            hint="leave the model out",
        )


def _own_protocol(store: FeatureStore) -> str:
    """Return the protocol that published work on a store's corpus uses."""
    corpora = {clip.corpus for clip in store.state.clips.values()}
    known = corpora & set(CORPORA.names())  # clips without labels are of none
    if len(corpora) == len(known) == 1:
        return CORPORA.get(known.pop()).default_protocol
    return "speaker5"


def _refuse_stale_recipe(store: FeatureStore, known: Recipes, feature: str) -> None:
    """Refuse values of an older recipe: what a run says it read must be what the recipe says."""
    of_checkpoint = ":" in feature
    if stored_name(feature) not in store.features:
        return
    if not of_checkpoint and feature not in known.names():
        return
    try:
        spec = known.get(feature)
    except (NotFoundError, MissingDependencyError):
        if not of_checkpoint:
            raise
        return  # the checkpoint is elsewhere; what it said is in the store
    stored = store.spec(feature)
    if stored.fingerprint != spec.fingerprint:
        changes = ", ".join(stored.differences(spec))
        raise IncompleteFeatureError(
            f"{feature} in {store.path} is of another recipe ({changes})",
            hint=f"run 'serkit extract SRC --features {feature}' to compute it again",
        )
